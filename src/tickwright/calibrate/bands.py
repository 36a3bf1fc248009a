"""Pass bands, as data: how far a simulated day may be from the recorded one, and why so far.

`scaled` distances are in units of the recorded day's own level (0.3: 30 %), others in the unit of the fact.
Ranges hold for the simulated day alone. They are what is asked of a market in general, of the default above all; a day
may lie outside itself, and a market fitted to it is then outside with it (`score`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """The largest distance that passes."""

    limit: float
    scaled: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Range:
    """A fact at `x` must lie within `low` and `high`; an `x` of None means everywhere it is known."""

    fact: str
    x: float | None
    low: float
    high: float
    reason: str


_PRICE_OF_WAITING = "decides what waiting in the queue is worth against crossing"
_TEMPO = "in decades: a factor of two in tempo moves every waiting time by as much"
_RESPONSE = "one of six; their sum makes the price, so single ones may be off by half"

BANDS: dict[str, Band] = {
    "spread-events": Band(0.3, True, f"the spread {_PRICE_OF_WAITING}"),
    "spread-time": Band(0.3, True, f"the spread {_PRICE_OF_WAITING}"),
    "gaps-limit": Band(0.3, False, _TEMPO),
    "gaps-cancel": Band(0.3, False, _TEMPO),
    "gaps-market": Band(0.3, False, _TEMPO),
    "bursts": Band(0.05, False, "busy moments last: what a child waits is short many times in a row, or long"),
    "volumes": Band(0.35, True, "what a market order of given size reaches through"),
    "imbalance-1": Band(0.1, False, "of a range of 2; the strongest input of a placement policy"),
    "imbalance-5": Band(0.1, False, "of a range of 2"),
    "lifetime": Band(0.1, False, "mean gap between survival curves, over ages by decades"),
    "signature-trades": Band(0.25, False, "a reverting mid pays passive orders that no market would pay"),
    "signature-clock": Band(0.25, False, "a reverting mid pays passive orders that no market would pay"),
    "sign-memory": Band(0.05, False, "the flow that a metaorder hides in"),
    "kurtosis-trades": Band(0.5, True, "a fourth moment of one day is uncertain by about half"),
    "kurtosis-clock": Band(0.5, True, "a fourth moment of one day is uncertain by about half"),
    "tail-0.02": Band(1.0, False, "exponents of stocks lie between 2.5 and 4.5"),
    "tail-0.05": Band(1.0, False, "exponents of stocks lie between 2.5 and 4.5"),
    "tail-0.1": Band(1.0, False, "exponents of stocks lie between 2.5 and 4.5"),
    "clustering": Band(0.08, False, "about half of what recorded days show at short lags"),
    "volatility-curve": Band(0.5, False, "in units of the mean; one day's blocks scatter by as much"),
    "volume-curve": Band(0.4, False, "in units of the mean; one day's blocks scatter by as much"),
    "response-MO0": Band(0.5, True, _RESPONSE),
    "response-MO'": Band(0.5, True, _RESPONSE),
    "response-LO0": Band(0.5, True, _RESPONSE),
    "response-LO'": Band(0.5, True, _RESPONSE),
    "response-CA0": Band(0.5, True, _RESPONSE),
    "response-CA'": Band(0.5, True, _RESPONSE),
    "sweep-spread": Band(0.3, False, "of the spread before: what the second child of a burst pays"),
    "sweep-depth": Band(0.3, False, "of the depth before: what the second child of a burst finds"),
    "mid-response": Band(0.3, False, "in half-spreads: the adverse selection that a maker meets"),
    "markouts": Band(0.3, False, "in half-spreads: whether posting earns"),
    "fill-share": Band(0.15, False, f"the chance of a fill {_PRICE_OF_WAITING}"),
    "fill-time": Band(0.5, True, f"the time to a fill {_PRICE_OF_WAITING}"),
}

RANGES: tuple[Range, ...] = (
    Range("signature-trades", None, 0.7, 1.7, "the default market's own requirement: close to diffusive"),
    Range("sign-memory", 1, 0.1, 0.8, "order signs persist in every recorded market"),
    Range("sign-memory", 10, 0.05, 0.5, "order signs persist in every recorded market"),
    Range("sign-memory", 100, 0.02, 0.3, "order signs persist in every recorded market"),
    Range("mid-response", 10, 0.9, 1.3, "validity of training: fills that are not adversely selected teach to post"),
)
