"""Queue laws: what a feed that shows only sizes of levels is taken to say of the lots ahead of our order.

On L3 data there is nothing to assume (`exact`: order by order, `resting`). On depth data (L2) our order joins behind
the displayed size of its level, and then:

1. A trade at our price works off the lots ahead, first come first served; what it has left is ours (`depth_queue`).
2. A level that goes from q to q' lots lost `q - q' - traded` of them by cancels, `traded` being what trades at the
   price have told since the level was last set. Growth joins behind us. Of cancels the law says how many were ahead.
3. Never more than q' lots are ahead.

| law | share of cancels that were ahead |
|---|---|
| `risk-averse` | none: we move up by trades alone, and when the level gets smaller than what was ahead |
| `prob-power(n)` | `f(front) / (f(front) + f(back))` with `f(x) = x^n`; n = 1 spreads cancels evenly over the queue |
| `prob-log` | the same with `f(x) = log(1 + x)`: the shorter part gives more than its share of the level |

front is what is ahead, back the rest of the level before the change, without what was traded. `f(back) / (f(back) +
f(front))` is the probability that a cancel was behind us, in the form that E. Rigtorp ("Estimating order queue
position", 2013) gives it and hftbacktest's documentation takes up with these two f.

Front is kept in parts of a lot, so that many small cancels count; whoever reads it sees whole lots, rounded up, so
that a lot partly ahead is ahead.

Where the laws are unrealistic. Real cancels are neither all behind nor a smooth share: they cluster at the back (the
youngest orders are the flightiest) and at the front (of makers who see the level going). Risk-averse is a bound from
above on the wait at the level, except that a level which flickers to nothing hands us the head of the queue when it
comes back. Hidden size, and orders of other kinds than price-time, are not seen. A cancel and a new order between two
updates of the feed show as their difference, a slow feed therefore hides moves both ahead and behind. Where trades and
levels come on separate streams, a trade that arrives after the level that already shows it works off the queue twice.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline

EXACT, RISK_AVERSE, PROB_POWER, PROB_LOG = 0, 1, 2, 3
"""`SIM.queue_law`: 0 on L3 tapes alone, the others on L2 tapes alone."""

LAWS: Final = ("exact", "risk-averse", "prob-power(n)", "prob-log")
DEPTH_LAWS: Final = ", ".join(LAWS[1:])
MOST_POWER = 20.0
_TINY = 1e-6  # lots: a remainder below this is rounding, not a lot ahead

_TEXT = re.compile(r"\s*([a-z-]+)\s*(?:\(\s*([0-9]*\.?[0-9]+)\s*\))?\s*")


@dataclass(frozen=True, slots=True)
class QueueLaw:
    """One law by its name, and the exponent of `prob-power`. Raises ConfigError."""

    name: str = LAWS[0]
    power: float | None = None

    def __post_init__(self) -> None:
        if self.name not in ("exact", "risk-averse", "prob-power", "prob-log"):
            raise ConfigError("queue law", self.name, f"one of {', '.join(LAWS)}")
        if (self.power is not None) != (self.name == "prob-power"):
            raise ConfigError("queue law", str(self), "an exponent for prob-power, as prob-power(2), and for no other")
        if self.power is not None and not (math.isfinite(self.power) and 0 < self.power <= MOST_POWER):
            raise ConfigError("queue law", str(self), f"an exponent above 0, at most {MOST_POWER:g}")

    def __str__(self) -> str:
        return self.name if self.power is None else f"{self.name}({self.power:g})"

    @property
    def code(self) -> int:
        """The number by which kernels know it."""
        return ("exact", "risk-averse", "prob-power", "prob-log").index(self.name)


def parse_law(text: str, what: str = "queue law") -> QueueLaw:
    """A law from its text, as `risk-averse` or `prob-power(2)`. Raises ConfigError that names `what`."""
    match = _TEXT.fullmatch(text)
    try:
        if match is None:
            raise ConfigError(what, text, f"one of {', '.join(LAWS)}")
        return QueueLaw(match[1], None if match[2] is None else float(Decimal(match[2])))
    except ConfigError as error:
        raise ConfigError(what, text, f"one of {', '.join(LAWS)}, n above 0 and at most {MOST_POWER:g}") from error


def law_for(law: QueueLaw | None, is_depth: bool, what: str) -> QueueLaw:
    """The law that holds on L3 or on depth data; None asks for the usual one: exact, or risk-averse on depth data.

    Raises ConfigError that begins with `what` when the law does not fit the data.
    """
    if law is None:
        return QueueLaw("risk-averse" if is_depth else "exact")
    if is_depth and law.code == EXACT:
        raise ConfigError(what, str(law), f"{DEPTH_LAWS}: depth data show levels, not the orders in them")
    if not is_depth and law.code != EXACT:
        raise ConfigError(what, str(law), "exact: on order-by-order data every order ahead is known")
    return law


@inline(borrow=True)
def share_ahead(law: Int, power: Int, front: Int, back: Int) -> Int:
    """Share of cancelled lots that stood ahead, from 0 to 1. Lots as real numbers, not negative."""
    if law == RISK_AVERSE or front <= 0.0:
        return 0.0
    if back <= 0.0:
        return 1.0
    if law == PROB_POWER:
        return 1.0 / (1.0 + (back / front) ** power)
    near, far = np.log1p(front), np.log1p(back)
    return near / (near + far)


@inline(borrow=True)
def after_change(law: Int, power: Int, front: Int, before: Int, after: Int, traded: Int) -> Int:
    """Lots ahead, as a real number, once the level went from `before` to `after` lots, `traded` of them by trades."""
    cancelled = before - after - traded
    if cancelled > 0:
        back = max(0.0, np.float64(before - traded) - front)
        front -= share_ahead(law, power, front, back) * cancelled
    return max(0.0, min(front, np.float64(after)))


@inline(borrow=True)
def after_trade(front: Int, lots: Int) -> Int:
    """Lots ahead, as a real number, after a trade at the price."""
    return max(0.0, front - lots)


@inline(borrow=True)
def whole_lots(front: Int) -> Int:
    """Lots ahead as everybody sees them: rounded up."""
    return np.int64(np.ceil(front - _TINY))


@inline(borrow=True)
def join(place: Record, lots: Int) -> None:
    """Stand behind `lots` lots; `place` has `front`, `traded` and `ahead`, as `OWN` and the desk's `SLOT` do."""
    place.front, place.traded, place.ahead = np.float64(lots), 0, lots


@inline(borrow=True)
def trade_ahead(place: Record, lots: Int) -> None:
    """A trade of `lots` at the price."""
    place.front = after_trade(place.front, lots)
    place.traded += lots
    place.ahead = whole_lots(place.front)


@inline(borrow=True)
def change_ahead(law: Int, power: Int, place: Record, before: Int, after: Int) -> None:
    """The level went from `before` to `after` lots."""
    place.front = after_change(law, power, place.front, before, after, place.traded)
    place.traded = 0
    place.ahead = whole_lots(place.front)


@inline(borrow=True)
def nothing_ahead(place: Record) -> None:
    """A trade went through the price: everybody ahead is gone, and so is what the next change could tell of them."""
    place.front, place.ahead = 0.0, 0
