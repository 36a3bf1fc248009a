"""The formulas of quotes, each once: plain for arrays, and compiled for kernels under the same letters.

Prices are ticks, sizes lots. A learned tick level has an observation of its own (`strategy.learned.observation`): it is
taken of looks, not of events, by ticks from the best and not by levels, and policies name its very source; the formulas
it has in common with these are held together by a test.
"""

from __future__ import annotations

from typing import Any

from tickwright.core.kernel import inline


def mid_of(bid: Any, ask: Any) -> Any:
    """The middle of the best prices."""
    return (bid + ask) / 2


def micro_of(bid: Any, ask: Any, bid_size: Any, ask_size: Any) -> Any:
    """The micro-price: the best prices, each weighted by the size on the other side."""
    return (bid * ask_size + ask * bid_size) / (bid_size + ask_size)


def imbalance_of(bid: Any, ask: Any) -> Any:
    """(bid − ask)/(bid + ask) of two amounts, from −1 to 1."""
    return (bid - ask) / (bid + ask)


def gain_of(better: bool, worse: bool, size: Any, size_before: Any) -> Any:
    """What one side of an order-flow imbalance adds: lots of the best now unless its price is worse than before, less
    the lots before unless it is better.

    Cont, Kukanov and Stoikov, "The price impact of order book events", J. Financial Econometrics 12 (2014), (2).
    """
    gain = size * 0
    if not worse:
        gain += size
    if not better:
        gain -= size_before
    return gain


mid = inline(borrow=True)(mid_of)
micro = inline(borrow=True)(micro_of)
imbalance = inline(borrow=True)(imbalance_of)
gain = inline(borrow=True)(gain_of)
