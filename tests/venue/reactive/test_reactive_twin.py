"""The kernels against the plain twin, to the last bit, after every event and every action of an agent."""

import numpy as np
import pytest
from twin_reactive import Twin

from tickwright.book.layout import ASK, BID
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.driver import advance, ask, open_markets
from tickwright.venue.sim.reactive.layout import LEDGER, MARKET, Ask
from tickwright.venue.sim.reactive.rows import row_of

SCALARS = (
    "clock",
    "time",
    "wait",
    "pace",
    "up",
    "down",
    "fair",
    "walk",
    "activity",
    "reference",
    "twice_mid",
    "used",
    "up_cancel",
    "down_cancel",
    "gap",
    "heat",
)
TABLES = (
    "memory", "loud", "residue", "pressure", "excitation", "slot_side", "slot_left", "slot_last",
    "limit_sum", "cancel_sum", "market_rate",
)  # fmt: skip


def queues_of(market, side):
    orders, found = market["book"]["orders"], {}
    for slot in sorted(np.flatnonzero((orders["qty"] > 0) & (orders["side"] == side)), key=lambda s: orders["born"][s]):
        queue = found.setdefault(int(orders["price"][slot]), [])
        queue.append((*(int(orders[name][slot]) for name in ("owner", "qty", "venue")), int(slot)))
    return found


def differences(market, twin):
    wrong = [n for n in SCALARS if market[n].item() != getattr(twin, n)]
    wrong += [n for n in TABLES if market[n].tolist() != getattr(twin, n)]
    wrong += ["rates"] if market["rates"].tolist() != [twin.limit, twin.cancel] else []
    for side in (BID, ASK):
        mine = {p: [(o.owner, o.lots, o.venue, o.slot) for o in q] for p, q in twin.queues[side].items() if q}
        if queues_of(market, side) != mine:
            wrong.append(f"queues of side {side}")
    wrong += [n for n in ("cash", "shares") if market["accounts"][n].tolist() != getattr(twin, n)]
    wrong += [n for n in LEDGER.names if market["ledger"][n].tolist() != getattr(twin, n)]
    pool = market["pool"]
    resting = [(int(o["owner"]), int(pool["side"]), int(o["lots"])) for o in pool["orders"][: pool["count"]]]
    if resting != [tuple(order[:3]) for order in twin.pool]:
        wrong.append("the pool")
    return wrong


def both(model, seed, **changes):
    given = parameters.FP.small_tick() if model == "fp-small-tick" else parameters.default(model)
    if changes:
        table = parameters.to_dict(given)
        for name, value in changes.items():
            part, _, field = name.rpartition("__")
            (table[part] if part else table)[field] = value
        given = parameters.from_dict(table)
    params = row_of(given, tempo=1.7)
    markets = np.zeros(1, MARKET)
    open_markets(markets, params, seed, 10_000)
    return markets, params, Twin(params[0], markets["seed"][0], 10_000)


BURSTS = {
    "flow__gaps": [0.01, 0.2, 5.0], "flow__gap_weights": [3, 2, 1], "flow__gap_stay": 0.4,
    "flow__gap_after_market": 0.7,
}  # fmt: skip
VENUES = {
    "flow__venues": [
        {"name": "A", "share": 3, "taker_fee": 0.3, "routing": 2},
        {"name": "B", "share": 1, "taker_fee": -0.1, "routing": 1},
        {"name": "C", "share": 2, "taker_fee": 0.1, "routing": 1},
    ]
}
BY_FEE = {"flow__venues": [{"name": "A", "taker_fee": 0.3}, {"name": "B", "taker_fee": -0.1}]}
DARKLY = {"dark post": Ask.DARK_POST, "dark take": Ask.DARK_TAKE, "dark amend": Ask.DARK_AMEND}
POOL = {"ping": 0.4, "rest": 0.3, "patience": 10.0}
CASES = [(model, {}) for model in parameters.MODELS] + [
    ("fp", {"flow__cancels": "front", "flow__display": 0.25, "informed": 0.8, "passive": 0.5}),
    ("fp", {"flow__cancels": "back", "news": 1.5, "queues__reinit": 0.3, "queues__theta": 1.0}),
    ("fp", {"stale": 1.5, "clip": 3.0, "heed": 2.0, "rush": 10.0, "news_rate": 0.1, "news": 1.2, "queues__theta": 0.5}),
    ("fp", {"rush": 40.0, "heed": 5.0, "queues__echo": 2.0, "lean": 0.5, "stale": 0.5}),
    ("fp", {"impact_news": 0.7, "flow__day_seconds": 60.0, "flow__activity_news": 0.8}),
    ("queue-reactive", {"flow__day_seconds": 30.0, "flow__posting_curve": [0.5, 2.0, 1.0]}),
    ("fp", {"flow__day_seconds": 20.0, "flow__posting_curve": [3.0, 1.0, 0.5, 0.2]}),
    (
        "fp",
        {
            "flow__day_seconds": 40.0,
            "flow__day_parts": [1, 2, 13, 4],
            "flow__volume_curve": [4.0, 2.0, 0.6, 1.0],
            "flow__volatility_curve": [3.0, 1.5, 1.0, 0.8],
            "flow__posting_curve": [0.3, 0.6, 1.0, 1.5],
        },
    ),
    (
        "fp",
        {
            "flow__day_seconds": 20.0,
            "flow__posting_curve": [0.3, 2.0],
            "impact_posting": 0.8,
            "impact_news": 0.5,
            "flow__activity_news": 0.8,
            "selective": 0.5,
        },
    ),
    ("queue-reactive", {"flow__cancel_decay": 1.6}),
    ("fp", {"selective": 1.0}),
    ("fp", {"swift": 0.8}),
    ("fp", {"swift": 1.5, "swift_memory": 20.0, "lean": -0.3, "join": 0.5, "selective": 0.5}),
    ("fp-small-tick", VENUES | {"flow__pool": POOL, "swift": 0.6, "swift_memory": 2.0}),
    ("fp", {"queues__entering": 0.6}),
    ("queue-reactive", VENUES | {"queues__entering": 1.0, "queues__reinit": 0.3}),
    ("fp-small-tick", {"queues__entering": 1.0, "news": 2.0, "informed": 0.7}),
    ("fp", {"signs__again": 0.6}),
    ("ql", {"signs__again": 0.4}),
    ("epsilon", {"signs__again": 0.8}),
    ("fp", {"selective": 0.7, "signs__again": 0.5, "signs__slots": 4}),
    ("fp", {"selective": 0.6, "informed": 0.6, "edge": 0.3, "queues__echo": 2.0, "signs__slots": 1}),
    ("fp-small-tick", {"selective": 0.8, "signs__slots": 4, "signs__pareto": 3.0, "informed": 0.1}),
    ("fp", {"flow__day_seconds": 20.0, "flow__size_curve": [0.3, 2.0, 1.0, 3.5], "flow__cancel_decay": -0.7}),
    ("fp-small-tick", {"flow__size_curve": [1.6], "news": 2.0, "informed": 0.7}),
    ("fp-small-tick", {"sweep_through": 0.4, "news": 2.0, "informed": 0.7}),
    (
        "fp-small-tick",
        {
            "flow__market_sizes": [3, 100, 250, 900],
            "flow__market_weights": [0.2, 0.5, 0.2, 0.1],
            "flow__day_seconds": 20.0,
            "flow__size_curve": [0.3, 2.0, 1.0, 3.5],
            "sweep_through": 0.3,
            "informed": 0.6,
        },
    ),
    ("queue-reactive", {"flow__market_sizes": [7, 450], "flow__market_weights": [3.0, 1.0]}),
    ("hawkes", {"flow__market_sizes": [7, 450], "flow__market_weights": [3.0, 1.0]}),
    ("fp-small-tick", {}),
    ("fp-small-tick", {"edge": 0.4, "reach": 2, "passive": 0.75, "picked": 0.3}),
    (
        "fp",
        {
            "lean": -0.4,
            "join": 0.3,
            "through": 0.3,
            "queues__echo": 6.0,
            "queues__echo_memory": 3.0,
            "queues__spread_power": 0.8,
            "queues__comeback": 0.7,
        },
    ),
    ("fp", {**BURSTS, "queues__echo": 2.0, "flow__day_seconds": 60.0, "flow__trading_curve": [0.5, 3.0, 1.0]}),
    ("hawkes", BURSTS),
    ("fp", {**BURSTS, "flow__gap_flurry": 0.9, "flow__gap_flurry_memory": 6.0, "flow__day_seconds": 60.0}),
    ("santa-fe", {**BURSTS, "flow__gap_flurry": 0.4}),
    ("queue-reactive", {"queues__company": 0.4, "queues__company_gap": 0.001}),
    (
        "fp",
        {**BURSTS, "flow__gap_after_weights": [1, 0, 3], "queues__company": 0.3, "queues__comeback": 0.7, "lean": 0.5},
    ),
    *((model, VENUES) for model in parameters.MODELS),
    ("fp", VENUES | {"flow__pool": POOL, "informed": 0.6}),
    ("fp", {"flow__pool": POOL | {"rest": 0.5, "ping": 0.5, "patience": 16.0}}),
    ("fp-small-tick", BY_FEE | {"flow__pool": POOL, "queues__reinit": 0.3}),
    ("ql", BY_FEE | {"flow__pool": POOL}),
    ("epsilon", BY_FEE | {"flow__pool": POOL}),
    ("ql", {"kappa": 0.6, "queues__reinit": 0.5}),
    ("epsilon", {"cancel_rate": 0.3, "market_rate": 2.0}),
    ("hawkes", {"cancel_rate": 0.5, "band": 5}),
]


@pytest.mark.parametrize("agents", [False, True], ids=["alone", "with agents"])
@pytest.mark.parametrize(("model", "changes"), CASES, ids=[f"{m}{i}" for i, (m, _) in enumerate(CASES)])
def test_the_same_market_event_for_event(model, changes, agents):
    # Invariant: book, clocks, memories, rates and accounts of kernel and twin are equal after every event and action.
    markets, params, twin = both(model, seed=17, **changes)
    assert differences(markets[0], twin) == []
    rng = np.random.default_rng(29)
    venues, has_pool = int(params["venues"][0]), bool(params["pool"][0])
    kinds = ["post", "post", "post", "take", "cancel all", *has_pool * ["dark post", *DARKLY]]
    for n in range(700):
        assert advance(markets, 0, params, 1) == 1
        twin.step()
        assert differences(markets[0], twin) == [], f"event {n}"
        if agents and rng.random() < 0.2:
            account, side = int(rng.integers(1, 3)), int(rng.integers(2))
            lots = int(rng.choice([1, 60, 400, 5_000]))
            kind, venue = rng.choice(kinds), int(rng.integers(venues + 1)) if venues > 1 else 0
            if kind == "post":
                best = int(markets["book"]["ladder"]["best"][0, side])
                price = best + int(rng.integers(-4, 3))
                ask(markets, 0, params, Ask.POST, account, side=side, price=price, lots=lots, venue=venue)
                twin.act("post", account, side, price, lots, venue)
            elif kind == "take":
                ask(markets, 0, params, Ask.TAKE_ANY, account, side=side, lots=lots, venue=venue)
                twin.act("take", account, side, 0, lots, venue)
            elif kind.startswith("dark"):
                lots = int(rng.integers(3)) * lots if kind == "dark amend" else lots
                ask(markets, 0, params, DARKLY[kind], account, side=side, lots=lots)
                twin.act(kind, account, side, 0, lots)
            else:
                ask(markets, 0, params, Ask.CANCEL_ALL, account)
                twin.act("cancel all", account, 0, 0, 0)
            assert differences(markets[0], twin) == [], f"{kind} after event {n}"
    assert markets["fault"][0] == 0
    if agents:
        assert markets["accounts"]["made"][0, 1:].sum() > 0
    if agents and has_pool:
        assert (markets["ledger"]["dark_made"][0] > 0).all()
        assert (markets["ledger"]["dark_taken"][0] > 0).all()


def test_the_comparison_sees_a_single_lot():
    markets, _, twin = both("fp", seed=1)
    next(iter(twin.queues[BID].values()))[0].lots += 1
    assert differences(markets[0], twin) == [f"queues of side {BID}"]
