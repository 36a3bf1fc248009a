"""`policy.twp`: a trained policy in one file, read without any network library.

| bytes | what |
|---|---|
| 8 | `TWPOLICY` |
| 4 | version, unsigned, little-endian; this is 1 |
| 4 | length of the header |
| 8 | length of the whole file |
| … | header: JSON in UTF-8, keys in order, no spaces |
| … | the arrays that the header lists, one after the other: float32, little-endian, rows first |
| 32 | SHA-256 of all before |

The header: `kind` (`mlp`), `activation` (`tanh`), `arrays` (name and shape each), `observation` and `action` (schema
hash and size), `markets` (hashes of the parameters it was trained in), `episode` (the configuration of its episodes),
`pace` (seconds between two decisions, and of an episode), `metrics`, `manifest`; and where its markets have several
venues or a pool `places` (schema hash, lit venues, and whether there is a pool). No clock and no path is in it: the
same training gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.strategy.learned import tables
from tickwright.strategy.learned.network import Network
from tickwright.strategy.learned.schema import action_schema, observation_schema, places_schema
from tickwright.strategy.learned.venues import MOST, action_count, observed_count

MAGIC = b"TWPOLICY"
VERSION = 1
SHIPPED = Path(__file__).resolve().parent / "shipped"
"""Policies that come with the package, and a card of each."""
NAMES = ("demo",)
_HEAD = struct.Struct("<8sIIQ")
_HASH = 32
_MOST_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class TrainedPolicy:
    """A network, and what is known of its training. Raises ConfigError where the network is not of our schemas."""

    network: Network
    markets: tuple[str, ...]
    """Hashes of the parameters of the markets that it was trained in."""
    step_seconds: float
    """Between two decisions in training, on average."""
    horizon_seconds: float
    """Of an episode."""
    episode: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    venues: int = 1
    """Lit venues of its markets."""
    pool: bool = False
    """Whether they have a dark pool."""

    def __post_init__(self) -> None:
        widths = self.network.widths
        if widths[0] != self.observed or widths[-1] != self.actions:
            raise ConfigError("network", widths.tolist(), f"{self.observed} inputs and {self.actions} outputs")

    @property
    def observed(self) -> int:
        """Numbers of an observation."""
        return observed_count(self.venues, self.pool)

    @property
    def actions(self) -> int:
        """How many there are."""
        return action_count(self.venues, self.pool)

    @property
    def risk_aversion(self) -> float:
        """λ in 1/bps that it goes by where nothing else is said: the middle of the range it was trained with, in
        logarithms, in which they were drawn; 0 without one."""
        low, high = self.episode.get("risk_aversion", (0.0, 0.0))
        return math.sqrt(low * high)

    def to_bytes(self) -> bytes:
        """The content of the file."""
        arrays = self.network.arrays()
        header = {
            "kind": "mlp",
            "activation": "tanh",
            "arrays": [{"name": name, "shape": list(array.shape)} for name, array in arrays.items()],
            "observation": {"schema": observation_schema(), "size": self.observed},
            "action": {"schema": action_schema(), "size": self.actions},
            "markets": list(self.markets),
            "pace": {"step_seconds": self.step_seconds, "horizon_seconds": self.horizon_seconds},
            "episode": self.episode,
            "metrics": self.metrics,
            "manifest": self.manifest,
        }
        if self.venues > 1 or self.pool:
            header["places"] = {"schema": places_schema(), "venues": self.venues, "pool": self.pool}
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        numbers = b"".join(np.ascontiguousarray(array, "<f4").tobytes() for array in arrays.values())
        total = _HEAD.size + len(text) + len(numbers) + _HASH
        body = _HEAD.pack(MAGIC, VERSION, len(text), total) + text + numbers
        return body + hashlib.sha256(body).digest()

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of the content of its file."""
        return self.to_bytes()[-_HASH:].hex()[:16]


def load(path: Path | str) -> TrainedPolicy:
    """A policy from its file, or by one of `NAMES` (a file of that name is `./demo`). Raises FileFormatError, which
    names the file, the place, what was found and expected."""
    return from_bytes(read(path), str(path))


def read(path: Path | str) -> bytes:
    """The content of such a file, or of one of `NAMES`, unjudged. Raises FileFormatError where it cannot be read."""
    try:
        with (SHIPPED / f"{path}.twp" if str(path) in NAMES else Path(path)).open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileFormatError(path, "open", str(error.strerror), "a readable file of a trained policy") from error


def from_bytes(content: bytes, file: str) -> TrainedPolicy:
    """A policy from the content of a file of that name. Raises FileFormatError."""
    header, numbers = _checked(content, file)
    for key, expected in (("kind", "mlp"), ("activation", "tanh")):
        if header.get(key) != expected:
            raise _wrong(file, key, header.get(key), expected)
    venues, pool = _places(header, file)
    for key, schema, size in (
        ("observation", observation_schema(), observed_count(venues, pool)),
        ("action", action_schema(), action_count(venues, pool)),
    ):
        found = header.get(key)
        found = found if isinstance(found, dict) else {}
        if found.get("schema") != schema:
            raise _wrong(file, f"{key}.schema", found.get("schema"), f"{schema}, that of this version of Tickwright")
        if found.get("size") != size:
            raise _wrong(file, f"{key}.size", found.get("size"), str(size))
    arrays = _arrays(header.get("arrays"), numbers, file)
    markets, pace = header.get("markets"), header.get("pace")
    if not isinstance(markets, list) or not all(isinstance(market, str) for market in markets):
        raise _wrong(file, "markets", markets, "a list of hashes")
    for place, told, expected in tables.faults(header):
        raise _wrong(file, place, told, expected)
    pace = pace if isinstance(pace, dict) else {}
    step, horizon = pace.get("step_seconds"), pace.get("horizon_seconds")
    if not all(isinstance(s, float) and 0 < s < 1e9 for s in (step, horizon)):
        raise _wrong(file, "pace", pace, "step_seconds and horizon_seconds, above 0")
    try:
        network = Network(arrays.pop("observation.mean"), arrays.pop("observation.scale"), _layers(arrays))
        said = {name: header[name] for name in tables.NAMES}
        return TrainedPolicy(network, tuple(markets), step, horizon, **said, venues=venues, pool=pool)  # type: ignore[arg-type]
    except (KeyError, ConfigError) as error:
        raise FileFormatError(file, "arrays", str(error), "the normalisation and the layers of a network") from error


def _checked(content: bytes, file: str) -> tuple[dict[str, Any], bytes]:
    """(header, bytes of the arrays) of a file that is whole."""
    if len(content) >= len(MAGIC) and content[: len(MAGIC)] != MAGIC:
        raise FileFormatError(file, "first bytes", repr(content[:8]), f"{MAGIC!r}: a trained policy")
    if len(content) < _HEAD.size:
        raise _cut(file, len(content), f"at least {_HEAD.size}")
    _, version, length, total = _HEAD.unpack_from(content)
    if version != VERSION:
        raise _wrong(file, "version", version, str(VERSION))
    if len(content) != total or total > _MOST_BYTES or _HEAD.size + length + _HASH > total:
        raise _cut(file, len(content), str(total))
    body, digest = content[:-_HASH], content[-_HASH:]
    if hashlib.sha256(body).digest() != digest:
        raise _wrong(file, "hash", hashlib.sha256(body).hexdigest()[:16], f"{digest.hex()[:16]}, that of the file")
    try:
        header = json.loads(body[_HEAD.size : _HEAD.size + length])
    except ValueError as error:
        raise FileFormatError(file, "header", str(error), "JSON in UTF-8") from error
    if not isinstance(header, dict):
        raise _wrong(file, "header", type(header).__name__, "a table")
    return header, body[_HEAD.size + length :]


def _places(header: dict[str, Any], file: str) -> tuple[int, bool]:
    """(lit venues, whether there is a pool) of a policy's markets."""
    if "places" not in header:
        return 1, False
    found = header["places"] if isinstance(header["places"], dict) else {}
    if found.get("schema") != places_schema():
        raise _wrong(
            file, "places.schema", found.get("schema"), f"{places_schema()}, that of this version of Tickwright"
        )
    venues, pool = found.get("venues"), found.get("pool")
    if type(venues) is not int or type(pool) is not bool or not 1 <= venues <= MOST:
        raise _wrong(file, "places", found, f"1 to {MOST} venues, and whether there is a pool")
    return venues, pool


def _arrays(listed: Any, numbers: bytes, file: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    at = 0
    for entry in listed if isinstance(listed, list) else [None]:
        name, shape = (entry.get("name"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(shape, list) or not all(type(n) is int and n > 0 for n in shape):
            raise _wrong(file, "arrays", entry, "names and shapes")
        size = 4 * int(np.prod(shape, dtype=object))
        if at + size > len(numbers):
            raise FileFormatError(file, f"array {name}", f"{len(numbers) - at} bytes", str(size))
        flat = np.frombuffer(numbers, "<f4", size // 4, at)
        bad = np.flatnonzero(~np.isfinite(flat))
        if len(bad):
            raise FileFormatError(file, name, f"{flat[bad[0]]} as number {bad[0] + 1}", "finite numbers")
        found[name] = flat.reshape(shape).astype(np.float32)
        at += size
    if at != len(numbers):
        raise FileFormatError(file, "arrays", f"{len(numbers)} bytes", str(at))
    return found


def _layers(arrays: dict[str, np.ndarray]) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    if set(arrays) != {f"layer{i}.{part}" for i in range(len(arrays) // 2) for part in ("weights", "bias")}:
        raise ConfigError("layers", sorted(arrays), "layer0.weights, layer0.bias, layer1.weights, ...")
    return tuple((arrays[f"layer{i}.weights"], arrays[f"layer{i}.bias"]) for i in range(len(arrays) // 2))


def _wrong(file: str, field_name: str, found: object, expected: str) -> FileFormatError:
    return FileFormatError(file, field_name, repr(found)[:80], expected)


def _cut(file: str, found: int, expected: str) -> FileFormatError:
    return FileFormatError(file, "length", f"{found} bytes", f"{expected}: the file is cut short or was added to")
