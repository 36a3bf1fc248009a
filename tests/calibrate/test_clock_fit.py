"""Bursts, echo and shunned spreads: closed forms on drawn numbers, and known parameters from a simulated day."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from make_days import OPEN

from tickwright.calibrate import layout as at
from tickwright.calibrate.clock_fit import (
    company_of,
    company_share,
    echo_of,
    gaps_of,
    mixture,
    persistence,
    spread_power_of,
)
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.flow_fit import usual_mid
from tickwright.calibrate.refine import accompanied, refine
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.parameters import FP, Flow, Queues, Signs
from tickwright.venue.sim.reactive.rows import shortness
from tickwright.venue.sim.reactive.session import generate_session

END = OPEN + 2 * 3600 * SECOND
GAPS, WEIGHTS, STAY, AFTER = (0.0002, 0.01, 0.5), (0.5, 0.3, 0.2), 0.4, 0.5


def market(**changes: object) -> FP:
    """The large tick at one pace all day."""
    flow = Flow(
        sizes=(1, 2, 4), weights=(0.5, 0.3, 0.2), messages_a_second=20.0, volume_curve=(1.0,), volatility_curve=(1.0,),
        activity_sd=0.0, activity_news=0.0,
    )  # fmt: skip
    return dataclasses.replace(FP.plain(), flow=flow, signs=Signs(slots=1, pareto=1.5), **changes)  # type: ignore[arg-type]


def facts(given: FP, seed: int) -> DayFacts:
    return facts_of(sums_of([generate_session(given, seed, OPEN, END)[0]], PassSettings(OPEN, END)))


def bursty() -> FP:
    plain = market()
    flow = dataclasses.replace(plain.flow, gaps=GAPS, gap_weights=WEIGHTS, gap_stay=STAY, gap_after_market=AFTER)
    return dataclasses.replace(plain, flow=flow)


def test_a_mixture_of_exponentials_comes_back_from_its_bins() -> None:
    rng = np.random.default_rng(3)
    which = rng.choice(3, 200_000, p=WEIGHTS)
    times = rng.exponential(np.array(GAPS)[which])
    edges = 10.0 ** (at.GAP_DECADES[0] + np.arange(at.GAPS + 1) / at.PER_DECADE)
    counts = np.histogram(np.clip(times, edges[0], None), edges)[0].astype(float)
    means, weights = mixture(counts, 3)
    np.testing.assert_allclose(means, GAPS, rtol=0.1)
    np.testing.assert_allclose(weights, WEIGHTS, atol=0.02)
    np.testing.assert_allclose(mixture(counts, 3, np.array(GAPS))[1], WEIGHTS, atol=0.02)


@pytest.mark.parametrize(
    ("stay", "memory", "flurry"), [(0.0, 8.0, 0.5), (0.4, 15.0, 0.8), (0.6, 40.0, 0.6), (0.3, 10.0, 0.0)]
)
def test_what_keeps_times_together_comes_back_from_its_law(stay: float, memory: float, flurry: float) -> None:
    # Brute force: a state that holds by chance or is drawn anew from its regime; no exponentials, so that the
    # covariance of the logarithms is that of the states, and their variance all there is.
    rng = np.random.default_rng(7)
    logs, weights = np.log10(GAPS), np.array(WEIGHTS)
    z = shortness(np.array(GAPS), weights)
    n = 1_000_000
    anew, up = rng.random(n) < 1 / memory, rng.random(n) < 0.5
    regime = up[np.maximum.accumulate(np.where(anew, np.arange(n), 0))]
    drawn = np.where(
        regime,
        rng.choice(3, n, p=weights * (1 + flurry * z)),
        rng.choice(3, n, p=weights * (1 - flurry * z)),
    )
    renewed = rng.random(n) >= stay
    x = logs[drawn[np.maximum.accumulate(np.where(renewed, np.arange(n), 0))]]
    x -= x.mean()
    common = np.array([np.mean(x[k:] * x[:-k]) for k in at.PAUSE_LAGS])
    found, slow, kept = persistence(common, float(x.var()))
    assert found == pytest.approx(stay, abs=0.05)
    assert np.sqrt(slow) / abs(weights * z @ logs) == pytest.approx(flurry, abs=0.1)
    if flurry > 0:
        assert kept == pytest.approx(memory, rel=0.2)


@pytest.mark.parametrize(("flurry", "memory"), [(0.0, 20.0), (0.7, 15.0)])
def test_bursts_come_back_from_a_day(flurry: float, memory: float) -> None:
    # Rates differ from moment to moment too, so that means are a bit wider than their states'; their ratios remain.
    given = bursty()
    flow = dataclasses.replace(given.flow, gap_flurry=flurry, gap_flurry_memory=memory)
    found = gaps_of(facts(dataclasses.replace(given, flow=flow), 4), states=3)
    np.testing.assert_allclose(np.diff(np.log10(found["gaps"])), np.diff(np.log10(GAPS)), atol=0.25)
    np.testing.assert_allclose(found["gap_weights"], WEIGHTS, atol=0.08)
    assert found["gap_stay"] == pytest.approx(STAY, abs=0.08)
    assert found["gap_after_market"] == pytest.approx(AFTER, abs=0.1)
    assert found["gap_after_weights"][0] > 0.9 * sum(found["gap_after_weights"])
    assert found["gap_flurry"] == pytest.approx(flurry, abs=0.15)
    if flurry > 0:
        assert found["gap_flurry_memory"] == pytest.approx(memory, rel=0.35)


def test_the_states_after_a_market_order_come_back() -> None:
    given = bursty()
    flow = dataclasses.replace(given.flow, gap_after_market=0.8, gap_after_weights=(0.3, 0.7, 0.0))
    found = gaps_of(facts(dataclasses.replace(given, flow=flow), 4), states=3)
    own = found["gap_after_weights"]
    assert found["gap_after_market"] == pytest.approx(0.8, abs=0.12)
    np.testing.assert_allclose(np.array(own) / sum(own), (0.3, 0.7, 0.0), atol=0.1)


def accompanied_market(share: float) -> FP:
    """Ten busy queues, all of which ten levels show, before the ones that are cleared when the reference moves."""
    wide = Queues.of_law(
        limit=((1.6, 40.0, 0.2), *(8 * ((1.1, 15.0, 0.25),)), *(7 * ((0.01, 15.0, 0.002),))),
        cancel=(0.16, *(15 * (0.08,))), power=0.85, market=(0.6, 12.0, 0.035), theta=0.7, reinit=0.0,
    )  # fmt: skip
    return dataclasses.replace(bursty(), queues=dataclasses.replace(wide, company=share, company_gap=1e-6))


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_cancels_in_company_come_back(share: float) -> None:
    day = facts(accompanied_market(share), 5)
    found, mean = company_of(day)
    assert found == pytest.approx(share, abs=0.01)  # what the clock brings by chance alone would be .012
    if share:
        assert mean == pytest.approx(1e-6, rel=0.25)  # what the clock brings by chance is longer
    # The clock is that of the others.
    clock = gaps_of(day, states=3)
    np.testing.assert_allclose(np.diff(np.log10(clock["gaps"])), np.diff(np.log10(GAPS)), atol=0.25)
    np.testing.assert_allclose(clock["gap_weights"], WEIGHTS, atol=0.08)
    assert clock["gap_stay"] == pytest.approx(STAY, abs=0.08)


def test_cancels_in_company_come_back_where_one_level_is_seen() -> None:
    def seen(one: FP, seed: int) -> DayFacts:
        settings = PassSettings(OPEN, END, levels=1, windowed=True)
        return facts_of(sums_of([generate_session(one, seed, OPEN, END)[0]], settings))

    recorded = seen(accompanied_market(0.25), 5)
    read = company_of(recorded)[0]
    assert 0.0 < read < 0.1  # most of those that follow one at the best are behind it
    found, walked = accompanied_market(read), []
    for seed in range(6, 26):
        found = accompanied(found, recorded, [seen(found, seed)])
        walked.append(found.queues.company)
    # 400 cancels in company on the recorded day and on each of the others.
    assert np.mean(walked[8:]) == pytest.approx(0.25, rel=0.15)


def test_a_fit_to_one_level_corrects_what_was_read_of_company() -> None:
    settings = PassSettings(OPEN, END, levels=1, windowed=True)
    day = generate_session(accompanied_market(0.25), 5, OPEN, END)[0]
    recorded = facts_of(sums_of([day], settings))
    read = company_of(recorded)[0]
    found, _ = refine(accompanied_market(read), recorded, 1, usual_mid(recorded, 1), 4)
    assert found.queues.company > 1.5 * read


def test_few_cancels_in_company_are_a_share_too() -> None:
    short = PassSettings(OPEN, OPEN + 60 * SECOND, levels=1, windowed=True)
    day = facts_of(sums_of([generate_session(accompanied_market(0.4), 5, OPEN, END)[0]], short))
    assert company_of(day) == (0.0, 1e-6)
    assert company_share(day) > 0.03


def test_where_the_levels_are_seen_what_was_read_of_company_stands() -> None:
    alone, recorded = accompanied_market(0.1), facts(accompanied_market(0.25), 5)
    assert accompanied(alone, recorded, [facts(alone, 6)]) is alone


def test_a_poisson_clock_has_no_bursts() -> None:
    clock = gaps_of(facts(market(), 4), states=2)
    gaps, weights = clock["gaps"], clock["gap_weights"]
    wide = sum(w for g, w in zip(gaps, weights, strict=True) if 0.3 < g / np.average(gaps, weights=weights) < 3)
    assert wide > 0.9
    assert clock["gap_stay"] < 0.15
    assert clock["gap_flurry"] < 0.2


@pytest.mark.parametrize(("echo", "memory"), [(6.0, 2.0), (3.0, 5.0)])
def test_the_echo_of_market_orders_comes_back(echo: float, memory: float) -> None:
    plain = market()
    queues = dataclasses.replace(plain.queues, echo=echo, echo_memory=memory)
    found, kept, louder = echo_of(facts(dataclasses.replace(plain, queues=queues), 6))
    # Of some 15 000 market orders; they empty queues, and so change the rate that the echo is relative to.
    assert found == pytest.approx(echo, rel=0.35)
    assert kept == pytest.approx(memory, rel=0.5)
    assert louder > 1.2
    assert echo_of(facts(plain, 6))[0] < 0.4


def test_the_spreads_that_market_orders_shun_come_back() -> None:
    small = FP.plain_small_tick()
    flow = market().flow
    for power in (0.0, 1.0):
        queues = dataclasses.replace(small.queues, spread_power=power)
        day = facts(dataclasses.replace(small, flow=flow, queues=queues), 7)
        found, scale = spread_power_of(day, 1)
        # Deep bests are narrow and are hit less, which the power takes for its own: a few tenths.
        assert found == pytest.approx(power, abs=0.4)
        assert (scale < 0.6) if power else (scale > 0.4)


def test_a_day_of_few_events_says_nothing() -> None:
    short = facts_of(
        sums_of(
            [generate_session(market(), 3, OPEN, OPEN + 30 * SECOND)[0]],
            PassSettings(OPEN, OPEN + 2 * SECOND, blocks=2),
        )
    )
    assert gaps_of(short) == {}
    assert company_of(short)[0] == 0.0
    assert echo_of(short) == (0.0, 1.0, 1.0)
    assert spread_power_of(short, 1) == (0.0, 1.0)
