"""Checkpoints: everything that a training needs to go on as if it had never stopped, as plain arrays.

`checkpoints/000001234567.npz` holds the arrays by name and, as `about`, a table in JSON: steps, generator,
configuration. A checkpoint is whole or not there.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.data.store.disk import whole_file

FOLDER = "checkpoints"
_SCHEMA = "tickwright.checkpoint/1"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The arrays of a training and what is known about them (JSON)."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]


def write(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Store a checkpoint by its `steps`; of the older ones the newest stay, `keep` in all. Raises StorageError."""
    path = folder / FOLDER / f"{checkpoint.about['steps']:012d}.npz"
    about = json.dumps({"schema": _SCHEMA, **checkpoint.about}, sort_keys=True)
    with whole_file(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, about=np.array(about), **checkpoint.arrays)  # type: ignore[arg-type]
    for old in stored(folder)[:-keep]:
        old.unlink()
    return path


def stored(folder: Path) -> list[Path]:
    """The checkpoints of a training, the oldest first."""
    return sorted((folder / FOLDER).glob("[0-9]*.npz"))


def newest(folder: Path, configuration: str) -> Checkpoint:
    """The last checkpoint of a training of that configuration. Raises ConfigError, and FileFormatError where it is not
    whole, with the last one that is."""
    found = stored(folder)
    if not found:
        raise ConfigError("--resume", str(folder), "a folder with a checkpoint in it")
    try:
        checkpoint = read(found[-1])
    except FileFormatError as error:
        raise FileFormatError(
            found[-1],
            "content",
            f"a file cut short or damaged ({error.__cause__ or error})",
            f"a whole checkpoint; {_remedy(found)}",
        ) from error
    if checkpoint.about.get("configuration") != configuration:
        raise ConfigError(
            "--resume", f"{found[-1]}, of configuration {checkpoint.about.get('configuration')}",
            f"the configuration that it was begun with; this one is {configuration}",
        )  # fmt: skip
    return checkpoint


def _remedy(found: list[Path]) -> str:
    """What to do where the last of some checkpoints is not whole."""
    for earlier in reversed(found[:-1]):
        try:
            read(earlier)
        except FileFormatError:
            continue
        later = " ".join(str(path) for path in found[found.index(earlier) + 1 :])
        return f"{earlier} is one: rm {later}, and the same tickwright train with --resume goes on from it"
    return "there is no earlier one that is: tickwright train into another folder begins anew"


def read(path: Path) -> Checkpoint:
    """A checkpoint from its file. Raises FileFormatError."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("about")))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(path, "content", str(error), "a whole checkpoint") from error
    if not isinstance(about, dict) or about.get("schema") != _SCHEMA:
        raise FileFormatError(path, "schema", repr(about)[:60], _SCHEMA)
    return Checkpoint(arrays, about)
