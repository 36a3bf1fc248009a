"""`EventFeatures`: events of a venue to features, with all that a restart needs: the tape's compiler is within.

1. MARKET_EVENT rows go through the compiler of the tape, and prints are picked out of them.
2. Both go to a `FeatureStream`.
3. A snapshot holds both, and the latest moment: nothing is fed again.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.depth_tape import DepthTapeCompiler
from tickwright.book.packed import pack, unpack
from tickwright.book.quotes import trades_of
from tickwright.book.tape import TapeCompiler
from tickwright.core.units import Nanos
from tickwright.factors.features.book import EARLIEST
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, Told

FORMAT = "tickwright.features.events/1"
_BYTE = np.dtype("u1")


class EventFeatures:
    """Features of one instrument as its events come; arguments as of `FeatureStream`.

    `depth`: the feed gives sizes of levels, not single orders. Orders that are not known are counted, as of a feed that
    is joined in the middle of a day.
    """

    def __init__(
        self, config: FeatureConfig, *, depth: bool = False, midnight: Nanos = 0, begin: Nanos = EARLIEST
    ) -> None:
        self.stream = FeatureStream(config, depth=depth, midnight=midnight, begin=begin)
        self.compiler: TapeCompiler | DepthTapeCompiler = DepthTapeCompiler() if depth else TapeCompiler("count")
        self._latest: Nanos = EARLIEST
        self._fixed = {
            "format": FORMAT, "features": config.written, "bars": config.bars, "price": config.price,
            "session": config.session, "unit": config.unit, "depth": depth, "midnight": midnight, "begin": begin,
        }  # fmt: skip

    def push(self, events: np.ndarray) -> Told:
        """The next MARKET_EVENT rows → what they end. Raises what the compiler and `FeatureStream` do."""
        rows = self.compiler.feed(events)
        prints = trades_of(events, self._latest)
        if len(events):
            self._latest = max(self._latest, int(events["ts_event"].max()))
        return self.stream.push(rows, prints)

    def close(self) -> Told:
        """Nothing more comes."""
        return self.stream.close()

    def snapshot(self) -> bytes:
        """All that another process needs to go on with the next event."""
        parts = [np.frombuffer(part.snapshot(), _BYTE) for part in (self.compiler, self.stream)]
        return pack(self._fixed, {"latest": self._latest}, parts)

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another stream or a damaged one."""
        moving, parts = unpack(snapshot, self._fixed, (_BYTE, _BYTE))
        for mine, part in zip((self.compiler, self.stream), parts, strict=True):
            mine.restore(part.tobytes())
        self._latest = moving["latest"]
