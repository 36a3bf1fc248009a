"""Where rows come from: a name to show, and a hash of the content by which it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of rows: a name to show, a kind (`lobster`, `dbn`, `generated`), hash and size of the content."""

    name: str
    kind: str
    digest: str
    bytes: int = 0
    labels: str = ""
    """JSON: what made rows came from, as a model with its parameters; not part of the hash. Empty for what was read."""


def file_source(kind: str, path: Path, members: Iterable[Path]) -> Source:
    """The source of a file, or of several under one name: the same wherever they lie, as long as they hold the same."""
    whole = hashlib.sha256(kind.encode())
    size = 0
    for member in members:
        with open(member, "rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
        size += member.stat().st_size
    return Source(path.name, kind, whole.hexdigest()[:32], size)


def made_source(name: str, maker: object, rows: np.ndarray | Iterable[np.ndarray]) -> Source:
    """The source of rows that were made, not read, whole or in chunks; `maker` is what else they depend on, as their
    instrument."""
    whole = hashlib.sha256(f"{name}\n{maker}\n".encode())
    size = 0
    for chunk in [rows] if isinstance(rows, np.ndarray) else rows:
        whole.update(chunk.tobytes())
        size += chunk.nbytes
    return Source(name, "generated", whole.hexdigest()[:32], size)
