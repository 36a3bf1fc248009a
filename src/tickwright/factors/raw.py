"""Rows of a catalog as they were known by a moment: what is made of them again cannot have used any that came later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from tickwright.core.units import Nanos
from tickwright.data.port import Reading
from tickwright.factors.sources.returns import ReturnSource

_Asked = tuple[str, str, Nanos | None, Nanos | None]


@dataclass(frozen=True)
class Raw:
    """Rows of a catalog, each read once. A bar is known when its source in `sources` says, a quote when it came."""

    catalog: Reading
    sources: Sequence[ReturnSource]
    _read: dict[_Asked, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    def all(self) -> Reading:
        """Whatever is read."""
        return self.known_by(None)

    def known_by(self, moment: Nanos | None) -> Reading:
        """The catalog, of which `read` tells the rows that were known by a moment, in the order of the catalog."""
        return cast(Reading, _By(self, moment))

    def rows(self, asked: _Asked) -> tuple[np.ndarray, np.ndarray]:
        """(rows, when each became known)."""
        if asked not in self._read:
            rows = self.catalog.read(*asked)
            self._read[asked] = rows, self._known(asked[0], asked[1], rows)
        return self._read[asked]

    def _known(self, symbol: str, schema: str, rows: np.ndarray) -> np.ndarray:
        if "ts_recv" in (rows.dtype.names or ()):
            return np.asarray(rows["ts_recv"])
        # A benchmark may be an asset too, on another calendar: what either says of its bars is cut again by itself.
        said = [s.prices(rows)["ts_available"] for s in self.sources if (s.symbol, s.stored) == (symbol, schema)]
        assert said, f"{schema} of {symbol} belongs to no source"
        return np.asarray(np.min(said, axis=0))


@dataclass(frozen=True)
class _By:
    """`Reading`, as far as the making of levels and prices goes; all but `read` is the catalog's."""

    raw: Raw
    moment: Nanos | None

    def read(self, symbol: str, schema: str, start_ns: Nanos | None = None, end_ns: Nanos | None = None) -> np.ndarray:
        """As `Reading.read`."""
        rows, known = self.raw.rows((symbol, schema, start_ns, end_ns))
        return rows if self.moment is None else rows[known <= self.moment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw.catalog, name)
