"""Conservation, by an account that is not the market's: a plain book and plain ledgers, from the emitted rows alone.

1. An agent does anything that is allowed, in a market that writes every change of its book as MARKET_EVENT rows.
2. `Audit` replays the rows in lists and dicts. Who took is told by who acted; who made, by whose order it was.
3. Every execution must be of the oldest order of its venue at the best price of all. Of an order of ours that rested,
   the fills must not exceed the volume that traded at its price and venue since it joined, less the lots that stood
   ahead there and did not cancel.
4. At the end cash and shares of every account are compared with the market's own, to the lot; over all accounts they
   sum to zero.
5. Of a dark pool the rows show prints alone: each must be at the mid of the plain book, in half ticks, and in all their
   lots and cash those of the accounts (`dark`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Side
from tickwright.core.rng import derive
from tickwright.learn.gate.books import open_books
from tickwright.learn.gate.check import Check, exactly
from tickwright.learn.gate.dark import DarkAudit
from tickwright.venue.sim.reactive.driver import advance, ask
from tickwright.venue.sim.reactive.layout import ACCOUNTS, BACKGROUND, Ask
from tickwright.venue.sim.reactive.parameters import Parameters

_ADD, _CANCEL, _EXECUTE, _BID = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE), int(Side.BID)
_HIDDEN = int(Action.HIDDEN)
_ROOM = 1 << 14
_LIT_KINDS = (Ask.POST, Ask.POST, Ask.POST, Ask.AMEND, Ask.CANCEL, Ask.CANCEL_ALL, Ask.TAKE_ANY, Ask.TAKE_ANY)
_DARK_KINDS = (Ask.DARK_POST, Ask.DARK_POST, Ask.DARK_TAKE, Ask.DARK_AMEND)
_AGENTS = tuple(range(1, ACCOUNTS))


@dataclass(slots=True)
class _Order:
    owner: int
    bid: bool
    price: int
    lots: int
    venue: int = 0
    joined: int = 0
    """Executed lots at its price, side and venue before it joined."""
    ahead: dict[int, int] = field(default_factory=dict)
    """Of an agent's order: lots of the orders that stood ahead and have not cancelled them, by order id."""
    filled: int = 0


class Audit:
    """A book and its accounts, replayed from rows. `wrong` counts what must not happen, by name."""

    def __init__(self, market: Any) -> None:
        """`market` is a MARKET row, of which the live orders are read and nothing else."""
        self.orders: dict[int, _Order] = {}
        self.queues: dict[tuple[bool, int], list[int]] = {}
        self.executed: Counter[tuple[bool, int, int]] = Counter()
        self.dark = DarkAudit(market)
        self.cash, self.shares = [0] * ACCOUNTS, [0] * ACCOUNTS
        self.fills = 0
        self.own_fills = 0
        self.wrong: Counter[str] = Counter()
        table = market["book"]["orders"]
        live = np.flatnonzero(table["qty"])
        for slot in live[np.argsort(table["born"][live])]:
            order = table[slot]
            what = (int(order[name]) for name in ("price", "qty", "venue"))
            self._join(int(order["born"]) + 1, BACKGROUND, order["side"] == 0, *what)

    def apply(self, rows: np.ndarray, actor: int, posted: int | None = None) -> None:
        """Rows that came of one action of account `actor`, or of events of the background: `actor` is the other side of
        executions, and owns the order of id `posted`; every other order that joins is the background's."""
        fields = ("action", "order_id", "side", "price", "size", "venue_id", "subtick")
        for action, number, side, price, size, venue, subtick in zip(*(rows[n].tolist() for n in fields), strict=True):
            bid = side == _BID
            if action == _ADD:
                self._join(number, actor if number == posted else BACKGROUND, bid, price, size, venue)
            elif action == _HIDDEN:
                bids, asks = ([p for b, p in self.queues if b == way] for way in (True, False))
                twice_price = 2 * price + 2 * subtick // SUBTICKS
                self.wrong["a print of the pool off the mid"] += twice_price != max(bids) + min(asks)
                self.dark.trade(actor, bid, twice_price, size)
            elif number not in self.orders:
                self.wrong["unknown order"] += 1
            elif action == _CANCEL:
                self._leave(number, size, cancelled=True)
            elif action == _EXECUTE:
                self._execute(number, bid, price, size, actor, venue)
            else:
                self.wrong["unknown action"] += 1

    def _join(self, number: int, owner: int, bid: bool, price: int, lots: int, venue: int = 0) -> None:
        queue = self.queues.setdefault((bid, price), [])
        order = _Order(owner, bid, price, lots, venue, self.executed[bid, price, venue])
        if owner != BACKGROUND:
            order.ahead = {n: self.orders[n].lots for n in queue if self.orders[n].venue == venue}
        queue.append(number)
        self.orders[number] = order

    def _leave(self, number: int, lots: int, *, cancelled: bool) -> None:
        order = self.orders[number]
        if lots > order.lots:
            self.wrong["more left an order than it had"] += 1
        order.lots -= lots
        queue = self.queues[order.bid, order.price]
        if cancelled:
            for other in queue:
                ahead = self.orders[other].ahead
                if number in ahead:
                    ahead[number] -= lots
        if order.lots <= 0:
            queue.remove(number)
            if not queue:
                del self.queues[order.bid, order.price]
            del self.orders[number]

    def _execute(self, number: int, bid: bool, price: int, lots: int, taker: int, venue: int = 0) -> None:
        order = self.orders[number]
        if (order.bid, order.price, order.venue) != (bid, price, venue):
            self.wrong["an execution elsewhere than its order"] += 1
        prices = [p for b, p in self.queues if b == order.bid]
        first = next(n for n in self.queues[order.bid, order.price] if self.orders[n].venue == order.venue)
        if order.price != (max(prices) if order.bid else min(prices)) or first != number:
            self.wrong["an execution out of price and time priority"] += 1
        if order.owner == taker != BACKGROUND:
            self.wrong["an account traded with itself"] += 1
        self.executed[order.bid, order.price, order.venue] += lots
        order.filled += lots
        if order.owner != BACKGROUND:
            self.own_fills += 1
            traded = self.executed[order.bid, order.price, order.venue] - order.joined
            if order.filled > traded - sum(order.ahead.values()):
                self.wrong["own fills beyond the volume after the queue ahead"] += 1
        sign = 1 if bid else -1  # the maker of a bid buys
        for account, way in ((order.owner, sign), (taker, -sign)):
            self.cash[account] -= way * price * lots
            self.shares[account] += way * lots
        self.fills += 1
        self._leave(number, lots, cancelled=False)

    def look(self, market: Any) -> None:
        """Compare what the rows since the last look say of the pool with the market's own accounts."""
        self.wrong.update(self.dark.look(market, self.shares))

    def close(self, market: Any) -> None:
        """Compare with the market's own accounts and orders."""
        accounts = market["accounts"]
        self.wrong["cash of an account"] += sum(
            int(theirs) != mine for theirs, mine in zip(accounts["cash"], self.cash, strict=True)
        )
        self.look(market)
        for name in ("cash", "shares"):
            self.wrong[f"{name} over all accounts"] += int(accounts[name].sum()) != 0
        table = market["book"]["orders"]
        live = {int(order["born"]) + 1: int(order["qty"]) for order in table[table["qty"] > 0]}
        self.wrong["orders of the book"] += live != {number: order.lots for number, order in self.orders.items()}


def wander(given: Parameters, actions: int, events: int, seed: int) -> Audit:
    """An audit of one book in which both agents do anything, `actions` times, with `events` events between."""
    markets, params = open_books(given, 1, derive(seed, "audit"))
    rng = np.random.default_rng(derive(seed, "audit/actions"))
    rows = np.zeros(_ROOM, MARKET_EVENT)
    audit = Audit(markets[0])
    markets["accounts"]["cash"] = 0
    markets["accounts"]["shares"] = 0
    audit.dark = DarkAudit(markets[0])
    lots = max(1, round(given.flow.typical))
    kinds: tuple[Ask, ...] = _LIT_KINDS + (_DARK_KINDS if given.flow.pool else ())
    venues = len(given.flow.venues)
    for _ in range(actions):
        account = int(rng.choice(_AGENTS))
        owner = markets["accounts"][0, account]
        slot = int(rng.choice(owner["slots"][: owner["live"]])) if owner["live"] else 0
        kind = kinds[rng.integers(len(kinds))]
        size = int(max(1, rng.choice((0.01, 0.3, 1.0, 3.0)) * lots))
        markets["written"] = 0
        answer = ask(
            markets, 0, params, kind, account, side=int(rng.integers(2)), price=int(rng.integers(-1, 4)), lots=size,
            slot=slot, relative=True, venue=int(rng.integers(venues + 1)) if venues > 1 else 0, out=rows,
        )  # fmt: skip
        posted = int(markets["book"]["orders"]["born"][0, answer]) + 1 if kind == Ask.POST and answer >= 0 else None
        audit.apply(rows[: int(markets["written"][0])], account, posted)
        audit.look(markets[0])
        left = events
        while left > 0:
            markets["written"] = 0
            ran = advance(markets, 0, params, left, out=rows)
            audit.apply(rows[: int(markets["written"][0])], BACKGROUND)
            audit.look(markets[0])
            left -= ran
            if ran == 0:
                audit.wrong["a market that stopped"] += 1
                break
    audit.close(markets[0])
    return audit


def conservation_checks(given: Parameters, books: int, actions: int, seed: int, events: int = 10) -> list[Check]:
    """Shares and cash over both sides of every fill; own fills within the volume after the queue ahead."""
    return judged([wander(given, actions, events, derive(seed, f"conservation/{n}")) for n in range(books)])


def judged(audits: list[Audit], *, rests: bool = True) -> list[Check]:
    """The two checks of some audits, a book each. An audit that saw no fill has shown nothing; nor has one that saw
    none of ours at rest, if there was one (`rests`)."""
    wrong: Counter[str] = sum((audit.wrong for audit in audits), Counter())
    fills, own = sum(a.fills for a in audits), sum(a.own_fills for a in audits)
    told = {
        "books": len(audits),
        "fills": fills,
        "own_fills_at_rest": own,
        "wrong": {n: c for n, c in wrong.items() if c},
    }
    queue = {
        "own fills beyond the volume after the queue ahead", "an execution out of price and time priority",
        "own fills in the pool beyond the prints of others",
    }  # fmt: skip
    beyond = sum(wrong[name] for name in queue)
    total = sum(wrong.values())
    return [
        exactly("shares and cash are conserved, violations", total - beyond + (fills == 0), told),
        exactly("own fills within the volume after the queue ahead, violations", beyond + (rests and own == 0), told),
    ]
