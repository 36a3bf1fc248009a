"""When a bar ends: `1s` of the clock, or so many events, prints, lots, or so much money: `volume:5000`.

A bar of the clock is a slot of an absolute `grid.Grid`, told whether anything happened in it or not. The others are
numbered from 0 where the run begins, the open of a session, and stand on the grid of numbered rows: slot k is bar k.
A bar that the end of the data cuts short is none, but of the clock.

| clock | ends |
|---|---|
| `1s`, `5min` | with the slot |
| `events:N` | with the nanosecond of the N-th event of the book since the bar before |
| `ticks:N` | with the N-th print |
| `volume:N` | with the print that makes it N lots or more |
| `dollars:X` | with the print that makes it X of money or more, each print counted in whole ticks × lots |
| `bucket:N` | after exactly N lots: a print that is larger is split |
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite

from tickwright.core.errors import ConfigError
from tickwright.factors.grid import SLOT, Grid

TIME, EVENTS, TICKS, VOLUME, DOLLARS, BUCKET = "time", "events", "ticks", "volume", "dollars", "bucket"
COUNTED = (EVENTS, TICKS, VOLUME, DOLLARS, BUCKET)
_EXPECTED = f"a length as 1s, or {', '.join(f'{kind}:N' for kind in COUNTED)}"


@dataclass(frozen=True)
class Clock:
    """`kind`; `size` of a counted bar: events, prints, lots, or ticks × lots; `grid` that the bars stand on."""

    kind: str
    size: int
    grid: Grid
    text: str

    @classmethod
    def parse(cls, text: str, session: str = "", unit: float = 1.0) -> Clock:
        """`1s`, `volume:5000`. `session`: calendar of the grid; `unit`: money of one tick × lot, for `dollars`.

        Raises ConfigError.
        """
        kind, _, size = text.strip().partition(":")
        if kind not in COUNTED:
            if kind == SLOT or size:
                raise ConfigError("bars", text, _EXPECTED)
            return cls(TIME, 0, Grid.parse(kind, session), text.strip())
        try:
            amount = float(size)
        except ValueError:
            amount = 0.0
        whole = ceil(amount / unit) if kind == DOLLARS and isfinite(amount) and unit > 0.0 else amount
        if not isfinite(amount) or not 1 <= whole < 2**62 or whole != int(whole):
            raise ConfigError("bars", text, f"a whole number from 1 on behind the colon of {kind}")
        return cls(kind, int(whole), Grid(0), text.strip())
