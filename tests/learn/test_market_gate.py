"""Gate A: the default market in short form, and proof that each check can fail."""

import dataclasses as dc
import json
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from tickwright.core.errors import ConfigError
from tickwright.core.events import Action
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.gate import Sizes, adversary, audit, impact, optima, programs, reward, run_gate, trials, watch
from tickwright.learn.gate.check import Estimate, exactly, mean_of, not_above, ratio_of, surely, within
from tickwright.learn.gate.degenerate import FINE, FairMarket, closed_round_trip_cost, transient_cost
from tickwright.learn.gate.mirror import reflected
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.layout import MARKET
from tickwright.venue.sim.reactive.parameters import FP, QueueReactive, SantaFe
from tickwright.venue.sim.reactive.prepare import prepare

SHORT = Sizes(
    books=384, impact_books=384, tape_books=384, market_orders=4_000, horizons=(100, 300), audit_books=2,
    audit_actions=400, quoting_books=8, quoting_steps=10_000, paths=2_048, optima_books=48, round_trips=50, episodes=8,
    budget=adversary.Budget(rounds=3, plans=24, books=32, chosen_books=192, judged_books=1_024),
)  # fmt: skip

PASS = [
    "response of the mid, in half-spreads",
    "signature plot",
    "no drift when idle, half-spreads in 100 market orders",
    "sign memory at lag 1",
    "sign memory at lag 10",
    "sign memory at lag 100",
    "all-passive over market-order TWAP",
    *(f"impact of a child of {size:g} typical sizes, ticks" for size in impact.CHILDREN),
    "exponent of impact, T = 100",
    "exponent of impact, T = 300",
    "impact left after one more length, T = 100",
    "impact left after one more length, T = 300",
    "shares and cash are conserved, violations",
    "own fills within the volume after the queue ahead, violations",
    *(f"round trip loses, ticks a lot: {name}" for name in programs.round_trips(1, 1)),
    *(f"pump loses, ticks a lot: {name}" for name in programs.pumps(1, 1)),
    "adversary's profit on unseen books, ticks a lot traded",
    "cheapest round trip in FP's law, ticks a lot",
    "round trips in FP's law against the closed form",
    *(
        f"{optimum}: {what}"
        for optimum in (
            "Obizhaeva-Wang optimum in FP's law", "Obizhaeva-Wang optimum in the replay's law",
            "Almgren-Chriss optimum in FP's law",
        )
        for what in ("largest difference of a trade, share of the parent", "cost over closed form")
    ),
    *(
        f"{optimum} in a book: {what}"
        for optimum in ("Obizhaeva-Wang optimum", "Almgren-Chriss optimum")
        for what in (
            "largest difference of a trade, share of the parent", "cost over that of the closed form's schedule",
            "simulated mean cost over closed form",
        )
    ),
    "both sides quoted after every event, violations",
    "no overflow, books stopped",
    "no leaked order, differences of table and queues",
    "mirror: states whose rewards differ",
    "perfect execution: rewards out of order",
    "truncation: decisions that knew the future",
]  # fmt: skip


@pytest.fixture(scope="module")
def verdict():
    return run_gate(FP(), SHORT, seed=1)


@pytest.mark.parametrize("name", PASS)
def test_the_default_market(verdict, name):
    check = {check.name: check for check in verdict.checks}[name]
    assert check.passed, check


def test_the_verdict_is_plain_and_complete(verdict):
    assert sorted(check.name for check in verdict.checks) == sorted(PASS)
    told = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert told["passed"] is verdict.passed is all(check["passed"] for check in told["checks"])
    assert len(list(verdict.rows())) == len(told["checks"])


# -- the rules --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_the_small_tick_nobody_earns_either():
    """The adversary in short form, the plan by which he once earned, and every program; on seeds of their own."""
    given = FP.small_tick()
    checks = [
        adversary.adversary_check(given, dc.replace(SHORT.budget, judged_books=4_096), 3),
        programs.passive_check(given, 384, 3),
        *programs.round_trip_checks(given, 384, 3),
        *programs.pump_checks(given, 1_024, 3),
    ]
    assert [check for check in checks if not check.passed] == []
    deep = {"length": 40, "target": 2.0, "take": 0, "child": 1.0, "rest": 2.0, "behind": 4, "force": 0}
    leave = {"length": 20, "target": 0.0, "take": 0, "child": 1.0, "rest": 2.0, "behind": 1, "force": 1}
    (behind,) = adversary.trial(given, [[deep, leave]], 4_096, 3)
    assert behind.traded > 0.2  # four ticks behind: market orders that shun a wide spread seldom come so far
    assert mean_of(behind.profit).interval[0] < 0.0


@pytest.mark.slow
def test_a_quote_inside_the_spread_of_the_small_tick_earns_nothing_even_where_fills_are_remembered():
    """A plan that an adversary found in a market near this one: he sells a little, then quotes inside the spread."""
    phase = {"take": 0, "child": 1.0}
    plan = [
        phase | {"length": 7, "target": -1.0, "rest": 0.0, "behind": 2, "force": 1},
        phase | {"length": 4, "target": 1.0, "rest": 2.0, "behind": -1, "force": 1},
        phase | {"length": 7, "target": -4.0, "rest": 6.0, "behind": -1, "force": 0, "show": 25.0, "show_behind": 0},
        phase | {"length": 9, "target": 0.0, "rest": 15.0, "behind": 0, "force": 1, "show": -1.0, "show_behind": 2},
    ]
    given = FP.small_tick()
    for market in (given, dc.replace(given, picked=0.9)):
        (found,) = adversary.trial(market, [plan], 1_024, 3)
        assert found.traded > 0.5
        assert mean_of(found.profit).interval[1] < 0.0


def test_estimates_against_their_definitions():
    rng = np.random.default_rng(5)
    below = rng.normal(3.0, 0.2, 4_000)
    above = 2.0 * below + rng.normal(0.0, 0.5, 4_000)
    mean = mean_of(above)
    assert mean.value == pytest.approx(np.mean(above))
    assert mean.error == pytest.approx(np.std(above, ddof=1) / math.sqrt(4_000))
    drawn = [rng.integers(0, 4_000, 4_000) for _ in range(500)]  # the bootstrap, for the delta method
    ratios = [above[i].mean() / below[i].mean() for i in drawn]
    assert ratio_of(above, below).error == pytest.approx(np.std(ratios), rel=0.15)
    assert mean_of(above[:1]).error == math.inf


def test_rules_at_their_edges():
    sure, lucky, blind = Estimate(1.0, 0.1), Estimate(1.0, 0.9), Estimate(1.0, math.inf)
    assert [within("x", e, 0.5, 2.0).passed for e in (sure, lucky, blind)] == [True, True, False]
    assert [surely("x", e, 0.0, None).passed for e in (sure, lucky, blind)] == [True, False, False]
    assert not surely("x", Estimate(0.0, 0.0), 0.0, None).passed  # nothing happened
    assert not_above("x", Estimate(0.1, 0.1), 0.0, 0.2).passed
    assert not not_above("x", Estimate(0.1, 0.1), 0.0, 0.1).passed  # too wide to tell
    assert not not_above("x", Estimate(0.3, 0.1), 0.0, 0.2).passed
    assert not_above("x", Estimate(-0.5, 0.2), 0.0, 0.1).passed  # wide, and a loss all the same
    assert not within("x", Estimate(math.nan, 0.0), None, None).passed
    assert [exactly("x", n).passed for n in (0, 1)] == [True, False]


# -- facts of made-up tapes --------------------------------------------------------------------------------------------


def made_tape(books=400, orders=1_200, seed=3):
    """Mids that walk fairly and follow each sign by 0.3 ticks one order later; signs kept with probability 0.7."""
    rng = np.random.default_rng(seed)
    same = np.where(rng.random((books, orders)) < 0.7, 1, -1)
    signs = np.cumprod(same, axis=1).astype(np.int8)
    walks = np.cumsum(rng.normal(0.0, 0.5, (books, orders)), axis=1)
    followed = np.cumsum(np.pad(0.3 * signs[:, :-1], ((0, 0), (1, 0))), axis=1)
    return watch.Tape(walks + followed, walks, signs, np.full((books, orders), 2.0), 2)


def test_facts_of_a_tape_whose_law_is_known():
    tape = made_tape()
    for lag, found in watch.sign_memory(tape, (1, 2, 3)).items():
        assert abs(found.value - 0.4**lag) < 4 * found.error < 0.02
    # one order later 0.3 ticks, then by what the signs remember
    for lag, found in watch.response(tape, (1, 2, 5)).items():
        assert abs(found.value - 0.3 * sum(0.4**k for k in range(lag))) < 4 * found.error + 1e-9 < 0.02
    walk = dc.replace(tape, mids=tape.walks)
    assert all(abs(found.value - 1.0) < 4 * found.error for found in watch.signature(walk, 100).values())
    assert watch.drift(walk).value == 0.0
    drifting = dc.replace(tape, mids=tape.walks + 0.003 * np.arange(1_200))
    assert not watch.drift_check(drifting).passed
    assert watch.signature_check(walk).passed
    assert not watch.signature_check(dc.replace(tape, mids=np.tile([0.0, 1.0], (400, 600)) + 0.01 * tape.walks)).passed


def test_exponent_and_decay_of_a_power_law():
    noise = np.random.default_rng(2).normal(0.0, 0.02, (4, 300))
    found = [
        impact.Impact(q, 100, 3.0 * q**0.6 + e, 0.5 * (3.0 * q**0.6 + e))
        for q, e in zip(impact.PARTICIPATIONS, noise, strict=True)
    ]
    slope = impact.exponent(found)
    assert abs(slope.value - 0.6) < 4 * slope.error < 0.02
    assert impact.left_after(found).value == pytest.approx(0.5)
    nothing = [dc.replace(f, peak=-f.peak) for f in found]
    assert not within("exponent", impact.exponent(nothing), 0.45, 0.7).passed


def test_a_market_without_memory_or_manners_is_told():
    """Zero intelligence has fair signs; a queue-reactive market pays whoever rests (its orders know nothing)."""
    tape = watch.record(SantaFe(), 64, 1_000, 4)
    assert [check.passed for check in watch.memory_checks(tape)] == [False, False, False]
    assert not watch.response_check(watch.record(QueueReactive(), 64, 1_000, 4)).passed
    resting = programs.round_trips(5, 50)["resting, resting back"]
    assert mean_of(programs.program(QueueReactive(), resting, 256, 3).cost).interval[1] < 0.0


def test_sweeps_earn_where_impact_outgrows_the_price_of_a_sweep():
    """What bounds FP's `impact`: more of it, and whoever swings between long and short by sweeps is paid for it."""
    swing = programs.pumps(20, 100)["swing between long and short by sweeps"]
    much = dc.replace(FP.plain(), impact=0.9, kappa=0.55, news=0.38)
    assert programs.program(much, swing, 192, 91).cost_a_lot.interval[1] < 0.0
    assert programs.program(FP(), swing, 192, 91).cost_a_lot.interval[0] > 0.0


def test_a_cost_is_told_by_the_lot_that_was_built():
    """Invariant: what was lost over what was built; forced phases build all, and who builds nothing passes nothing."""
    trips = programs.round_trips(5, 40)
    forced = programs.program(FP(), trips["taking, taking back"], 32, 7)
    assert (forced.built == 1.0).all()
    assert forced.cost_a_lot.value == pytest.approx(forced.cost.mean())
    patient = trips["resting 1 behind, resting back"]
    results = trials.carried_out(FP(), [patient], 32, 7)[0]
    built = np.abs(results["end"]["shares"][:, 0]).sum()
    assert 0 < built < 32 * 5 * trials.typical(FP())
    lost = -results["end"]["cash"][:, 1] - results["end"]["news"][:, 1]  # flat again
    assert programs.program(FP(), patient, 32, 7).cost_a_lot.value == pytest.approx(lost.sum() / built)
    idle = programs.Program(np.ones(4), np.zeros(4), 0.0)
    assert not surely("x", idle.cost_a_lot, 0.0, None).passed


def test_the_adversary_finds_the_money_that_lies_about():
    """In a market without informed orders somebody who rests earns, and the search must come upon it."""
    check = adversary.adversary_check(QueueReactive(), SHORT.budget, 2)
    assert check.interval[0] > 0.0, check
    assert not check.passed


# -- plans --------------------------------------------------------------------------------------------


def test_a_plan_does_what_it_says():
    """Invariant: targets are reached exactly, cash is what the fills cost, and the two books of a pair are mirrored."""
    phases = [trials.resting(40, 6), trials.waiting(10, 6), {**trials.taking(40, -4), "show": 3, "show_behind": 1}]
    results = trials.carried_out(FP(), [phases], 32, 6)[0]
    unit, signs = trials.typical(FP()), trials.paired_signs(32)
    np.testing.assert_array_equal(results["end"][:, 0]["shares"], signs * 6 * unit)
    np.testing.assert_array_equal(results["end"][:, 1]["shares"], signs * 6 * unit)
    np.testing.assert_array_equal(results["end"][:, 2]["shares"], -signs * 4 * unit)
    for i, least in enumerate((40, 50, 90)):
        assert (results["end"][:, i]["trades"] >= least).all()
    assert (results["made"] > 0).any()
    price = np.abs(results["end"][:, 0]["cash"] / results["end"][:, 0]["shares"])
    assert (np.abs(price - results["start"]["mid"]) < 30).all()
    with pytest.raises(ConfigError, match="count"):
        trials.carried_out(FP(), [phases], 3, 6)


# -- conservation --------------------------------------------------------------------------------------------


def test_an_audit_sees_what_is_wrong(monkeypatch):
    """Rows that were tampered with are counted, each kind of tampering under its name."""
    honest = audit.Audit.apply

    def tampered(change):
        def apply(self, rows, actor, posted=None):
            rows = rows.copy()
            change(rows, np.flatnonzero(rows["action"] == Action.EXECUTE))
            honest(self, rows, actor, posted)

        return apply

    def less(rows, executions):
        rows["size"][executions[:1]] -= 1

    def elsewhere(rows, executions):
        rows["price"][executions[:1]] += 1

    def hidden(rows, executions):
        rows["action"][executions[:1]] = Action.CANCEL

    wrong = []
    for change in (less, elsewhere, hidden):
        monkeypatch.setattr(audit.Audit, "apply", tampered(change))
        wrong.append(audit.wander(FP(), 120, 10, 5).wrong)
    assert wrong[0]["orders of the book"] == 1
    assert wrong[1]["an execution elsewhere than its order"] > 0
    assert wrong[2]["cash of an account"] > 0
    monkeypatch.setattr(audit.Audit, "apply", honest)
    assert sum(audit.wander(FP(), 120, 10, 5).wrong.values()) == 0


def test_fills_before_the_queue_ahead_are_told():
    """The queue in plain sight: 50 lots stand ahead of ours, 20 of them cancel, so 30 must trade first."""
    book = audit.Audit(np.zeros(1, MARKET)[0])
    book._join(1, 0, True, 100, 50)
    book._join(2, 1, True, 100, 10)
    book._leave(1, 20, cancelled=True)
    book._execute(1, True, 100, 29, 0)
    assert not book.wrong
    book._execute(2, True, 100, 1, 0)  # one too early
    assert book.wrong["own fills beyond the volume after the queue ahead"] == 1
    assert book.wrong["an execution out of price and time priority"] == 1


# -- laws and optima --------------------------------------------------------------------------------------------


def test_the_laws_cost_what_their_formulas_say():
    """A linear law is a double sum over its kernel; the replay's is one with a single exponential."""
    rng = np.random.default_rng(8)
    trades = np.rint(rng.normal(0.0, 5.0, 40))
    weights, memory = (0.3, 0.2, 0.1, 0.05), (2.0, 10.0, 50.0, 1e9)
    lag = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    kernel = sum(w * np.exp(-lag / tau) for w, tau in zip(weights, memory, strict=True))
    cost = FairMarket.linear(weights, memory).costs(trades, np.zeros(1, np.uint64))[0]
    assert cost == pytest.approx(0.5 * trades @ kernel @ trades, rel=1e-3)
    times = np.arange(40) * 1_000_000_000
    replay = transient_cost(0.7, 5e9, times, trades)
    assert replay == pytest.approx(0.5 * trades @ (0.7 * np.exp(-lag / 5.0)) @ trades, rel=1e-9)


def test_the_closed_form_of_a_round_trip_is_an_integral():
    given = dc.replace(FP(), n0=0.7)

    def h(n):
        return n / math.sqrt(abs(n) + 0.7)

    keep, scale = np.exp(-1.0 / np.array(given.memory)), given.impact * np.array(given.weights)
    trades, cost, memory = [3.0, 0.0, 4.0, -7.0], 0.0, np.zeros(4)
    for lots in trades:
        cost += sum(s * quad(h, m, m + lots)[0] for s, m in zip(scale, memory, strict=True))
        memory = (memory + lots) * keep
    assert closed_round_trip_cost(given, np.array(trades)) == pytest.approx(cost, rel=1e-6)
    # g is a constant of an owner, so it is left out
    still = FairMarket.of(dc.replace(given, news=0.0, impact_news=1.5, impact_posting=0.5))
    assert still.costs(np.array(trades), np.zeros(1, np.uint64), FINE)[0] == pytest.approx(cost, rel=2e-3)


def test_the_search_for_a_schedule_against_another_optimiser():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(6, 6))
    matrix = root @ root.T + np.eye(6)

    def cost(shares):
        return float(shares @ matrix @ shares + 0.05 * np.sum(shares**4))

    found = minimize(cost, np.full(6, 1 / 6), constraints={"type": "eq", "fun": lambda x: x.sum() - 1.0}, tol=1e-12)
    np.testing.assert_allclose(optima.minimise(cost, 6), found.x, atol=2e-3)


# -- rewards --------------------------------------------------------------------------------------------


def test_the_mirror_is_a_market_of_its_own_and_its_mirror_is_the_first():
    """Invariant: check_market finds nothing in a mirrored market; reflected twice every order is where it was."""
    hearing = dc.replace(reward.CONFIG.markets[0], swift=0.8, swift_memory=1e3)
    config = dc.replace(reward.CONFIG, side="buy", markets=(hearing,))
    batch = ExecutionBatch(config, 6, 3, restart=False)
    batch.reset()
    rng = np.random.default_rng(1)
    for _ in range(4):
        batch.step(reward.any_legal(rng, batch.masks))
    params = prepare(config.markets[0])
    markets, episodes = batch.markets.copy(), batch.episodes.copy()
    mirrored, others = reflected(markets, episodes, params)
    assert all(check_market(m, params[0]) == [] for m in mirrored)
    np.testing.assert_allclose(mirrored["up"], markets["down"], rtol=1e-9)
    assert (np.abs(markets["push"]) > 0.1).all()
    again, back = reflected(mirrored, others, params)
    for one, two in zip(markets, again, strict=True):
        assert in_queues(one) == in_queues(two)
        for name in ("reference", "twice_mid", "walk", "signed", "push"):
            assert one[name] == two[name]
        assert one["accounts"]["cash"].tolist() == two["accounts"]["cash"].tolist()
    for name in ("task", "sight", "recall", "cash", "shares", "mid"):
        np.testing.assert_array_equal(episodes[name], back[name])


def in_queues(market):
    table = market["book"]["orders"]
    live = table[table["qty"] > 0]
    return sorted(
        (int(o["side"]), int(o["price"]), n, int(o["qty"]), int(o["owner"]))
        for side in (0, 1)
        for price in set(live["price"][live["side"] == side].tolist())
        for n, o in enumerate(np.sort(live[(live["side"] == side) & (live["price"] == price)], order="born"))
    )


def test_a_reward_that_favours_a_side_is_told(monkeypatch):
    """A mirror that forgets what the account paid makes buyers and sellers differ, and the check says so."""

    def crooked(markets, episodes, params):
        others, seen = reflected(markets, episodes, params)
        seen["cash"] += 1
        return others, seen

    monkeypatch.setattr(reward, "reflected", crooked)
    assert not reward.mirror_check(FP(), 4, 1).passed


# -- what may be asked --------------------------------------------------------------------------------------------


def test_a_market_that_cannot_be_measured_fails_by_name():
    slow = dc.replace(FP(), queues=dc.replace(FP().queues, market=(0.0, 1e-12)))
    budget = dc.replace(SHORT.budget, rounds=1, plans=2, books=2)
    sizes = dc.replace(SHORT, books=4, tape_books=4, market_orders=10, paths=64, optima_books=8, budget=budget)
    failed = {check.name: check for check in run_gate(slow, sizes).checks if "error" in check.detail}
    assert {"what the market does by itself", "taking and resting", "round trips and pumps"} <= set(failed)
    assert not any(check.passed for check in failed.values())
    with pytest.raises(ConfigError, match="seeds"):
        Sizes(books=7)
