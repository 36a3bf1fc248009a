"""FP fitted to a day: its closed forms against simulation, known parameters, and a recorded day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest
from make_days import OPEN, small_day

from tickwright.calibrate import refine
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.flow import calibrate
from tickwright.calibrate.fp import FPModel
from tickwright.calibrate.model import Fit
from tickwright.calibrate.models import model_of
from tickwright.calibrate.moments import Moments, moments_of, nearness
from tickwright.calibrate.price_scale import LENGTHS, PARTICIPATIONS, impact_scale, law_impact
from tickwright.calibrate.queue_fit import book_of, require_spread, tick_of, wide_of
from tickwright.calibrate.queue_tables import SMALL_BOOK
from tickwright.calibrate.reactive import in_recorded_ticks
from tickwright.calibrate.sign_memory import memory_of, signs_of
from tickwright.core.errors import ConfigError
from tickwright.core.units import SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_lobster
from tickwright.run.parameters_file import market_of
from tickwright.venue.sim.reactive.parameters import FP, Flow, Queues, Signs
from tickwright.venue.sim.reactive.session import generate_session

END = OPEN + 2 * 3600 * SECOND


# -- closed forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "pareto", "again"), [(1, 1.6, 0.0), (2, 1.5, 0.0), (4, 2.5, 0.0), (3, 1.4, 0.6), (2, 2.0, 0.9)]
)
def test_sign_memory_is_that_of_simulated_metaorders(slots: int, pareto: float, again: float) -> None:
    rng = np.random.default_rng(7)
    n, lags = 400_000, np.array([1, 2, 10, 30])
    sides, left = rng.choice([-1, 1], slots), np.zeros(slots, int)
    signs = np.empty(n)
    picks, u, stays = rng.integers(0, slots, n), rng.random(n), rng.random(n) < again
    fair = rng.choice([-1, 1], n)
    for t in range(n):
        if t == 0 or not stays[t]:
            k = picks[t]
        if left[k] <= 0:
            sides[k], left[k] = fair[t], int(min((1 - u[t]) ** (-1 / pareto), 10_000))
        left[k] -= 1
        signs[t] = sides[k]
    expected = memory_of(Signs(slots=slots, pareto=pareto, again=again), lags)
    for lag, value in zip(lags, expected, strict=True):
        products = signs[lag:] * signs[:-lag]
        error = products.reshape(-1)[: n // 4000 * 4000 - 4000].reshape(-1, 4000).mean(1).std() / math.sqrt(n / 4000)
        assert products.mean() == pytest.approx(value, abs=5 * error + 0.003)


def test_signs_come_back_from_their_memory() -> None:
    lags = np.array([1, 2, 3, 5, 7, 10, 20, 50, 100, 200, 500, 1000])
    for given in (Signs(slots=1, pareto=1.5), Signs(slots=3, pareto=2.0), Signs(slots=3, pareto=1.4, again=0.6)):
        assert signs_of(lags, memory_of(given, lags), np.full(lags.shape, True), Signs()) == given
    nothing = np.full(lags.shape, False)
    assert signs_of(lags, np.zeros(lags.shape), nothing, Signs(slots=3)) == Signs(slots=3)


def test_impact_of_a_law_is_that_of_its_recursion() -> None:
    # N falls by e^(-1/tau) and grows by u at every market order: the closed form is its continuous limit.
    weights, memory, n0 = (0.3, 0.3, 0.2, 0.2), (10.0, 100.0, 1_000.0, 10_000.0), 0.25
    for share in PARTICIPATIONS:
        for length in LENGTHS:
            u, n = share / (1 - share), np.zeros(4)
            for _ in range(length):
                n = n * np.exp(-1 / np.array(memory)) + u
            expected = float(np.sum(np.array(weights) * n / np.sqrt(n + n0)))
            assert law_impact(share, length, weights, memory, n0) == pytest.approx(expected, rel=0.03)


def test_the_scale_of_impact_gives_the_square_root_law_on_average() -> None:
    weights, memory, n0, sigma = (0.3, 0.3, 0.2, 0.2), (10.0, 100.0, 1_000.0, 10_000.0), 0.25, 1.7
    a = impact_scale(sigma, weights, memory, n0, y=0.5)
    logs = [
        math.log(a * law_impact(p, n, weights, memory, n0) / (0.5 * sigma * math.sqrt(p * n)))
        for p in PARTICIPATIONS
        for n in LENGTHS
    ]
    assert np.mean(logs) == pytest.approx(0, abs=1e-12)
    assert max(np.abs(logs)) < 0.6


# -- known parameters --------------------------------------------------------------------------------------------------


def truth() -> FP:
    """Rates a unit of model time; a large tick."""
    return dataclasses.replace(
        FP.plain(),
        flow=Flow(
            sizes=(1, 2, 4), weights=(0.5, 0.3, 0.2), messages_a_second=20.0, volume_curve=(1.5, 0.8, 0.7, 1.0),
            volatility_curve=(1.0,), activity_sd=0.8, activity_memory=10.0, activity_news=0.2,
        ),
        signs=Signs(slots=1, pareto=1.5),
        queues=Queues.of_law(
            limit=((1.6, 40.0, 0.2), *(4 * ((1.1, 15.0, 0.25),))), cancel=(0.16, 0.10, 0.08, 0.07, 0.06), power=0.85,
            market=(0.9, 12.0, 0.05), theta=0.7, reinit=0.0,
        ),
        kappa=0.5, impact=0.5, weights=(0.3, 0.3, 0.2, 0.2), n0=0.25, news=0.25, informed=0.3,
    )  # fmt: skip


def facts(rows: np.ndarray) -> DayFacts:
    return facts_of(sums_of([rows], PassSettings(OPEN, END)))


@pytest.fixture(scope="module")
def known() -> tuple[DayFacts, list[DayFacts], Fit]:
    """A day of the truth, some of what was fitted to it, and the fit."""
    rows = generate_session(truth(), 5, OPEN, END)[0]
    day = facts(rows)
    fit = FPModel(evaluations=8).fit(day, lambda: [rows])
    days = [
        facts(np.concatenate(list(in_recorded_ticks(FPModel().simulate(fit.parameters, seed, OPEN, END), fit.tick))))
        for seed in (17, 18, 19)
    ]
    return day, days, fit


@pytest.mark.parametrize(
    ("levels", "most_orders", "entering"), [(10, 2_000.0, 1.0), (5, 2_000.0, 1.0), (10, 110.0, 0.0)]
)
def test_queues_enter_with_orders_where_no_feed_sees_them_come(
    levels: int, most_orders: float, entering: float
) -> None:
    rows = generate_session(truth(), 5, OPEN, END)[0]
    day = facts_of(sums_of([rows], PassSettings(OPEN, END, levels=levels)))
    book = book_of(day, lambda: [rows], "fp", most_orders)
    assert (len(book.queues.limit) > levels) == (entering > 0.0)
    assert book.queues.entering == entering
    assert any("enter" in note for note in book.notes) == (entering > 0.0)


def test_what_a_day_shows_comes_back(known: tuple[DayFacts, list[DayFacts], Fit]) -> None:
    # Sizes are counted (hundredths); the curve is one day's trades by block; the memory of signs is of 20 000 trades.
    day, _, fit = known
    found, given = market_of({"model": "fp", "version": 2, **fit.parameters}).parameters, truth()
    assert isinstance(found, FP)
    assert fit.tick == 1
    assert found.flow.sizes == given.flow.sizes
    np.testing.assert_allclose(found.flow.weights, given.flow.weights, atol=0.02)
    assert np.mean(found.flow.size_curve) == pytest.approx(1.0, abs=0.15)
    assert -0.3 < found.flow.cancel_decay < 0.7  # a queue that leaves the model's window goes from its back
    curve = np.interp(np.linspace(0, 1, 26), np.linspace(0.125, 0.875, 4), given.flow.volume_curve)
    assert np.corrcoef(found.flow.volume_curve, curve)[0, 1] > 0.6
    assert found.flow.messages_a_second == pytest.approx(20.0, rel=0.25)
    lags = np.array([1, 10, 100])
    np.testing.assert_allclose(memory_of(found.signs, lags), memory_of(given.signs, lags), atol=0.15)
    assert day.day.count(5) > 5_000


def test_a_day_of_the_fit_looks_like_one_of_the_truth(known: tuple[DayFacts, list[DayFacts], Fit]) -> None:
    # kappa, s and a show in a day only together: in its variance, signature and response, on seeds of their own. The
    # median day stands for the fit: long metaorders make the variance of a day chance for a good part.
    day, days, _ = known
    wanted, found = moments_of(day), [dataclasses.asdict(moments_of(one)) for one in days]
    got = Moments(**{name: float(np.median([one[name] for one in found])) for name in found[0]})
    assert got.events == pytest.approx(wanted.events, rel=0.25)
    assert got.market_share == pytest.approx(wanted.market_share, rel=0.25)
    assert got.spread == pytest.approx(wanted.spread, rel=0.15)
    assert got.variance == pytest.approx(wanted.variance, rel=0.5)
    assert got.response == pytest.approx(wanted.response, rel=0.4)
    assert got.bounce == pytest.approx(wanted.bounce, rel=0.4)
    assert np.median([nearness(day, one) for one in days]) > 0.85
    assert nearness(day, day) >= max(nearness(day, one) for one in days)


@pytest.mark.parametrize(
    ("wanted", "found", "through"),
    [
        (0.1, 0.15, 0.4 * (2 / 3) ** 0.7),
        (0.4, 0.1, 0.8),
        (0.0, 0.3, 0.2),
        (0.2, 0.0, 0.8),
        (0.0, 0.0, 0.4),
        (0.1, 9.0, 0.2),
    ],
)
def test_fewer_orders_go_through_the_best_where_they_pay_more_for_depth(
    known: tuple[DayFacts, list[DayFacts], Fit], wanted: float, found: float, through: float
) -> None:
    # By the ratio to the power .7, by a factor of two at most; by the factor where one of the two pays nothing.
    some = moments_of(known[0])
    market = dataclasses.replace(FP.plain(), through=0.4, reach=3)
    given = (dataclasses.replace(some, depth=wanted), dataclasses.replace(some, depth=found))
    assert refine._through(market, *given) == pytest.approx(through)
    assert refine._through(dataclasses.replace(market, reach=0), *given) == 0.4


def test_what_is_paid_for_depth_is_nothing_where_nobody_trades(known: tuple[DayFacts, list[DayFacts], Fit]) -> None:
    day = known[0]
    y, there = day["markouts"].value()
    assert moments_of(day).depth == pytest.approx(y[0] - 1.0)
    assert there[0]
    fact = day["markouts"]
    silent = dataclasses.replace(fact, estimator=lambda sums: (np.zeros(fact.x.shape), np.full(fact.x.shape, False)))
    assert moments_of(dataclasses.replace(day, facts=day.facts | {fact.name: silent})).depth == 0.0


def test_the_same_day_gives_the_same_fit() -> None:
    rows = generate_session(truth(), 6, OPEN, END)[0]
    day = facts(rows)
    one, two = (FPModel(evaluations=2).fit(day, lambda: [rows]) for _ in range(2))
    assert one == two
    plain = FPModel(evaluations=0).fit(day, lambda: [rows])
    assert "not refined by simulation" in plain.notes
    assert any("Y = 0.7" in note and "Y is 0.70" in note for note in plain.notes)
    assert plain.parameters != one.parameters


# -- ticks and refusals ------------------------------------------------------------------------------------------------


def test_a_wide_spread_is_coarsened_and_told() -> None:
    # The same market on a grid ten times as fine: its tick comes back, as far as the wanted spread says.
    rows = small_day(3, 600)
    fine = next(in_recorded_ticks([rows], 10))
    day = facts_of(sums_of([fine], PassSettings(OPEN, OPEN + 600 * SECOND)))
    spread = moments_of(day).spread
    fit = FPModel(evaluations=0).fit(day, lambda: [fine])
    assert fit.tick == tick_of(spread, 9.0, wide_of(day)) == round(spread / 9.0) > 1
    assert any(f"a tick of the model is {fit.tick} recorded ticks" in note for note in fit.notes)
    assert any(f"{wide_of(day):.0f} for 0.1% of the time" in note for note in fit.notes)
    assert fit.parameters["mid_price"] == pytest.approx(10_000 / fit.tick, rel=0.1)


def test_a_tick_is_as_coarse_as_the_widest_spread_asks_and_not_the_rarest() -> None:
    # Oracle: by hand. 28 ticks nearly always, which are nine of three; for 2 in 1 000 of the time 200, which are 48 of
    # four (two sides of 24 queues), and for half of 1 in 1 000 of it 400, which nobody has to reach.
    def opening(share: float) -> DayFacts:
        day = facts(small_day(3, 200))
        spread = day["spread-time"]
        shares = np.zeros(spread.x.size)
        shares[[27, 199, 399]] = 1.0 - share - 0.0005, share, 0.0005
        shown = dataclasses.replace(spread, estimator=lambda sums: (shares, np.full(shares.size, True)))
        return dataclasses.replace(day, facts=day.facts | {spread.name: shown})

    assert wide_of(opening(0.002)) == 200.0
    assert tick_of(28.0, 9.0, wide_of(opening(0.002))) == 4
    assert wide_of(opening(0.0002)) == 28.0
    assert tick_of(28.0, 9.0, wide_of(opening(0.0002))) == 3
    assert tick_of(3.0, 9.0, 480.0) == 2, "a mean spread of three is not less than two of the model's"
    assert tick_of(2.1, 9.0, 30.0) == 1


def test_a_spread_beyond_what_is_counted_is_refused() -> None:
    fine = next(in_recorded_ticks([small_day(3, 200)], 400))
    day = facts_of(sums_of([fine], PassSettings(OPEN, OPEN + 200 * SECOND)))
    with pytest.raises(ConfigError, match="512 ticks"):
        require_spread(day, "fp")


def test_refinement_is_refused_where_there_is_none() -> None:
    assert model_of("fp", 3) == FPModel(evaluations=3)
    with pytest.raises(ConfigError, match="closed form"):
        model_of("santa-fe", 3)
    with pytest.raises(ConfigError, match="0 to 10000"):
        model_of("fp", -1)
    assert model_of("fp", small_book=True) == FPModel(most_orders=SMALL_BOOK)
    with pytest.raises(ConfigError, match="of fp alone"):
        model_of("santa-fe", small_book=True)


# -- a recorded day ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_goog_is_nearer_to_fp_than_to_zero_intelligence(shared_data: Path, tmp_path: Path) -> None:
    ingest_lobster(shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip", tmp_path / "ticks")
    catalog, date = Catalog.open(tmp_path / "ticks"), dt.date(2012, 6, 21)
    plain, fair = (calibrate(catalog, "GOOG", date, model_of(name)) for name in ("santa-fe", "fp"))
    assert fair.fit.tick == 4
    assert fair.score.score is not None
    assert plain.score.score is not None
    assert fair.score.score > plain.score.score + 0.05
    apart = [
        {one.fact: one.distance.value for one in result.score.facts if one.distance is not None}
        for result in (plain, fair)
    ]
    for fact in ("sign-memory", "spread-time", "mid-response", "markouts", "lifetime", "gaps-limit"):
        assert apart[1][fact] < apart[0][fact], fact
    spread = fair.simulated["spread-time"]
    assert float(spread.value()[0] @ spread.x) == pytest.approx(27.3, rel=0.15)
    book = calibrate(catalog, "GOOG", date, model_of("queue-reactive"))
    spread = book.simulated["spread-time"]
    assert float(spread.value()[0] @ spread.x) == pytest.approx(27.3, rel=0.1)  # from the intensities alone
