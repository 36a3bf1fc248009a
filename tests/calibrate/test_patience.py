"""Does a fitted market pay who waits? Measured part by part of the day in the fit, and by a round trip after it."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from make_days import OPEN

from tickwright.app.commands.calibrate import patience, with_own_orders
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.flow import Calibration
from tickwright.calibrate.fp import FPModel
from tickwright.calibrate.impact import PatientTrip
from tickwright.calibrate.model import Fit
from tickwright.calibrate.moments import HOURS, kept_at_rest, responses_by_hour
from tickwright.calibrate.reactive import table_of
from tickwright.calibrate.search import loss
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.parameters.queues import SMALL_TICK
from tickwright.venue.sim.reactive.session import chunks, open_session

END = OPEN + 3600 * SECOND
BLOCKS = 25
_WIDE = dataclasses.replace(
    FP.small_tick(),
    queues=dataclasses.replace(SMALL_TICK, market=tuple(0.4 * rate for rate in SMALL_TICK.market)),
    kappa=0.6,
    heed=0.0,
    impact=2.4,
    n0=0.05,
    news=2.0,
    informed=0.35,
    rush=0.8,
    sweep=20.0,
)
"""A spread of several ticks that market orders do not shun, so that an hour of a wide one has as many as any."""


def day(power: float, seed: int) -> DayFacts:
    curves = {"volume_curve": (1.0,), "volatility_curve": (1.0,), "posting_curve": (0.15, 1.2, 1.2, 1.2, 1.2)}
    flow = Flow(messages_a_second=40.0, activity_sd=0.0, day_seconds=3600.0, **curves)
    given = dataclasses.replace(_WIDE, flow=flow, impact_posting=power)
    settings = PassSettings(OPEN, END, blocks=BLOCKS)
    return facts_of(sums_of(chunks(open_session(given, seed, OPEN, END)), settings))


@pytest.fixture(scope="module")
def fair() -> DayFacts:
    return day(0.5, 1)


def halved(facts: DayFacts, first: int, last: int) -> DayFacts:
    """The same day with half the moves after trades in some blocks: by definition half of the response there."""
    fact = facts["mid-response"]
    sums, moves = fact.sums.copy(), 3 * fact.x.size
    sums[first:last, : fact.x.size] *= 0.5
    sums[first:last, 2 * fact.x.size : moves] *= 0.5
    changed = {**facts.facts, "mid-response": dataclasses.replace(fact, sums=sums)}
    return DayFacts(changed, facts.day, facts.notes)


def test_what_one_part_of_the_day_pays_is_not_made_good_by_another(fair: DayFacts) -> None:
    assert kept_at_rest(fair, fair) == 0.0
    edges = [round(edge * BLOCKS) for edge in HOURS]
    parts = []
    for first, last in pairwise(edges):
        # by hand: of the recorded response, or of 1, what half of it lacks; a quarter, as there are four parts
        fact = fair["mid-response"]
        values, known = fact.estimator(fact.sums[first:last].sum(0))
        near = known & (fact.x >= 7) & (fact.x <= 15)
        whole = float(values[near].mean())
        parts.append(max(0.0, min(whole, 1.0) - 0.5 * whole) / 4)
        assert kept_at_rest(fair, halved(fair, first, last)) == pytest.approx(parts[-1], rel=1e-9)
    assert kept_at_rest(fair, halved(fair, 0, BLOCKS)) == pytest.approx(sum(parts), rel=1e-9)
    assert kept_at_rest(halved(fair, 0, BLOCKS), fair) == 0.0  # to answer by more pays nobody


def test_an_hour_of_a_wide_spread_pays_where_impact_does_not_follow_it() -> None:
    wide = 2  # parts of the day in which few limit orders come
    answers = {
        power: np.mean([responses_by_hour(day(power, seed))[:wide] for seed in (2, 3, 4)])  # type: ignore[arg-type]
        for power in (0.0, 0.8)
    }
    assert answers[0.0] < 0.4  # of a half-spread: who rests there keeps more than half of it
    assert answers[0.8] > 2.0 * answers[0.0]


def test_the_search_heeds_it(fair: DayFacts) -> None:
    paid = halved(fair, 0, 2)
    # By its weight at least: the responses of the mid are a fact too, but one that hardly moves for a part of the day.
    assert loss(fair, paid) - loss(fair, fair) > 0.4 * kept_at_rest(fair, paid) > 0.015


@pytest.mark.parametrize(
    ("loses", "verdict", "said"),
    [(1.0, "loses", "loses 1.00"), (0.1, "undecided", "not shown"), (-1.0, "pays", "pays")],
)
def test_a_market_that_pays_who_waits_is_told(loses: float, verdict: str, said: str, fair: DayFacts) -> None:
    trip = PatientTrip("heuristic", 0.02, loses, 0.25, 512)
    assert trip.verdict == verdict
    assert trip.interval == pytest.approx((loses - 0.49, loses + 0.49))
    assert said in trip.words()
    assert ("gate --policy" in trip.words()) == (verdict != "loses")
    unknown: dict[str, object] = dict.fromkeys(f.name for f in dataclasses.fields(Calibration))
    result = Calibration(**{**unknown, "patient": trip})  # type: ignore[arg-type]
    assert patience(result).startswith("warning: ") == (verdict != "loses")
    assert "not measured" in patience(Calibration(**unknown))  # type: ignore[arg-type]


def test_a_market_that_stops_under_our_orders_is_told_and_the_fit_stands(
    fair: DayFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object) -> None:
        raise CapacityError("fp: a plan could not be finished, fault 1")

    monkeypatch.setattr("tickwright.learn.gate.impact.metaorders", stops)
    unknown: dict[str, object] = dict.fromkeys(f.name for f in dataclasses.fields(Calibration))
    fit = Fit(table_of(FP(), 10_000), (), 1)
    given = Calibration(**{**unknown, "model": FPModel(), "fit": fit, "recorded": fair, "seed": 1})  # type: ignore[arg-type]
    found = with_own_orders(given)
    assert (found.fit, found.impact, found.patient) == (fit, None, None)
    words = patience(found)
    assert words.startswith("warning: ")
    assert "fault 1" in words


def test_a_trip_of_nothing_is_none() -> None:
    with pytest.raises(ConfigError):
        PatientTrip("heuristic", 0.0, 1.0, 0.1, 512)
    with pytest.raises(ConfigError):
        PatientTrip("heuristic", 0.02, 1.0, float("nan"), 512)
    assert np.isfinite(PatientTrip("heuristic", 0.02, 1.0, 0.0, 2).loses)
