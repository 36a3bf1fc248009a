"""Baselines: every decision against a plain twin, every schedule against the planner's, every episode by hand."""

import dataclasses as dc
import itertools
import sys

import numpy as np
import policy_twin as twin
import pytest
from benchmark_sample import trained

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.units import SECOND
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.artefact import save
from tickwright.learn.layout import EPISODE, OUTCOME, End
from tickwright.learn.policies import (
    NAMES,
    Baseline,
    Course,
    Numbers,
    clairvoyant,
    compare,
    evaluate,
    policy_of,
    tune,
    tune_leave,
)
from tickwright.learn.policies.aim import aimed as aimed_
from tickwright.learn.policies.bound import _cheapest
from tickwright.learn.policies.kernel import decide_rows
from tickwright.learn.policies.layout import Placement
from tickwright.learn.policies.paired import cvar
from tickwright.learn.policies.tuning import OFFSETS
from tickwright.strategy.intraday.almgren_chriss import almgren_chriss
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.intraday.obizhaeva_wang import exponential, obizhaeva_wang
from tickwright.strategy.intraday.pov import PPM, participation_target
from tickwright.strategy.learned.actions import ACTIONS, CROSS, KEEP, legal, lots_of
from tickwright.venue.sim.reactive.parameters import FP

CONFIG = EpisodeConfig(steps=12, messages=40, templates=3, warmup=4_000, maker_fee=-0.1, taker_fee=0.2)
PLACEMENTS = ("take", "post-then-cross", "peg", "mid-peg", "leave", "heuristic")


# -- decisions ---------------------------------------------------------------------------------------------------------


def states(count, seed):
    """EPISODE rows in any state, within what a market may show: small numbers, so that ties and edges are met."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, EPISODE)
    task, progress, sight, recall = (rows[name] for name in ("task", "progress", "sight", "recall"))
    task["side"] = rng.choice((-1, 1), count)
    task["slice"] = rng.choice((1, 2, 3, 10, 33), count)
    task["quantity"] = np.maximum(1, task["slice"] * rng.integers(1, 31, count) - rng.integers(0, 3, count))
    task["typical_spread"], task["volume"] = rng.choice((1.0, 1.7), count), rng.choice((50.0, 1_000.0), count)
    task["slope"] = rng.choice((0.0, 0.8, -0.5), count)
    progress["remaining"] = rng.integers(0, task["quantity"] + 1)
    sight["quoted"] = rng.random(count) < 0.95
    sight["bid"], spread = rng.integers(90, 110, count), rng.integers(1, 8, count)
    sight["ask"] = sight["bid"] + spread
    for name in ("bid_sizes", "ask_sizes"):
        sight[name] = rng.integers(0, 40, (count, 5))
    near = np.where(task["side"] > 0, sight["bid"], sight["ask"])
    live = rng.random(count) < 0.5
    progress["live"] = np.where(live, np.minimum(progress["remaining"], rng.integers(1, 60, count)), 0)
    progress["live_price"] = near + task["side"] * rng.integers(-1, 3, count)
    recall["first_traded"] = rng.integers(0, 100, count)
    sight["traded"] = recall["first_traded"] + rng.integers(0, 900, count)
    rows["step"] = rng.integers(0, STEPS, count)
    rows["outcome"]["seed"] = rng.integers(0, 2**63, count)
    return rows


STEPS = 13
"""Of the states: no even share of an order in whole lots then ends in a half, which either side may be rounded to."""


def decided(policy, rows, steps=STEPS):
    actions, settings = np.empty(len(rows), np.int64), dc.replace(CONFIG, steps=steps).settings(0)
    decide_rows(policy._row, policy.curve(steps), settings, rows, actions)
    return actions


def due(row, schedule, numbers, steps=STEPS):
    """(by now, by the end of the step), from the planners of the strategy package."""
    step, quantity = int(row["step"]), int(row["task"]["quantity"])
    if schedule == "pov":
        others = float(row["sight"]["traded"] - row["recall"]["first_traded"])
        ends = others, others + row["task"]["volume"] / steps
        share = numbers.rate / (1 - numbers.rate) if numbers.rate else quantity / row["task"]["volume"]
        plan = [min(quantity, int(np.floor(share * volume + 0.5))) for volume in ends]
    elif schedule == "once":
        plan = [quantity if step else 0, quantity]
    else:
        plan = [planned(schedule, quantity, float(row["task"]["slope"]), numbers, steps)[step + i] for i in range(2)]
    return plan[0], quantity if step == steps - 1 else plan[1]


def planned(schedule, quantity, slope, numbers, steps):
    """Cumulative lots at the edges of the steps."""
    end = steps * SECOND
    if schedule == "ac":
        found = almgren_chriss(0, end, steps, quantity, numbers.urgency)
    elif schedule == "ow":
        found = obizhaeva_wang(0, end, steps, quantity, exponential(numbers.half_life * end))
    else:
        edges = np.linspace(0.0, 1.0, 1_000 * steps + 1)  # of the volume curve, in small steps
        volume = np.exp(2.0 * (slope if schedule == "vwap" else 0.0) * (edges[1:] + edges[:-1]) / 2.0)
        found = schedule_of(even_grid(0, end, steps), volume.reshape(steps, -1).sum(axis=1), quantity)
    return [0, *found.cumulative]


NUMBERS = (
    Numbers(),
    Numbers(rate=0.2, urgency=0.7, half_life=0.05, slack=0.0, offset=3, behind=0.0, cross_at=0.1, cross_spread=2.5,
            improve_spread=0.5, pull_below=-0.2, ahead=0.0, deep=0.6),
    Numbers(rate=0.05, slack=3.0, offset=-2, behind=30.0, cross_at=1.1, pull_below=-1.1, ahead=30.0, deep=1.0),
)  # fmt: skip


@pytest.mark.parametrize("schedule", ["twap", "vwap", "pov", "ac", "ow", "once"])
def test_every_decision_is_that_of_the_plain_twin(schedule):
    """Invariant: schedule by the planners of the strategy package and placement by the twin give the same action."""
    rows = states(400, 1)
    met = set()
    for numbers in NUMBERS:
        told = [told_of(row, schedule, numbers) for row in rows]
        for placement in PLACEMENTS:
            actions = decided(Baseline(f"{schedule}/{placement}", numbers), rows)
            for row, state, action in zip(rows, told, actions, strict=True):
                assert action == twin.decide(placement, numbers, state), (placement, numbers, state)
                assert legal(action, row["task"], row["progress"], row["sight"])
            met |= set(actions.tolist())
    assert {0, 1, 2, 6, 7, 11, 12, 13, 14, 15, 16} <= met  # the twin was asked for all of them, ...
    assert schedule == "once" or {3, 4, 8} <= met  # ... and for part of what is left, where part of it is due


def told_of(row, schedule, numbers):
    """A state for the twin."""
    state = {name: row[part][name].item() for part, name in FIELDS}
    by_now, by_end = due(row, schedule, numbers)
    done = state["quantity"] - state["remaining"]
    state |= {"overdue": by_now - done, "due": by_end - done, "decisions": STEPS - int(row["step"])}
    return state | {"bids": row["sight"]["bid_sizes"].tolist(), "asks": row["sight"]["ask_sizes"].tolist()}


FIELDS = [
    *(("task", name) for name in ("side", "quantity", "slice", "typical_spread")),
    *(("progress", name) for name in ("remaining", "live", "live_price")),
    *(("sight", name) for name in ("quoted", "bid", "ask")),
]


def test_half_of_a_volume_curve_has_the_slope_that_was_predicted():
    """A slope of log 3: a quarter of the volume, and of the order, in the first half."""
    row = states(1, 3)
    row["task"]["quantity"], row["progress"]["remaining"] = 4_000, 4_000
    row["task"]["slice"], row["task"]["slope"], row["sight"]["quoted"], row["step"] = 100, np.log(3.0), 1, 5
    assert decided(Baseline("vwap/take"), row, 12)[0] == CROSS + 3  # 1 000 are due after half of twelve: the largest
    row["task"]["slice"] = 1_000  # ... and one slice exactly
    assert decided(Baseline("vwap/take"), row, 12)[0] == CROSS + 1


def test_pov_is_the_share_of_all_volume():
    """Against the planner's whole lots: the same target, rounded to the nearest rather than down."""
    for others, rate in itertools.product((0, 7, 100, 4_001), (0.05, 0.1, 0.3)):
        row = states(1, 3)
        row["task"]["quantity"] = 10**6
        row["sight"]["traded"] = row["recall"]["first_traded"] + others
        by_now, _ = due(row[0], "pov", Numbers(rate=rate))
        assert by_now - participation_target(others, round(rate * PPM)) in (0, 1)


def test_what_is_left_can_be_crossed():
    """Invariant: no two legal crossings mean the same lots; one crosses all that is left, up to five slices."""
    for row in states(500, 4):
        task, progress, sight = row["task"], row["progress"], row["sight"]
        if sight["quoted"] == 0 or progress["remaining"] == 0 or task["slice"] == 1:  # half a lot is a lot
            continue
        sizes = [lots_of(a, task, progress) for a in range(CROSS, CROSS + 4) if legal(a, task, progress, sight)]
        assert len(set(sizes)) == len(sizes)
        assert max(sizes) == min(progress["remaining"], 5 * task["slice"])


def test_random_is_even_over_what_is_legal_and_its_own():
    rows = np.repeat(states(1, 8), 6_000)
    rows["sight"]["quoted"], rows["progress"]["remaining"] = 1, rows["task"]["quantity"]
    rows["outcome"]["seed"] = np.arange(6_000, dtype=np.uint64)
    actions = decided(Baseline("random"), rows)
    allowed = [a for a in range(ACTIONS) if legal(a, rows["task"][0], rows["progress"][0], rows["sight"][0])]
    counts = np.bincount(actions, minlength=ACTIONS)
    assert set(np.flatnonzero(counts)) == set(allowed)
    expected = 6_000 / len(allowed)
    assert (np.abs(counts[allowed] - expected) < 5 * np.sqrt(expected)).all()
    assert (decided(Baseline("random", seed=1), rows) != actions).mean() > 0.5
    rows["step"] += 1
    assert (decided(Baseline("random"), rows) != actions).mean() > 0.5


def test_names_and_numbers():
    assert len(NAMES) == 6 * 6 + 2
    for name in NAMES:
        assert Baseline(name).name == policy_of(name).name == name
    assert Baseline("random").placement is Placement.RANDOM
    assert (Baseline("heuristic")._row == Baseline("twap/heuristic")._row).all()
    for bad in ("twap", "twap/", "/take", "Twap/take", "random/take", "twap/random", ""):
        with pytest.raises(ConfigError, match="policy"):
            policy_of(bad)
    for field, value in (("rate", 1.0), ("half_life", 0.0), ("ahead", -1.0), ("deep", float("nan")), ("urgency", 1e9)):
        with pytest.raises(ConfigError, match=field):
            Numbers(**{field: value})


def test_a_learned_policy_comes_from_its_file(tmp_path):
    file = tmp_path / "best.twp"
    save(trained(favourite=KEEP), file)
    policy = policy_of(f"rl:{file}")
    with Course(CONFIG, 8, 3) as course:
        course.batch.reset()
        assert (policy.decide(course.batch) == KEEP).all()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match=r"best\.twp"):
        policy_of(f"rl:{file}")


def test_submit_and_leave_rests_so_many_ticks_from_the_best():
    """Against the prices by hand: behind the best by any number, inside as far as there is room; in an episode's first
    step, where the market lets the order be for a message at most."""
    # In the preset a quote inside the spread is often hit within the message.
    config = dc.replace(CONFIG, markets=(FP.plain_small_tick(),), messages=1)
    for offset in (-3, -1, 0, 1, 2, 5):
        policy = Baseline("once/leave", Numbers(offset=offset))
        with Course(config, 64, 5) as course:
            batch = course.batch
            next(iter(course.rounds()))
            before, actions = batch.episodes.copy(), policy.decide(batch)
            with aimed_(batch, policy, actions):
                batch.step(actions)
            after = batch.episodes.copy()
        side, sight = before["task"]["side"], before["sight"]
        near = np.where(side > 0, sight["bid"], sight["ask"])
        want = near + side * np.minimum(offset, sight["ask"] - sight["bid"] - 1)
        stands = after["progress"]["live"] > 0
        assert stands.sum() > 40
        assert {1, -1} == set(side[stands])
        np.testing.assert_array_equal(after["progress"]["live_price"][stands], want[stands])
        assert (after["outcome"]["refused"] == 0).all()


def test_an_aim_leaves_no_trace():
    """What is seen after a step is what the market shows: the sight of an aimed step is that of one that only keeps,
    but for what was asked; and with the aim of an action, the same bytes as the action itself."""
    aimed = dc.make_dataclass("Aimed", [])()
    aimed.name, aimed.decide = "aimed", Baseline("once/leave").decide  # rests at the best, ...
    aimed.aim = lambda batch, actions: np.where((actions >= 2) & (actions < 7) & room(batch), 1, 0)  # ... a tick inside

    def room(batch):
        return batch.episodes["sight"]["ask"] - batch.episodes["sight"]["bid"] >= 2

    config = dc.replace(CONFIG, markets=(FP.small_tick(),))
    one, two = evaluate(config, aimed, 80, 3), evaluate(config, Baseline("once/leave", Numbers(offset=1)), 80, 3)
    assert one.tobytes() == two.tobytes()
    assert one.tobytes() != evaluate(config, Baseline("once/leave"), 80, 3).tobytes()
    with Course(config, 16, 3) as course:
        batch = course.batch
        next(iter(course.rounds()))
        batch.episodes["sight"]["quoted"][:4] = 0  # as if a side were empty, and no look had replaced what was seen
        before = batch.episodes["sight"].copy()
        with aimed_(batch, Baseline("once/leave", Numbers(offset=-2)), np.full(16, 2)):
            assert (batch.episodes["sight"] != before).all()
        np.testing.assert_array_equal(batch.episodes["sight"][:4], before[:4])


# -- in a market -------------------------------------------------------------------------------------------------------


def by_hand(config, policy, count, seed, episodes):
    """Outcomes of the first `episodes` of each of `count` rows, step after step, rows restarting by themselves; and the
    actions of the first episode."""
    batch = ExecutionBatch(config, count, seed)
    batch.reset()
    outcomes, first = [[] for _ in range(count)], []
    while min(len(found) for found in outcomes) < episodes:
        actions = policy.decide(batch)
        ended = batch.step(actions).ends != End.RUNNING
        first.append(np.where([len(found) == 0 for found in outcomes], actions, -1))
        for k in np.flatnonzero(ended):
            outcomes[k].append(batch.episodes["last"][k].copy())
    return np.array([found[:episodes] for found in outcomes]), np.array(first)


@pytest.mark.parametrize("name", ["twap/take", "ac/post-then-cross", "pov/mid-peg", "ow/leave", "heuristic", "random"])
def test_evaluate_is_the_batch_stepped_by_hand(name, monkeypatch):
    """Invariant: every field of every outcome, to the bit, over several rounds; action for action in the first."""
    policy, seen = Baseline(name), []
    spied = dc.make_dataclass("Spied", [])()
    spied.name, spied.decide = name, lambda batch: seen.append(policy.decide(batch)) or seen[-1]
    monkeypatch.setattr("tickwright.learn.policies.course.AT_ONCE", 5)
    scores = evaluate(CONFIG, spied, 13, 7)
    outcomes, actions = by_hand(CONFIG, policy, 5, 7, 3)
    for i, score in enumerate(scores):
        want = outcomes[i % 5, i // 5]
        assert all(score[field] == want[field] for field in OUTCOME.names), (i, score, want)
    for t, row in enumerate(actions[: CONFIG.steps]):
        going = row >= 0
        np.testing.assert_array_equal(seen[t][going], row[going])
    assert (scores["refused"] == 0).all()
    assert (scores["unfilled"] == 0).all()


def test_neither_threads_nor_the_number_of_episodes_nor_the_row_order_change_a_byte():
    for name in ("heuristic", "random"):
        one = evaluate(CONFIG, Baseline(name), 40, 3)
        assert one.tobytes() == evaluate(CONFIG, Baseline(name), 40, 3, threads=2).tobytes()
        assert one[:9].tobytes() == evaluate(CONFIG, Baseline(name), 9, 3).tobytes()
        with Course(CONFIG, 40, 3) as course:  # a course forgets who played before
            course.play(Baseline("ow/take"))
            assert one.tobytes() == course.play(Baseline(name)).tobytes()
    rows = states(300, 12)
    order = np.random.default_rng(1).permutation(300)
    for name in NAMES:
        np.testing.assert_array_equal(decided(Baseline(name), rows[order]), decided(Baseline(name), rows)[order])


def test_two_policies_meet_the_same_episodes():
    """Common random numbers: the same market seed and the same order at every index, whoever plays it."""
    told = [evaluate(CONFIG, Baseline(name), 60, 5) for name in ("once/take", "twap/leave", "random")]
    for other in told[1:]:
        for field in ("seed", "template", "side", "quantity", "arrival"):
            np.testing.assert_array_equal(told[0][field], other[field])
        assert (other["steps"] != told[0]["steps"]).any()
        assert (other["shortfall"] != told[0]["shortfall"]).any()
    assert len(set(told[0]["seed"])) == 60


def test_twap_take_is_a_slice_a_step():
    """Where an order is ten even slices in ten steps: at every step exactly one slice is traded, and none is forced."""
    config = EpisodeConfig(
        markets=(FP.plain(),), steps=10, slices=10, templates=4, warmup=4_000, participation=(0.1, 0.2), reach=1_000
    )
    batch, policy = ExecutionBatch(config, 200, 4, restart=False), Baseline("twap/take")
    batch.reset()
    task = batch.episodes["task"].copy()
    even = task["quantity"] == 10 * task["slice"]
    assert even.sum() > 10
    left = np.zeros((10, 200), np.int64)
    for n in range(10):
        actions = policy.decide(batch)
        if n == 0:
            assert (actions[even] == CROSS + 1).all()
        batch.step(actions)
        left[n] = batch.episodes["progress"]["remaining"]
    deep = even & (batch.markets["edge_units"] == 0)  # where no side ran out of orders
    assert deep.sum() > 10
    np.testing.assert_array_equal(left[:, deep], np.arange(9, -1, -1)[:, None] * task["slice"][deep])
    assert (batch.episodes["last"]["forced"][deep] == 0).all()


def test_news_has_no_mean_and_takes_out_noise():
    scores = evaluate(EpisodeConfig(templates=8), Baseline("twap/peg"), 1_024, 3, threads=2)
    assert abs(scores["news"].mean()) < 4 * scores["news"].std() / 32
    assert np.var(scores["shortfall"] - scores["news"]) < 0.5 * np.var(scores["shortfall"])


def test_news_of_an_order_that_waits_is_the_walk():
    """Who keeps until the deadline pays for all that the news moved while the whole order was left."""
    idle = dc.make_dataclass("Idle", [])()
    idle.name, idle.decide = "idle", lambda batch: np.full(batch.count, KEEP)
    with Course(CONFIG, 8, 2) as course:
        course.batch.reset()
        walk = course.batch.markets["walk"].copy()
        scores = course.play(idle)
        moved = course.batch.markets["walk"] - walk
        np.testing.assert_allclose(scores["news"], 1e4 * scores["side"] * moved / scores["arrival"], atol=1e-9)
    assert (scores["forced"] == scores["quantity"]).all()


# -- the bound -------------------------------------------------------------------------------------------


def test_the_cheapest_lots_by_trying_all():
    """Against every way to spread a few lots over a few prices."""
    rng = np.random.default_rng(3)
    for _ in range(60):
        prices = rng.integers(90, 99, 4).astype(float)
        prices[rng.random(4) < 0.2] = np.inf
        quantity, most = int(rng.integers(1, 7)), int(rng.integers(0, 4))
        quoted = np.isfinite(prices).sum()
        allowed = max(most, -(-quantity // max(quoted, 1)))
        ways = [w for w in itertools.product(range(allowed + 1), repeat=4) if sum(w) == quantity]
        costs = [sum(n * p for n, p in zip(w, prices, strict=True) if n) for w in ways]
        if quoted:
            assert _cheapest(prices[None], np.array([quantity]), np.array([most]))[0] == min(costs)


def test_nobody_who_crosses_beats_the_clairvoyant():
    """On the episodes of the same seed; with one decision at the arrival mid it pays half the spread, and the fee."""
    bound = clairvoyant(CONFIG, 64, 5, limit=1.0)
    resting = clairvoyant(CONFIG, 64, 5, limit=1.0, resting=True)
    for name in ("twap/take", "ac/take", "ow/take", "once/take"):
        found = compare(bound, evaluate(CONFIG, Baseline(name), 64, 5))
        assert found.difference.interval[1] < 0.0
    assert (resting["shortfall"] < bound["shortfall"]).all()
    single = dc.replace(CONFIG, steps=1, messages=1)
    paid = clairvoyant(single, 32, 5)
    with Course(single, 32, 5) as course:
        course.batch.reset()
        sight = course.batch.episodes["sight"].copy()
    half = 0.5 * (sight["ask"] - sight["bid"]) + CONFIG.taker_fee
    at_once = 1e4 * half / paid["arrival"]
    assert (paid["shortfall"] <= at_once + 1e-9).all()
    assert np.isclose(paid["shortfall"], at_once).mean() > 0.5  # one message later nothing is cheaper, mostly
    with pytest.raises(ConfigError, match="limit"):
        clairvoyant(CONFIG, 4, 1, limit=0.0)


# -- comparisons -------------------------------------------------------------------------------------------


def test_a_comparison_by_its_formulas():
    rng = np.random.default_rng(2)
    one, two = (evaluate(CONFIG, Baseline(name), 40, 6) for name in ("twap/take", "twap/peg"))
    for rows in (one, two):
        rows["shortfall"], rows["news"] = rng.normal(3.0, 2.0, 40), rng.normal(0.0, 1.0, 40)
        rows["template"] = np.arange(40)  # a book each: independent
    one["end"][3] = End.FAULT
    found = compare(one, two)
    kept = np.arange(40) != 3
    gap = ((one["shortfall"] - one["news"]) - (two["shortfall"] - two["news"]))[kept]
    assert (found.episodes, found.stopped) == (39, 1)
    assert found.difference.value == pytest.approx(gap.mean())
    assert found.difference.interval[1] == pytest.approx(gap.mean() + 1.96 * gap.std(ddof=1) / np.sqrt(39))
    assert found.cvar[0] == pytest.approx(np.sort(one["shortfall"][kept])[-2:].mean())  # 5 % of 39, upwards
    assert found.wins == (one["shortfall"] < two["shortfall"])[kept].mean()
    assert f"{gap.mean():+.3f}" in str(found)
    assert cvar(np.arange(100.0)) == pytest.approx(97.0)
    for field in ("seed", "quantity"):
        other = two.copy()
        other[field][0] += 1
        with pytest.raises(ConfigError, match=field):
            compare(one, other)
    with pytest.raises(ConfigError, match="episodes"):
        compare(one, two[:-1])


# -- tuning -------------------------------------------------------------------------------------------------


def test_tuning_is_deterministic_and_keeps_to_its_budget():
    """Same numbers over one thread or two, others for another seed, and never more episodes than allowed."""
    told = []
    found = tune(CONFIG, 800, 3, a_trial=40, progress=lambda *pair: told.append(pair))
    assert found == tune(CONFIG, 800, 3, a_trial=40, threads=2)
    assert found != tune(CONFIG, 800, 4, a_trial=40)
    assert (found.trials, found.episodes <= 800) == (12, True)
    assert told[-1] == (800, 800)
    assert found.policy.name in ("twap/heuristic", "ac/heuristic", "ow/heuristic")
    assert found.policy.numbers == found.numbers


def test_tuning_finds_what_lies_about():
    """Takers pay ten ticks a lot and makers get five: the tuned one rests, and costs far less than who takes."""
    config = dc.replace(CONFIG, maker_fee=-5.0, taker_fee=10.0, participation=(0.02, 0.05))
    found = tune(config, 3_000, 1, a_trial=80)
    best = evaluate(config, found.policy, 200, 9)
    assert compare(best, evaluate(config, Baseline("twap/take"), 200, 9)).difference.interval[1] < -5.0
    assert best["made"].sum() > 0.8 * best["quantity"].sum()


def test_an_offset_is_found_where_it_pays():
    """Of all schedules and offsets that with the lowest cost on episodes of its own; one thread or two, the same."""
    config = dc.replace(CONFIG, markets=(FP.plain_small_tick(),))  # where the offset matters most
    found = tune_leave(config, 1_000, 3)
    assert found == tune_leave(config, 1_000, 3, threads=2)
    assert (found.trials, found.episodes <= 1_000) == (len(OFFSETS) * 4, True)
    assert found.policy.numbers.offset in OFFSETS
    plain = min(evaluate(config, Baseline(f"{name}/leave"), 600, 9)["shortfall"].mean() for name in ("once", "twap"))
    assert evaluate(config, found.policy, 600, 9)["shortfall"].mean() < plain + 0.5


def test_tuning_refuses(monkeypatch):
    with pytest.raises(ConfigError, match="budget"):
        tune(CONFIG, 100, 1, a_trial=40)
    with pytest.raises(ConfigError, match="budget"):
        tune_leave(CONFIG, 100, 1)
    with pytest.raises(ConfigError, match="offset"):
        Numbers(offset=0.5)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"optuna.*pip install"):
        tune(CONFIG, 800, 1, a_trial=40)


def test_another_market():
    """Policies know nothing of FP: the market's parameters are the config's."""
    config = dc.replace(CONFIG, markets=(dc.replace(FP(), impact=0.1), FP()))
    scores = evaluate(config, Baseline("heuristic"), 24, 1)
    assert set(scores["end"]) <= {End.FILLED, End.DEADLINE}
    assert len(set(scores["template"] // 3)) == 2
