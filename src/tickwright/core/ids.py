"""Ids are a function of what they name, so that a replay yields the same ones."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def stable_id(text: str, bits: int = 63) -> int:
    """A positive integer of at most `bits` bits that depends on the text alone (BLAKE2b)."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> (64 - bits)


def fingerprint(value: Any) -> str:
    """Sixteen hex digits of the canonical JSON of a value: dictionaries in key order, no spaces."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()
