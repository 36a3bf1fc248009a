"""The gate of a policy: honest ones pass in short form, and each check sees what it is there for."""

import dataclasses as dc
import json

import numpy as np
import pytest

from tickwright.core.events import Action
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.gate import Sizes, audit, policy, run_gate, verdict, worked
from tickwright.learn.gate.check import exactly
from tickwright.learn.layout import ACCOUNT, End
from tickwright.learn.policies import Baseline, Course
from tickwright.strategy.learned.actions import CROSS, KEEP, MID, POST
from tickwright.venue.sim.reactive.parameters import FP, QueueReactive, SantaFe

CONFIG = EpisodeConfig(steps=10, messages=60, templates=8, warmup=4_000, side="buy")
COSTS = [f"policy: cost of a parent of {share:.0%} of the volume, ticks a lot" for share in policy.PARTICIPATIONS]
TRIPS = [f"policy: round trip of {share:.0%} of the volume loses, ticks a lot" for share in policy.ROUND_TRIPS]
ROUND_TRIP = TRIPS[-1]
SECRET, MIRROR = "policy: decisions by what no trader sees", "policy: decisions that differ in a mirror"
LEGAL, LEFT = "policy: actions that are not legal", "policy: lots left unexecuted, or books stopped"
CONSERVED = "policy: shares and cash are conserved, violations"
QUEUE = "policy: own fills within the volume after the queue ahead, violations"
FAIR = "policy: buying and selling differ, typical spreads"


@dc.dataclass
class Made:
    """A policy of a function."""

    name: str
    decide: object


def checks_of(given, judged, books=192):
    return {check.name: check for check in policy.policy_checks(given, judged, books, 2, 8, 2)}


@pytest.mark.parametrize(
    "name", ["twap/take", "twap/post-then-cross", "pov/mid-peg", "once/leave", "heuristic", "random"]
)
def test_baselines_pass_in_the_default_market(name):
    checks = checks_of(FP(), Baseline(name))
    assert list(checks) == [*COSTS, FAIR, *TRIPS, LEFT, LEGAL, SECRET, MIRROR, CONSERVED, QUEUE]
    for check in checks.values():
        assert check.passed, check
    rests = 0.0 if name == "twap/take" else 0.15
    assert checks[LEFT].detail["maker_share"] >= rests
    assert (checks[QUEUE].detail["own_fills_at_rest"] > 0) is (rests > 0.0)


@pytest.mark.parametrize("given", [SantaFe(), QueueReactive()], ids=lambda given: given.name)
def test_a_market_that_pays_who_rests_is_told(given):
    """Orders that know nothing: whoever is all at rest earns on the way there and back."""
    checks = checks_of(given, Baseline("once/leave"))
    assert checks[ROUND_TRIP].interval[1] < 0.0
    assert not any(checks[trip].passed for trip in TRIPS)
    assert not checks[COSTS[0]].passed
    assert checks[CONSERVED].passed


def test_who_knows_the_future_is_told():
    """A spy runs the books on, and crosses before the price moves against it: it earns, and it is seen reading them."""

    def spy(batch):
        markets, episodes = batch.markets.copy(), batch.episodes.copy()
        seen, masks = batch.observations.copy(), batch.masks.copy()
        before = 0.5 * (episodes["sight"]["bid"] + episodes["sight"]["ask"])
        batch.step(np.full(batch.count, KEEP))
        after = 0.5 * (batch.episodes["sight"]["bid"] + batch.episodes["sight"]["ask"])
        batch.markets[:], batch.episodes[:] = markets, episodes
        batch.observations[:], batch.masks[:] = seen, masks
        worse = episodes["task"]["side"] * (after - before) > 0.0
        left = np.maximum(episodes["progress"]["remaining"], 1)
        largest = np.array([max(a for a in range(CROSS, CROSS + 4) if mask[a] or a == CROSS) for mask in masks])
        return np.where(worse & masks[:, CROSS] & (left > 0), largest, KEEP)

    checks = checks_of(FP(), Made("spy", spy), books=64)
    honest = checks_of(FP(), Baseline("twap/take"), books=64)
    assert not checks[SECRET].passed
    assert not checks[COSTS[0]].passed
    assert not any(checks[trip].passed for trip in TRIPS)
    assert checks[COSTS[0]].value < honest[COSTS[0]].value - 1.0
    assert honest[SECRET].passed


def test_who_treats_sides_differently_is_told():
    """Buyers take, sellers keep until they are forced."""
    take = Baseline("once/take")
    checks = checks_of(
        FP(), Made("bully", lambda b: np.where(b.episodes["task"]["side"] > 0, take.decide(b), KEEP)), 16
    )
    assert not checks[MIRROR].passed
    assert checks[SECRET].passed


def test_who_asks_for_what_is_not_legal_is_told():
    checks = checks_of(FP(), Made("wild", lambda b: np.full(b.count, MID)), 16)
    assert checks[LEGAL].value > 0
    assert not checks[LEGAL].passed


def test_lots_that_nobody_would_trade_are_told():
    """Whoever keeps is forced, and that is reported; lots for which nobody was there, and books that stopped, count."""
    idle = Made("idle", lambda b: np.full(b.count, KEEP))
    with Course(CONFIG, 8, 2) as course:
        scores = course.play(idle)
    check = policy._count_checks([scores])[0]
    assert check.passed
    assert check.detail["forced_share"] == 1.0
    scores["unfilled"][3], scores["end"][5] = 4, End.FAULT
    assert policy._count_checks([scores])[0].value == 5


def test_a_fill_that_is_hidden_is_told(monkeypatch):
    """Rows that lose an execution of ours break the audit, whichever way they lose it."""
    honest = audit.Audit.apply

    def tampered(self, rows, actor, posted=None):
        rows = rows.copy()
        executions = np.flatnonzero(rows["action"] == Action.EXECUTE)
        rows["action"][executions[:1]] = Action.CANCEL
        honest(self, rows, actor, posted)

    monkeypatch.setattr(audit.Audit, "apply", tampered)
    checks = checks_of(FP(), Baseline("heuristic"), 4)
    assert not checks[CONSERVED].passed


def test_an_audited_episode_is_the_episode():
    """Invariant: taken apart it ends with the same account; a policy that acts otherwise the second time is told."""
    batch = ExecutionBatch(dc.replace(CONFIG, side="both"), 3, 5, restart=False)

    def seer(b):  # as a learned one: by all that is observed, memories included
        return np.where(b.observations[:, 7:].sum(axis=1) > 0.0, CROSS, POST) * b.masks[:, CROSS]

    for judged in (*map(Baseline, ("twap/peg", "twap/take", "ow/leave", "random")), Made("seer", seer)):
        audits = worked.audited(batch, judged)
        assert sum(sum(a.wrong.values()) for a in audits) == 0
        assert sum(a.fills for a in audits) > 100
    calls = []

    def fickle(b):
        calls.append(1)
        return np.full(b.count, KEEP if len(calls) > CONFIG.steps else POST)

    audits = worked.audited(batch, Made("fickle", fickle))
    assert sum(a.wrong["an episode that went otherwise when it was watched"] for a in audits) > 0


def test_a_last_cross_that_waits_for_somebody_is_no_other_episode():
    """Where few limit orders come a book is soon bought empty: the rest is crossed after further messages, which an
    episode that is held still does not have. It is told apart from one that went otherwise."""
    thin = FP(flow=dc.replace(FP().flow, posting_curve=(0.02, 1.0, 1.0), day_seconds=1e6))
    config = dc.replace(CONFIG, side="both", markets=(thin,), participation=(0.9, 1.0))
    batch = ExecutionBatch(config, 4, 5, restart=False)
    audits = worked.audited(batch, Baseline("twap/peg"))
    assert sum(sum(a.wrong.values()) for a in audits) == 0
    assert (batch.markets["events"] > config.steps * config.messages).any()


# -- there and back ----------------------------------------------------------------------------------------------------


def test_the_way_back_begins_where_the_way_there_ended():
    """Invariant: the same book and memory, the other side, all that was bought, a flat account, nothing remembered."""
    batch = ExecutionBatch(CONFIG, 12, 3, restart=False)
    batch.reset()
    first = batch.episodes["task"].copy()
    for _ in range(CONFIG.steps):
        batch.step(Baseline("twap/peg").decide(batch))
    before, ended = batch.markets.copy(), batch.episodes.copy()
    assert (ended["outcome"]["end"] != End.RUNNING).all()
    worked.turn(batch)
    after, rows = batch.markets, batch.episodes
    for name in ("book", "memory", "residue", "walk", "events", "seed", "volume", "twice_mid"):
        np.testing.assert_array_equal(after[name], before[name])
    assert (after["accounts"][:, ACCOUNT]["cash"] == 0).all()
    assert (rows["task"]["side"] == -first["side"]).all()
    for name in ("quantity", "slice", "volume", "deadline", "typical_spread"):
        np.testing.assert_array_equal(rows["task"][name], first[name])
    np.testing.assert_array_equal(rows["task"]["arrival"], ended["mid"])
    np.testing.assert_array_equal(rows["progress"]["remaining"], first["quantity"])
    assert (rows["outcome"]["end"] == End.RUNNING).all()
    assert (rows["step"] == 0).all()
    assert (rows["sight"]["now"] == first["start"]).all()
    np.testing.assert_array_equal(rows["recall"]["first_traded"], rows["sight"]["traded"])
    np.testing.assert_array_equal(batch.observations[:, 0:3], np.tile([1.0, 1.0, 0.0], (12, 1)))  # all time, all lots
    np.testing.assert_array_equal(batch.observations[:, 15:24], np.zeros((12, 9)))  # nothing done, nothing at rest


def test_a_round_trip_loses_what_the_account_lost():
    """Against both ways by hand, the account never touched: cash of a flat account is all there is."""
    with Course(CONFIG, 6, 9) as course:
        lost = policy.round_trips(course, Baseline("twap/take"))
        for _ in course.rounds():
            batch = course.batch
            walk, held, news = [batch.markets["walk"].copy()], [np.zeros(6)], np.zeros(6)
            quantity = batch.episodes["task"]["quantity"].copy()
            cash = np.zeros(6)
            for leg in range(2):
                for _ in range(CONFIG.steps):
                    batch.step(Baseline("twap/take").decide(batch))
                    account = batch.markets["accounts"][:, ACCOUNT]
                    walk.append(batch.markets["walk"].copy())
                    held.append(account["shares"] + (quantity if leg else 0))
                cash += batch.markets["accounts"]["cash"][:, ACCOUNT]
                if leg == 0:
                    worked.turn(batch)
            for before, w, v in zip(held[:-1], walk[:-1], walk[1:], strict=True):
                news -= before * (v - w)  # a position that rises with the news earns
            assert (held[-1] == 0).all()
            np.testing.assert_allclose(lost, (-cash - news) / quantity, atol=1e-9)


# -- the verdict -------------------------------------------------------------------------------------------------------


def test_a_policy_is_one_more_group(monkeypatch):
    """Its checks stand behind the market's, its name in the verdict; without one nothing changes."""
    monkeypatch.setattr(verdict, "groups_of", lambda *_: [("one", lambda: [exactly("nothing is wrong", 0)])])
    asked = []
    monkeypatch.setattr(verdict, "policy_checks", lambda *given: asked.append(given) or [exactly("policy: x", 1)])
    sizes, told = Sizes.quick(8), []
    found = run_gate(FP(), sizes, 3, lambda *step: told.append(step), Baseline("heuristic"))
    assert [check.name for check in found.checks] == ["nothing is wrong", "policy: x"]
    assert not found.passed
    assert json.loads(json.dumps(found.to_json()))["policy"] == "heuristic"
    assert asked[0][2:6] == (sizes.books, sizes.audit_books, sizes.episodes, 3)
    assert [step[0] for step in told] == ["one", "policy heuristic"]
    alone = run_gate(FP(), sizes, 3)
    assert (alone.passed, alone.to_json()["policy"], len(alone.checks)) == (True, None, 1)
