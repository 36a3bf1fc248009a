"""Whether a grid is too fine for how often its series have prices: then returns are of old prices, and beta falls to
nought (Epps, "Comovements in stock prices in the very short run", JASA 1979).

1. A slot of five median gaps of prices that come at random moments is without one once in 2⁵, for half of all gaps are
   longer than the median. Of trades and quotes that many empty slots are so the rule of five median gaps; of prices in
   bursts, whose median gap says little, it is the stricter one.
2. Of bars a slot may be empty because the data lack it. There half of them must be.
3. Counted are the slots between prices of one session: a night is none.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from tickwright.factors.sources.returns import LiveReturns

GAPS_A_BAR = 5
"""A bar is long enough where it holds so many median gaps of the slower series."""
MOST_EMPTY, MOST_EMPTY_OF_BARS = 2.0**-GAPS_A_BAR, 0.5
"""Shares of slots without a price."""
LEAST_SLOTS = 200
"""Slots that tell something of a share."""


class FineGridWarning(UserWarning):
    """A grid is too fine for how often its series tick: what is computed on it is of stale prices."""


def too_fine(configs: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Whether the grid is too fine for each of some series, by how many of their slots are empty."""
    passed, most = states["passed"], np.where(configs["first"] != 0, MOST_EMPTY_OF_BARS, MOST_EMPTY)
    return np.asarray((passed >= LEAST_SLOTS) & (passed - states["filled"] > most * passed))


def watch_for_fine(every: Iterable[LiveReturns], configs: np.ndarray, states: np.ndarray) -> bool:
    """As `warn_of_fine` of a stream, which asks of all its series at once: that they are well costs next to nothing."""
    return bool(too_fine(configs, states).any()) and warn_of_fine(every, stacklevel=3)


def warn_of_fine(every: Iterable[LiveReturns], stacklevel: int = 2) -> bool:
    """Warn with FineGridWarning of the series that has a price most seldom, where that is too seldom; whether it is."""
    shares = [(_empty_share(live), live.source) for live in every if too_fine(live.config, live.state)[0]]
    if not shares:
        return False
    share, source = max(shares, key=lambda pair: pair[0])
    most = MOST_EMPTY_OF_BARS if source.bars else MOST_EMPTY
    others = f", and {len(shares) - 1} other series are like it" if len(shares) > 1 else ""
    warnings.warn(
        f"bars of {source.grid.text} are too short: {source.symbol} has no price in {share:.0%} of them{others}; take "
        f"bars of which at most {most:.0%} are empty, or a beta of ticks",
        FineGridWarning,
        stacklevel=stacklevel + 1,
    )
    return True


def _empty_share(series: LiveReturns) -> float:
    """The share of slots without a price, of those between prices of one session."""
    passed, filled = (int(series.state[name][0]) for name in ("passed", "filled"))
    return (passed - filled) / passed
