"""Test seeds: known by their hash before anything is played with them, and meant to be used once.

1. The seed of a scenario is a function of the benchmark's seed and a name; envelopes and the frontier have their
   headline's, shells one of their own. The list of all of them has a hash. `HASH` is that of the
   default seed: it stands in the source, so nobody has looked for a better one since.
2. `DIR/seeds.json` holds every set of policies that has been tested in the folder, by the hash of the seeds. A
   policy that was changed after its test and comes back is one more set, and the result counts them.
3. No seed of the list is one of those that a policy was trained or validated with, as its manifest names them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tickwright.core.errors import FileFormatError
from tickwright.core.rng import derive
from tickwright.data.store.disk import whole_file

FILE = "seeds.json"
NAMES = ("tight", "tight/unseen", "wide", "wide/unseen")
DEFAULT_SEED = 1
HASH = "55deabe1959751a3418831489194808592369cacd588cd15034430492d4d2210"


def test_seed(seed: int, name: str) -> int:
    """Of the episodes of a scenario."""
    return derive(seed, f"benchmark/test/{name}")


def commitment(seed: int, names: Sequence[str] = NAMES) -> str:
    """SHA-256 of the seeds by name, hexadecimal."""
    listed = {name: test_seed(seed, name) for name in sorted(names)}
    return hashlib.sha256(json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def register(folder: Path, seed: int, digest: str, policies: str) -> dict[str, Any]:
    """Note in the folder that a set of policies, by its fingerprint, is tested with these seeds: what the result says
    of it. Raises StorageError, and FileFormatError for a file that is damaged."""
    file = folder / FILE
    try:
        known = json.loads(file.read_text("utf-8"))["tested"] if file.exists() else {}
        sets = [str(entry) for entry in known.get(digest, [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(file, "content", str(error), "the sets tested so far, by hash of their seeds") from error
    if policies not in sets:
        sets.append(policies)
    with whole_file(file) as draft:
        text = json.dumps({"tested": {**known, digest: sets}}, indent=2, sort_keys=True)
        draft.write_text(text + "\n", "utf-8")
    return {"seed": seed, "hash": digest, "set": sets.index(policies) + 1}


def trained_with(seeds: Sequence[int], manifests: Sequence[dict[str, Any]]) -> bool:
    """Whether one of the seeds is among those that a training's manifest names."""
    used = {value for manifest in manifests for value in dict(manifest.get("seeds", {})).values()}
    return any(seed in used for seed in seeds)
