"""What our own orders meet in a model: impact and decay of metaorders, the table that a report shows, and what a
patient round trip loses. The model's driver fills both in.

Recorded days cannot hold it (nobody knows who sent which order), so it has no distance; it is read beside the square
root law: a line of slope ½ over participation, and what is left after one more length of the metaorder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tickwright.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """One cell: `participation` of all traded volume over `seconds`; moves in ticks in the metaorder's direction, with
    their standard errors over `episodes` seeds."""

    participation: float
    seconds: float
    at_end: float
    at_end_error: float
    after_as_long: float
    """One more length of the metaorder later."""
    after_error: float
    episodes: int


@dataclass(frozen=True, slots=True)
class ImpactTable:
    """Rows by participation and length, and where they come from. Raises ConfigError for rows that cannot be."""

    rows: tuple[ImpactRow, ...]
    source: str

    def __post_init__(self) -> None:
        for row in self.rows:
            if not 0 < row.participation < 1:
                raise ConfigError("participation", row.participation, "a share between 0 and 1")
            if row.seconds <= 0 or row.episodes < 1:
                raise ConfigError("impact row", (row.seconds, row.episodes), "a positive length and episodes")

    def exponent(self, seconds: float) -> float | None:
        """Slope of ln impact over ln participation at one length: least squares; None with fewer than two cells above
        zero."""
        import numpy as np

        cells = [row for row in self.rows if row.seconds == seconds and row.at_end > 0]
        if len({row.participation for row in cells}) < 2:
            return None
        x = np.log([row.participation for row in cells])
        return float(np.polyfit(x, np.log([row.at_end for row in cells]), 1)[0])


@dataclass(frozen=True, slots=True)
class PatientTrip:
    """A small order that a policy buys and sells back, resting for the most part: recorded ticks a lot that it loses,
    without fees and less the news. A market that pays for it teaches to wait. Raises ConfigError."""

    policy: str
    participation: float
    loses: float
    error: float
    books: int

    def __post_init__(self) -> None:
        if not 0 < self.participation < 1 or self.books < 2 or not self.error >= 0:
            raise ConfigError("patient trip", (self.participation, self.books, self.error), "books, and their scatter")

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        return self.loses - 1.96 * self.error, self.loses + 1.96 * self.error

    @property
    def verdict(self) -> Literal["loses", "undecided", "pays"]:
        """As far as this is known for sure."""
        low, high = self.interval
        return "loses" if low > 0 else "pays" if high < 0 else "undecided"

    def words(self) -> str:
        """A sentence or two."""
        low, high = self.interval
        said = (
            f"a round trip of {self.participation:.0%} of the volume by the {self.policy} loses {self.loses:.2f} ticks "
            f"a lot [{low:.2f} to {high:.2f}]"
        )
        if self.verdict == "loses":
            return said
        told = "this market pays who waits" if self.verdict == "pays" else "that this market pays nobody is not shown"
        return f"{said}: {told}. Ask `tickwright gate --policy` before anything is trained or claimed in it"
