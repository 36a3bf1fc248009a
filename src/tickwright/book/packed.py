"""The bytes of a compiler's state: a digest, a line that says what it is, and its arrays packed."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tickwright.core.errors import FileFormatError

_DIGEST = 16
"""Bytes, in front of all others."""


def pack(fixed: Mapping[str, Any], moving: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> bytes:
    """`fixed` is what must be the same where it is read, `moving` what may differ; whole numbers and texts."""
    head = {"fixed": dict(fixed), "moving": dict(moving), "shapes": [array.shape for array in arrays]}
    body = b"".join(array.tobytes() for array in arrays)
    content = json.dumps(head, sort_keys=True).encode() + b"\n" + zlib.compress(body, 1)
    return _digest(content) + content


def unpack(
    snapshot: bytes, fixed: Mapping[str, Any], kinds: Sequence[np.dtype]
) -> tuple[dict[str, Any], list[np.ndarray]]:
    """`moving`, and arrays of these kinds. Raises FileFormatError for bytes of another thing or damaged ones."""
    content = snapshot[_DIGEST:]
    if snapshot[:_DIGEST] != _digest(content):
        raise FileFormatError("snapshot", "digest", "other bytes than were written", "that of all bytes after it")
    text, _, packed = content.partition(b"\n")
    head = json.loads(text)
    for name, value in fixed.items():
        if head["fixed"].get(name) != value:
            raise FileFormatError("snapshot", name, str(head["fixed"].get(name)), str(value))
    body, at, arrays = zlib.decompress(packed), 0, []
    for shape, kind in zip(head["shapes"], kinds, strict=True):
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(body, kind, count, at).reshape(shape).copy())
        at += arrays[-1].nbytes
    return head["moving"], arrays


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
