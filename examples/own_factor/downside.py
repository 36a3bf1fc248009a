"""Downside beta: the slope through the origin of asset on market, over bars on which the market fell."""

from dataclasses import dataclass

from tickwright.core.kernel import inline
from tickwright.core.layout import I8
from tickwright.factors.factor import Factor
from tickwright.factors.records import Sample
from tickwright.factors.registry import register


@dataclass(frozen=True, slots=True)
class DownsideConfig:
    """Slots of the window, and falls of the market that it must hold."""

    window: I8
    least: I8


@inline(borrow=True)
def update(config, state, ring, x, out):
    """Keep two products of this bar; the sums run from this bar back, so that they never depend on the start."""
    at = 2 * (x.slot % config.window)
    fell = x.asset.status == 1 and x.market.status == 1 and x.market.value < 0.0
    ring[at] = x.asset.value * x.market.value if fell else 0.0
    ring[at + 1] = x.market.value**2 if fell else 0.0
    xy, xx = 0.0, 0.0
    for age in range(config.window):
        k = 2 * ((x.slot - age) % config.window)
        xy, xx, out.n_obs = xy + ring[k], xx + ring[k + 1], out.n_obs + (ring[k + 1] > 0.0)
    out.n_missing, out.status = config.window - out.n_obs, 2  # too few, unless there are enough
    if out.n_obs >= config.least:
        out.status, out.value, out.absent = 1, xy / xx, 6  # neither a standard error nor an R²


PORTS, SIZES = {"asset": Sample, "market": Sample}, (lambda c: c.window, lambda c: 2 * c.window)
FACTOR = Factor("my.downside", 1, update, DownsideConfig, PORTS, SIZES[0], ring=SIZES[1], family="downside")
register(FACTOR, __name__)
