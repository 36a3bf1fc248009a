"""Both sides quoted, nothing overflows, no order leaks: many books, an agent that does anything, looked at throughout.

After every event each book must have a bid below an ask. At intervals, and at the end, the order table is compared with
the queues the slow way (`venue.sim.reactive.check`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tickwright.book.ladder import best, has
from tickwright.book.layout import ASK, BID, Int, Rows
from tickwright.core.kernel import kernel
from tickwright.core.rng import derive
from tickwright.learn.gate.books import open_books
from tickwright.learn.gate.check import Check, exactly
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.driver import NO_ROWS, step, stopped
from tickwright.venue.sim.reactive.laws import event
from tickwright.venue.sim.reactive.layout import REQUEST, Ask
from tickwright.venue.sim.reactive.parameters import Parameters

_LOOKS = 20
"""Times that the order tables of all books are compared with their queues."""
_KINDS = (Ask.NOTHING, Ask.POST, Ask.POST, Ask.POST, Ask.CANCEL_ALL, Ask.TAKE, Ask.TAKE_ANY, Ask.CANCEL)
_SIZES = (0.01, 0.3, 1.0, 10.0, 300.0)
"""Of the agent's orders, in typical ones: the last is larger than a side of the book."""


@kernel
def _run(markets: Rows, params: Rows, events: Int, bad: np.ndarray, rows: Rows) -> None:
    """Run every book; bad[k] counts the events after which book k was not quoted on both sides."""
    for k in range(markets.shape[0]):
        market = markets[k]
        ladder = market.book.ladder
        for _ in range(events):
            if market.fault != 0:
                break
            event(market, params[0], rows)
            quoted = has(ladder, BID) and has(ladder, ASK)
            if not quoted or best(ladder, BID) >= best(ladder, ASK):
                bad[k] += 1


def quoting_checks(
    given: Parameters, books: int, steps: int, seed: int, messages: int = 10,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Check]:  # fmt: skip
    """`steps` steps in all over `books` books, each an action of the agent and `messages` events."""
    markets, params = open_books(given, books, derive(seed, "quoting"))
    rng = np.random.default_rng(derive(seed, "quoting/actions"))
    bad = np.zeros(books, np.int64)
    leaks: list[str] = []
    rounds = -(-steps // books)
    requests = np.zeros(books, REQUEST)
    requests["relative"] = 1
    sizes = np.maximum(1, np.array(_SIZES) * given.flow.typical).astype(np.int64)
    for n in range(rounds):
        requests["kind"] = rng.choice(_KINDS, books)
        requests["account"], requests["side"] = rng.integers(1, 3, books), rng.integers(0, 2, books)
        requests["price"], requests["slot"] = rng.integers(-1, 8, books), rng.integers(0, 200, books)
        requests["lots"] = rng.choice(sizes, books)
        step(markets, params, requests, 0)
        _run(markets, params, messages, bad, NO_ROWS)
        if (n + 1) % max(1, rounds // _LOOKS) == 0 or n + 1 == rounds:
            leaks += [f"book {k}: {wrong}" for k in range(books) for wrong in check_market(markets[k], params[0])]
            progress(n + 1, rounds)
    faults = [f"book {k}: {fault.name}" for k, fault in stopped(markets)]
    told = {
        "books": books, "steps": rounds * books, "events": int(markets["events"].sum()),
        "edge_orders": int(markets["edge_units"].sum()),
    }  # fmt: skip
    return [
        exactly("both sides quoted after every event, violations", int(bad.sum()), told),
        exactly("no overflow, books stopped", len(faults), {**told, "stopped": faults[:10]}),
        exactly("no leaked order, differences of table and queues", len(leaks), {**told, "wrong": leaks[:10]}),
    ]
