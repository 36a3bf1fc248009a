"""A trained policy in the loop: it sees what its training would have shown it, and does what it decides."""

import numpy as np
import pytest
from test_artefact import random_network
from worlds import CLOSE, OPEN, X, parent, same, session, tape

from tickwright.book.quotes import quotes_of, trades_of
from tickwright.core.errors import ConfigError
from tickwright.core.layout import to_rows
from tickwright.core.records import IntentKind, Observation
from tickwright.core.units import MINUTE, SECOND
from tickwright.learn.artefact import NetworkPolicy
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.learned import known_before, learned_kernel
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.learned.actions import ACTIONS, BOTH, CROSS, KEEP, POST, PULL, legal
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.layout import OBSERVED, PROGRESS, RECALL, SIGHT, TASK
from tickwright.strategy.learned.level import decide
from tickwright.strategy.learned.network import Network
from tickwright.strategy.learned.observation import observe, remember
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.policies import parse_policy
from tickwright.strategy.tick.custom import CUSTOM
from tickwright.tca.market import Market
from tickwright.venue.sim.profile import Profile

T0 = 1_000 * SECOND


def trained(network=None, **options):
    """At work, with something known of the instrument."""
    made = Trained(TrainedPolicy(network or random_network(), (), 2.0, 60.0), Learned("f", **options))
    row = made.rows
    row["spread"], row["depth"], row["volatility"], row["rate"], row["typical"] = 2.0, 40.0, 0.7, 30.0, 5.0
    return made


def lively():
    """A network whose action hangs on what it sees, and that seldom takes."""
    drawn = random_network(4)
    (weights, bias), last = drawn.layers[-1], len(drawn.layers) - 1
    bias[CROSS:] -= 6.0  # or all is bought at once
    return Network(drawn.mean, drawn.scale, (*drawn.layers[:last], (3 * weights, bias / 4)))


def always(action):
    """A network that likes one action best, then the first that is legal."""
    bias = np.zeros(ACTIONS, np.float32)
    bias[action] = 1.0
    zero = np.zeros(OBSERVED, np.float32)
    return Network(zero, zero + 1, ((np.zeros((OBSERVED, ACTIONS), np.float32), bias),))


def work(levels, order, at_work, tick=None):
    """Drive one order on the generated day."""
    world = World([tape()], [X], Profile(), 1, tick_kernel=learned_kernel())
    slot = world.add_slot(
        0, order.side, 0, order.quantity, CUSTOM, (0.0,) * 8, GateLimits(), on_quote=False, tick=tick,
        memory=at_work.memory,
    )  # fmt: skip
    above = parse_policy(f"{levels}/take").levels() if levels else ()
    nested = NestedParent(order, above, world, slot, 2 * SECOND)
    drive(world, [nested])
    return world, nested


@pytest.mark.parametrize("levels", ["", "twap(slices=3)"])
@pytest.mark.parametrize("side", [1, -1])
def test_it_sees_what_training_shows_and_does_what_the_network_says(levels, side):
    """In the loop and asked by the shell: the same journal; each decision is the network's on the observation that the
    policy's functions make of what the desk knows."""
    looked, seen = [], {}

    def spy(params, memory, obs):
        before = int(asked.rows["decisions"][0])
        answer = decide(np.array(params), memory, to_rows(Observation, [obs])[0])
        if asked.rows["decisions"][0] > before:
            looked.append((asked.rows.copy(), obs))
        return tuple(int(x) for x in answer)

    order = parent(3000, side)
    asked, inside = trained(lively()), trained(lively())
    compiled, _ = work(levels, order, inside)
    python, _ = work(levels, order, asked, tick=spy)
    assert same(compiled.journal(), python.journal())
    assert compiled.filled(0) == 3000
    assert len({int(row["action"][0]) for row, _ in looked}) >= 3
    assert len(looked) >= 15

    recall, start, paid, made = np.zeros(1, RECALL), None, 0, 0
    for row, obs in looked:
        if start != obs.start:
            recall, start, paid, made = np.zeros(1, RECALL), obs.start, obs.paid, obs.made
            quantity = obs.remaining
        task, progress, sight = np.zeros(1, TASK), np.zeros(1, PROGRESS), np.zeros(1, SIGHT)
        task[:] = row["task"]
        assert (task["side"][0], task["quantity"][0], task["deadline"][0]) == (side, quantity, obs.deadline)
        progress["remaining"], progress["paid"], progress["made"] = obs.remaining, obs.paid - paid, obs.made - made
        if obs.live:
            progress["live"], progress["live_price"], progress["ahead"] = obs.live_size, obs.live_price, obs.queue_ahead
        progress["live_price"] = obs.live_price
        for name in ("now", "quoted", "bid", "ask"):
            sight[name] = getattr(obs, name)
        sight["traded"], sight["signed"] = obs.volume, obs.signed
        for name in ("bid", "ask"):
            sight[f"{name}_sizes"] = [getattr(obs, f"{name}_size{place}") for place in ("", "_1", "_2", "_3", "_4")]
        out = np.zeros(OBSERVED, np.float32)
        remember(task[0], progress[0], sight[0], recall[0])
        observe(task[0], progress[0], sight[0], recall[0], out)
        np.testing.assert_array_equal(out, row["observation"][0][:OBSERVED])
        mask = [legal(a, task[0], progress[0], sight[0]) for a in range(ACTIONS)]
        np.testing.assert_array_equal(row["mask"][0][:ACTIONS], mask)
        seen["observations"], seen["masks"] = out[None], np.array([mask], np.bool_)
        assert NetworkPolicy(lively()).decide(_Batch(seen))[0] == row["action"][0]


class _Batch:
    def __init__(self, seen):
        self.observations, self.masks = seen["observations"], seen["masks"]


def test_what_the_desk_tells_is_the_market():
    """Sizes behind the best and the signed volume are those of the recorded book and prints."""
    told = []

    def spy(params, memory, obs):
        told.append(obs)
        return int(IntentKind.KEEP), 0, 0, 0, obs.now + 7 * SECOND

    order = parent(100)
    work("", order, trained(), tick=spy)
    events = session()
    from tickwright.book.l3 import reset
    from tickwright.book.ladder import level_size
    from tickwright.book.layout import ASK, BID, BOOK
    from tickwright.book.replay import replay
    from tickwright.book.tape import centre_of

    rows = tape().rows
    prints = events[events["action"] == ord("E")]
    assert len(told) > 20
    for obs in told[::4]:
        book = np.zeros(1, BOOK)
        reset(book[0], centre_of(rows))
        replay(book, 0, rows[rows["ts_recv"] <= obs.now])
        for side, best, sizes in (
            (BID, obs.bid, (obs.bid_size, obs.bid_size_1, obs.bid_size_2, obs.bid_size_3, obs.bid_size_4)),
            (ASK, obs.ask, (obs.ask_size, obs.ask_size_1, obs.ask_size_2, obs.ask_size_3, obs.ask_size_4)),
        ):
            step = -1 if side == BID else 1
            want = [level_size(book[0]["ladder"], side, best + step * i) for i in range(5)]
            assert list(sizes) == want
        before = prints[prints["ts_recv"] <= obs.now]
        signs = np.where(before["side"] == ord("A"), 1, -1)
        assert obs.signed == (signs * before["size"]).sum()


CALM = Observation(
    now=T0, side=1, remaining=100, start=T0, deadline=T0 + 60 * SECOND, final=0, limit=0, limited=0, quoted=1, bid=100,
    ask=104, bid_size=30, ask_size=30, bid_depth=100, ask_depth=100, live=0, live_price=0, live_size=0, live_since=0,
    queue_ahead=0, pending=0, volume=0,
)  # fmt: skip


def answers(at_work, *changes):
    """What the level says to one observation after the other, each CALM with changes; it names no venue."""
    memory, out = np.array(at_work.memory), []
    for change in changes:
        fields = {name: getattr(CALM, name) for name in Observation.__slots__} | change
        *said, venue = decide(np.zeros(8), memory, to_rows(Observation, [Observation(**fields)])[0])
        assert venue == 0
        out.append(tuple(said))
    return out


KEPT, REST, TAKE, PULLED = (int(k) for k in (IntentKind.KEEP, IntentKind.REST, IntentKind.TAKE, IntentKind.PULL))
LIVE = {"live": 1, "live_price": 99, "live_size": 20}


def test_actions_become_intents():
    """Of 100 lots in slices of 5: post a slice; cross one, then have the rest, or the child before, rest."""
    due = T0 + 2 * SECOND
    assert answers(trained(always(POST)), {}, {"now": T0 + 1}) == [(REST, 100, 5, 1, due), (KEPT, 0, 0, 0, due)]
    both = answers(trained(always(BOTH + 1)), {}, {"now": T0 + 1, "remaining": 95}, {"now": T0 + 2, "remaining": 95})
    assert [a[:4] for a in both] == [(TAKE, 107, 5, 0), (REST, 100, 95, 1), (KEPT, 0, 0, 0)]
    told = answers(
        trained(always(CROSS + 1)), LIVE, {"now": T0 + 1}, {"now": T0 + 2, "pending": 1},
        {"now": T0 + 3, "remaining": 95}, {"now": T0 + 4, "remaining": 95},
    )  # fmt: skip
    assert [a[:4] for a in told] == [
        (TAKE, 107, 5, 0), (TAKE, 107, 5, 0), (KEPT, 0, 0, 0), (REST, 99, 20, 1), (KEPT, 0, 0, 0),
    ]  # fmt: skip
    assert answers(trained(always(PULL)), LIVE)[0][0] == PULLED
    assert answers(trained(always(KEEP)), LIVE)[0][0] == KEPT
    assert answers(trained(always(POST)), {"limited": 1, "limit": 98})[0][:3] == (REST, 98, 5)
    assert answers(trained(always(CROSS)), {"limited": 1, "limit": 98})[0][0] == KEPT


def test_it_decides_at_its_pace_and_the_last_mandate_is_crossed():
    at_work = trained(always(KEEP), interval=10 * SECOND)
    times = [T0, T0 + SECOND, T0 + 10 * SECOND, T0 + 11 * SECOND, T0 + 20 * SECOND]
    answers(at_work, *({"now": now} for now in times))
    assert at_work.rows["decisions"][0] == 3
    late = {"now": T0 + 59 * SECOND, "final": 1}
    assert answers(trained(always(KEEP)), late)[0][:3] == (TAKE, 116, 100)
    assert answers(trained(always(KEEP), cross_final=False), late)[0][0] == KEPT
    assert answers(trained(always(KEEP)), late | {"final": 0})[0][0] == KEPT


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_not_asked_about(wrong):
    """It keeps its order and counts, and decides again as soon as it sees numbers; the notes say how often."""
    at_work, step = trained(always(POST)), 2 * SECOND
    assert at_work.notes == ()
    at_work.rows["volatility"] = wrong
    told = answers(at_work, LIVE, LIVE | {"now": T0 + step})
    assert told == [(KEPT, 0, 0, 0, T0 + step), (KEPT, 0, 0, 0, T0 + 2 * step)]
    assert not np.isfinite(at_work.rows["observation"]).all()
    assert (at_work.rows["decisions"][0], at_work.rows["blind"][0]) == (2, 2)
    assert "in 2 of 2 decisions" in at_work.notes[0]
    at_work.rows["volatility"] = 0.7
    assert answers(at_work, {})[0][0] == REST


def test_a_new_mandate_is_a_new_order():
    at_work = trained(always(KEEP))
    second = {"start": T0 + 60 * SECOND, "now": T0 + 60 * SECOND, "deadline": T0 + 120 * SECOND, "remaining": 70}
    answers(at_work, {"paid": 0}, second | {"paid": 3000, "made": 30})
    row = at_work.rows[0]
    assert (row["task"]["quantity"], row["task"]["start"]) == (70, T0 + 60 * SECOND)
    assert (row["progress"]["paid"], row["progress"]["made"]) == (0, 0)
    assert row["task"]["volume"] == pytest.approx(30.0 * 60)


def test_what_is_known_was_seen_before_the_order():
    """Typical spread, depth, volume and volatility of the time before the start; nothing after it matters."""
    events = session()
    day = _day(events)
    order = parent(100, start=OPEN + 5 * MINUTE, end=OPEN + 6 * MINUTE)
    known = known_before(order, day, SECOND)
    quotes = day.market.quotes
    at = np.searchsorted(quotes["ts_event"], np.arange(OPEN + SECOND, order.start, SECOND)) - 1
    rows = quotes[at]
    assert known["spread"] == pytest.approx((rows["ask"] - rows["bid"]).mean(), rel=0.02)
    prints = events[(events["action"] == ord("E")) & (events["ts_event"] < order.start)]
    assert known["rate"] == pytest.approx(prints["size"].sum() / 300)
    assert known_before(order, _day(events[events["ts_event"] < order.start]), SECOND) == known
    with pytest.raises(ConfigError, match="looks at the market before the order"):
        known_before(parent(100, start=OPEN + 5 * SECOND), day, SECOND)


def _day(events):
    from tickwright.book.tape import compile_tape

    made = compile_tape(events)
    day = type("Day", (), {})()
    day.begin, day.market = OPEN, Market(quotes_of(made), trades_of(events), OPEN, CLOSE)
    return day


@pytest.mark.parametrize(
    ("text", "name", "levels"),
    [
        ("rl:a/b.twp", "rl:a/b.twp", 0),
        ("twap/rl:policy.twp", "twap/rl:policy.twp", 1),
        ("split(weights=1:2)/vwap(slices=3) / rl:/x/y z.twp( lead=2s, interval=0s )", None, 2),
        ("rl:twap(lead=2s)", "rl:twap(lead=2s)", 0),
        ("registry:policies", "registry:policies", 0),
        ("twap/registry:/x/twap( lead=2s )", "twap/registry:/x/twap(lead=2s)", 1),
    ],
)
def test_names_of_trained_policies(text, name, levels):
    policy = parse_policy(text)
    assert policy.name == (name or "split(weights=1:2)/vwap(slices=3)/rl:/x/y z.twp(lead=2s)")
    assert parse_policy(policy.name) == policy
    assert len(policy.stack) == levels
    assert policy.tick.code == CUSTOM


@pytest.mark.parametrize(
    "text",
    ["rl:", "rl", "twap/rl:", "twap/rl:f(slices=3)", "rl:f(lead=x)", "none/rl:f", "registry:", "registry:d(x=1)"],
)
def test_wrong_names_of_trained_policies(text):
    with pytest.raises(ConfigError):
        parse_policy(text)
