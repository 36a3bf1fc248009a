"""A snapshot as bytes: a digest of all that follows, a line of JSON that says whose it is, and the states behind it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from tickwright.core.errors import FileFormatError

_DIGEST = 16
"""Bytes, in front of all others."""


def sealed(head: Mapping[str, Any], body: Iterable[bytes]) -> bytes:
    """The snapshot."""
    content = json.dumps(head).encode() + b"\n" + b"".join(body)
    return _digest(content) + content


def unsealed(snapshot: bytes) -> tuple[dict[str, Any], bytes]:
    """(head, body). Raises FileFormatError for other bytes than were written."""
    if snapshot[:_DIGEST] != _digest(snapshot[_DIGEST:]):
        raise FileFormatError("snapshot", "digest", "other bytes than were written", "that of all bytes after it")
    text, _, body = snapshot[_DIGEST:].partition(b"\n")
    return json.loads(text), body


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
