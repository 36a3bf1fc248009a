"""Random recorded flow with random orders of ours, against the twin.

Invariants: every fill (time, order, price, size, maker or taker) and every resting order's open lots and lots ahead
equal the twin's; own passive fills at one event never exceed the size of its trade.
"""

import random

import pytest
from harness import Exchange, event
from twin_exchange import TwinExchange

CENTRE = 1000


class Flow:
    """Recorded events that a real book could have: adds behind the opposite best, cancels, executions at the front."""

    def __init__(self, rng):
        self.rng, self.orders, self.next_id = rng, {}, 1  # id -> [side, price, lots], in order of arrival

    def best(self, side):
        prices = [p for s, p, _ in self.orders.values() if s == side]
        return (max(prices) if side == "B" else min(prices)) if prices else None

    def draw(self):
        rng = self.rng
        choice = rng.random()
        side = rng.choice("BA")
        if choice < 0.5 or len(self.orders) < 6:
            other = self.best("A" if side == "B" else "B") or CENTRE
            price = other - rng.randint(1, 5) if side == "B" else other + rng.randint(1, 5)
            order, self.next_id = self.next_id, self.next_id + 1
            self.orders[order] = [side, price, rng.randint(1, 20)]
            return ("A", order, side, price, self.orders[order][2])
        if choice < 0.9:
            if choice < 0.7:
                order = rng.choice(list(self.orders))
            else:
                best = self.best(side)
                if best is None:
                    return self.draw()
                order = next(i for i, (s, p, _) in self.orders.items() if s == side and p == best)
            kind = "C" if choice < 0.7 else "E"
            side, price, lots = self.orders[order]
            size = rng.randint(1, lots)
            self.orders[order][2] -= size
            if size == lots:
                del self.orders[order]
            return (kind, order, side, price, size)
        best = self.best(side)
        if best is None:
            return self.draw()
        return ("P", 0, "A" if side == "B" else "B", best + rng.choice([0, 0, 1]) * (1 if side == "B" else -1), 4)


@pytest.mark.parametrize("seeds", [range(5), pytest.param(range(5, 25), marks=pytest.mark.slow)])
@pytest.mark.parametrize("half_life", [None, 0, 5_000])
def test_random_flow_equals_the_twin(half_life, seeds):
    fills = []
    for seed in seeds:
        print(f"seed {seed}")
        fills += run_beside_twin(seed, half_life)
    makers = sum(1 for f in fills if f[4])
    assert makers > 4 * len(seeds), "runs without passive fills would show little"
    assert len(fills) - makers > 4 * len(seeds)


def run_beside_twin(seed, half_life):
    rng = random.Random(seed)
    flow, events, script = Flow(rng), [], []
    ts = 1
    for _ in range(1500):
        ts += rng.randint(1, 300) * 2
        drawn = flow.draw()
        events.append((ts, *drawn))
        if rng.random() < 0.3:
            script.append((ts + 1, drawn[3]))
    exchange = Exchange([event(*e) for e in events], half_life=half_life, centre=CENTRE)
    twin = TwinExchange(half_life)
    at = 0
    for when, near in script:
        while at < len(events) and events[at][0] <= when:
            twin.event(*events[at])
            at += 1
        exchange.run(when)
        compare(exchange, twin)
        command(rng, exchange, twin, when, near)
        exchange.run(when)
        compare(exchange, twin)
    for e in events[at:]:
        twin.event(*e)
    compare(exchange.run(), twin)
    return twin.fills


def command(rng, exchange, twin, ts, near):
    handle = rng.randint(1, 6)
    live = twin.mine.get(handle)
    if live is None:
        side = rng.choice("BA")
        price, size = near + rng.randint(-3, 3), rng.randint(1, 25)
        tif, post_only = rng.choice(["day", "day", "day", "ioc", "fok"]), rng.random() < 0.3
        twin.new(ts, handle, side, price, size, tif, post_only)
        exchange.send(ts, handle, 1 if side == "B" else -1, price, size, tif=tif, post_only=post_only)
        exchange.owns["post_only"][handle] = post_only
    elif rng.random() < 0.5:
        twin.cancel(handle)
        exchange.send(ts, handle, 0, 0, 0, kind="cancel")
    else:
        price = live.price + rng.choice([0, 0, -1, 1, 2, -2])
        size = max(1, live.lots + rng.randint(-4, 4))
        post_only = bool(exchange.owns["post_only"][handle])
        filled = int(exchange.owns["filled"][handle])
        twin.replace(ts, handle, price, size, post_only)
        exchange.send(ts, handle, 0, price, filled + size, kind="replace")


def compare(exchange, twin):
    fills = [(f.ts, f.order, f.price, f.size, f.maker) for f in exchange.fills]
    assert fills == twin.fills
    assert {h for h in range(1, 7) if exchange.owns["active"][h]} == set(twin.mine)
    for handle, entry in twin.mine.items():
        own = exchange.owns[handle]
        assert own["quantity"] - own["filled"] == entry.lots
        assert own["ahead"] == twin._displayed_ahead(entry), f"order {handle} at {entry.price}"
