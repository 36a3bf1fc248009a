"""A policy in a market: does it live by the market's rules, and does it pay for what it trades?

1. Costs: parents of several sizes, each bought and sold in the same books at the same draws. Each must have a cost that
   is surely positive, and buying must cost what selling costs.
2. Round trips: a parent bought, then sold back in the same book, and the reverse, loses money. So nobody is paid by a
   market that forgets, and nobody knows the future.
3. Counts: nothing is left unexecuted, no action is illegal, no decision looks at what no trader sees, and in a mirror
   a seller does what the buyer did.
4. Audit: shares and cash, and fills at rest, by a plain account on the emitted rows.

Costs and losses are in ticks a lot, less the news (`policies.course`), and without fees; samples are pairs of books.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.gate.audit import judged
from tickwright.learn.gate.check import Check, Estimate, exactly, mean_of, not_above, surely
from tickwright.learn.gate.mirror import reflected
from tickwright.learn.gate.worked import audited, turn
from tickwright.learn.layout import ACCOUNT, End
from tickwright.learn.policies.course import Course, work
from tickwright.learn.policies.paired import cvar
from tickwright.learn.policies.port import Policy
from tickwright.strategy.learned.actions import ACTIONS
from tickwright.venue.sim.reactive.parameters import Parameters
from tickwright.venue.sim.reactive.prepare import prepare

PARTICIPATIONS = (0.02, 0.05, 0.1, 0.2)
"""Sizes of a parent, as shares of the volume forecast over its horizon."""
ROUND_TRIPS = (0.02, 0.1)
"""Sizes of what is bought and sold back: a patient one, which a market may pay by mistake, and one with impact."""
TRIP_BOOKS = 4
"""Times as many books for round trips: they lose little, a difference of two large sums. Where that is surely more than
nothing, 2 048 books may not show it: of a trip that loses .17 ticks on 8 192 of them, ±.09, they saw .02, ±.18."""
FAIR = 0.1
"""Typical spreads by which buying may differ from selling: nothing shall show that it is more, ..."""
FAIR_RESOLUTION = 1.0
"""... in an interval that is at most so wide on either side."""
_BURN_IN = 5_000
_SIDES = ("buy", "sell")

Progress = Callable[[int, int], None]


def config_of(given: Parameters, books: int) -> EpisodeConfig:
    """The default episode without fees, each in a book that was warmed up for it, or nearly so."""
    return EpisodeConfig(markets=(given,), templates=books, warmup=_BURN_IN, side="buy")


def policy_checks(
    given: Parameters, policy: Policy, books: int, audit_books: int, states: int, seed: int,
    progress: Progress = lambda done, total: None,
) -> list[Check]:  # fmt: skip
    """Every check of a policy: `books` pairs for costs, `TRIP_BOOKS` times as many for round trips, `audit_books`
    audited episodes, `states` rows whose decisions are looked at one by one. Raises ConfigError."""
    checks: list[Check] = []
    parts = len(PARTICIPATIONS) + len(ROUND_TRIPS) + 1
    with Course(config_of(given, books), books, derive(seed, "policy")) as course:
        played: list[list[np.ndarray]] = []
        for n, share in enumerate(PARTICIPATIONS):
            progress(n, parts)
            played.append([_play(course, policy, side, share) for side in _SIDES])
            checks.append(_cost_check(share, played[-1]))
        checks.append(_fair_check(played, float(course.batch.references["spread"][0])))
        counts = _count_checks([scores for pair in played for scores in pair])
    with Course(config_of(given, TRIP_BOOKS * books), TRIP_BOOKS * books, derive(seed, "policy")) as course:
        for n, share in enumerate(ROUND_TRIPS):
            progress(len(PARTICIPATIONS) + n, parts)
            checks.append(_round_trip_check(course, policy, share))
    checks += counts
    progress(parts - 1, parts)
    checks += _decision_checks(given, policy, states, derive(seed, "policy/decisions"))
    checks += _audit_checks(given, policy, audit_books, derive(seed, "policy/audit"))
    return [replace(check, name=f"policy: {check.name}") for check in checks]


# -- costs -------------------------------------------------------------------------------------------------------------


def _aim(course: Course, side: str, share: float) -> None:
    """Orders of this side and size from the next round on, in the same books at the same draws."""
    course.batch.config = replace(course.batch.config, side=side, participation=(share, share))


def _play(course: Course, policy: Policy, side: str, share: float) -> np.ndarray:
    _aim(course, side, share)
    return course.play(policy)


def _ticks(scores: np.ndarray) -> np.ndarray:
    """Cost in ticks a lot, less the news."""
    costs: np.ndarray = (scores["shortfall"] - scores["news"]) * scores["arrival"] / 1e4
    return costs


def _told(scores: np.ndarray) -> dict[str, Any]:
    lots = max(int(scores["quantity"].sum()), 1)
    traded = max(int((scores["made"] + scores["taken"]).sum()), 1)
    return {
        "episodes": len(scores),
        "bps": round(float(scores["shortfall"].mean()), 4),
        "cvar_95_bps": round(cvar(scores["shortfall"]), 4),
        "forced_share": round(float(scores["forced"].sum() / lots), 5),
        "maker_share": round(float(scores["made"].sum() / traded), 4),
    }


def _cost_check(share: float, pair: list[np.ndarray]) -> Check:
    """The mean cost of a parent is positive: no impact to one's own advantage."""
    bought, sold = (_ticks(scores) for scores in pair)
    name = f"cost of a parent of {share:.0%} of the volume, ticks a lot"
    return surely(name, mean_of(0.5 * (bought + sold)), 0.0, None, _told(np.concatenate(pair)))


def _fair_check(played: list[list[np.ndarray]], spread: float) -> Check:
    """Buying costs what selling costs: of each book the difference over all sizes, in typical spreads."""
    bought, sold = (np.mean([_ticks(pair[i]) for pair in played], axis=0) for i in range(2))
    told = {"bought_ticks": round(float(bought.mean()), 4), "sold_ticks": round(float(sold.mean()), 4)}
    found = mean_of((bought - sold) / spread)
    name = "buying and selling differ, typical spreads"
    return not_above(name, Estimate(abs(found.value), found.error), FAIR, FAIR_RESOLUTION, told)


def _round_trip_check(course: Course, policy: Policy, share: float) -> Check:
    """There and back loses money, whichever way it begins."""
    name = f"round trip of {share:.0%} of the volume loses, ticks a lot"
    return surely(name, _there_and_back(course, policy, share), 0.0, None, {"books": course.episodes})


def patient_trip(given: Parameters, policy: Policy, books: int, seed: int) -> Estimate:
    """What the smallest of `ROUND_TRIPS` loses, ticks a lot: as the check has it. Raises ConfigError."""
    with Course(config_of(given, books), books, derive(seed, "policy")) as course:
        return _there_and_back(course, policy, ROUND_TRIPS[0])


def _there_and_back(course: Course, policy: Policy, share: float) -> Estimate:
    """Of both ways to begin, in the same books."""
    found = []
    for side in _SIDES:
        _aim(course, side, share)
        found.append(round_trips(course, policy))
    return mean_of(0.5 * (found[0] + found[1]))


def round_trips(course: Course, policy: Policy) -> np.ndarray:
    """Money lost by each episode's order and its reverse in the same book, ticks a lot, less the news while it was
    held. What could not be sold back is marked at the last mid."""
    lost = np.zeros(course.episodes)
    batch = course.batch
    for rows in course.rounds():
        account = batch.markets["accounts"][:, ACCOUNT]
        walk = batch.markets["walk"].copy()
        news = _worth(batch, work(batch, policy))
        cash, held = account["cash"].copy(), account["shares"].copy()
        news -= held * (batch.markets["walk"] - walk)
        turn(batch)
        news += _worth(batch, work(batch, policy))
        cash += account["cash"]
        worth = (held + account["shares"]) * batch.episodes["mid"]
        lots = np.maximum(np.abs(held), 1)
        lost[rows] = ((-cash - worth - news) / lots)[: rows.stop - rows.start]
    return lost


def _worth(batch: ExecutionBatch, news: np.ndarray) -> np.ndarray:
    """Basis points of the orders that have just ended as money: ticks times lots."""
    outcome = batch.episodes["outcome"]
    return np.asarray(1e-4 * news * outcome["quantity"] * outcome["arrival"])


# -- counts ------------------------------------------------------------------------------------------------------------


def _count_checks(played: list[np.ndarray]) -> list[Check]:
    """Nothing is left over, whoever forced it; nothing illegal is asked."""
    scores = np.concatenate(played)
    stopped = int((scores["end"] == End.FAULT).sum())
    told = {**_told(scores), "books_stopped": stopped}
    refused = {"episodes": len(scores), "decisions": int(scores["steps"].sum())}
    return [
        exactly("lots left unexecuted, or books stopped", int(scores["unfilled"].sum()) + stopped, told),
        exactly("actions that are not legal", int(scores["refused"].sum()), refused),
    ]


def _decision_checks(given: Parameters, policy: Policy, states: int, seed: int) -> list[Check]:
    """Two questions to every decision of some episodes: is it the same with another book behind what is seen, and is it
    the same in a mirror?"""
    config = replace(config_of(given, states), participation=(PARTICIPATIONS[0], PARTICIPATIONS[-1]))
    batch, other = (ExecutionBatch(config, states, seed, restart=False) for _ in range(2))
    params = prepare(given)
    batch.reset()
    other.reset()
    secret = mirrored = asked = 0
    acted = np.zeros(ACTIONS, np.int64)
    for _ in range(config.steps):
        running = batch.episodes["outcome"]["end"] == End.RUNNING
        actions = np.array(policy.decide(batch))
        acted += np.bincount(actions[running], minlength=ACTIONS)
        asked += int(running.sum())
        markets = batch.markets.copy()
        batch.markets[:] = np.roll(markets, 1)
        secret += int((np.asarray(policy.decide(batch)) != actions)[running].sum())
        batch.markets[:] = markets
        other.markets[:], other.episodes[:] = reflected(markets, batch.episodes, params)
        other.observations[:], other.masks[:] = batch.observations, batch.masks
        mirrored += int((np.asarray(policy.decide(other)) != actions)[running].sum())
        batch.step(actions)
    told = {"decisions": asked}
    return [
        exactly("decisions by what no trader sees", secret, {**told, "actions": acted}),
        exactly("decisions that differ in a mirror", mirrored, told),
    ]


def _audit_checks(given: Parameters, policy: Policy, books: int, seed: int) -> list[Check]:
    config = replace(config_of(given, books), side="both")
    batch = ExecutionBatch(config, books, seed, restart=False)
    audits = audited(batch, policy)
    # a policy that takes alone has no fill at rest to be judged by
    return judged(audits, rests=bool((batch.episodes["last"]["made"] > 0).any()))
