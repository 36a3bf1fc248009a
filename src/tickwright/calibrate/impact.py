"""Impact and decay of our own metaorders in a model: the table that a report shows. The model's driver fills it in.

Recorded days cannot hold it (nobody knows who sent which order), so it has no distance; it is read beside the square
root law: a line of slope ½ over participation, and what is left after one more length of the metaorder.
"""

from __future__ import annotations

from dataclasses import dataclass

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
