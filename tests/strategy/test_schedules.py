"""Schedules against numbers worked by hand, published examples and numerical optimisation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.records import Mandate
from tickwright.core.units import MINUTE, SECOND
from tickwright.strategy.intraday.almgren_chriss import (
    AlmgrenChriss,
    ImpactModel,
    almgren_chriss,
    expected_cost,
    kappa_of,
    trajectory,
    variance,
)
from tickwright.strategy.intraday.grid import even_grid, schedule_of, slice_lots
from tickwright.strategy.intraday.obizhaeva_wang import (
    ObizhaevaWang,
    exponential,
    kernel_matrix,
    obizhaeva_wang,
    optimal_trades,
    require_no_manipulation,
)
from tickwright.strategy.intraday.twap import Twap, twap
from tickwright.strategy.intraday.vwap import FLAT_NOTE, VolumeCurve, Vwap, vwap

# Table 1 of Almgren and Chriss (2000): a million shares at 50 dollars over five days, prices in dollars, time in days.
PAPER = ImpactModel(sigma=0.95, eta=2.5e-6, gamma=2.5e-7, epsilon=0.0625, risk_aversion=1e-6)
SHARES, DAYS = 1_000_000.0, 5


def mandate(quantity, start=0, deadline=60 * MINUTE):
    return Mandate("GOOG", 1, quantity, start, deadline, final=True)


# ── grids and whole lots ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_grid_is_exact_at_both_ends():
    assert even_grid(100, 110, 3) == (100, 103, 106, 110)


@pytest.mark.parametrize(("start", "end", "slices"), [(5, 5, 1), (6, 5, 1), (0, 2, 3)])
def test_a_grid_without_room_is_refused(start, end, slices):
    with pytest.raises(ScheduleError):
        even_grid(start, end, slices)


def test_ten_lots_in_four_slices():
    schedule = twap(0, 400, 4, 10)
    assert schedule.times == (100, 200, 300, 400)
    assert schedule.cumulative == (3, 5, 8, 10)  # 2.5 → 3, 5, 7.5 → 8, 10
    assert slice_lots(schedule) == (3, 2, 3, 2)


def test_shares_in_whole_lots_are_exact_in_total_and_within_half_a_lot_at_every_edge():
    """Invariant: the total is the quantity, nothing falls, no edge is more than half a lot off the plan."""
    rng = np.random.default_rng(5)
    for case in range(300):
        slices, quantity = int(rng.integers(1, 40)), int(rng.integers(0, 100_000))
        shares = rng.random(slices) ** 3
        schedule = schedule_of(even_grid(0, 10**9, slices), shares, quantity)
        exact = np.cumsum(shares) / shares.sum() * quantity
        assert schedule.cumulative[-1] == quantity, f"case {case}"
        assert min(slice_lots(schedule)) >= 0, f"case {case}"
        assert np.abs(np.array(schedule.cumulative) - exact).max() <= 0.5 + 1e-6, f"case {case}"


@pytest.mark.parametrize("shares", [(1.0, -0.1), (0.0, 0.0), (1.0, math.nan), (1.0,)])
def test_shares_that_make_no_schedule_are_refused(shares):
    with pytest.raises(ScheduleError):
        schedule_of((0, 1, 2), np.array(shares), 10)


# ── TWAP, VWAP ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_vwap_by_hand():
    """Bins of 10 minutes with 20, 50 and 30 % of the volume; an order from minute 5 to 25 in four slices.

    Predicted shares of the slices: 10, 25, 25 and 15 %, of 75 in all.
    """
    curve = VolumeCurve((0, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE), (0.2, 0.5, 0.3))
    schedule = vwap(5 * MINUTE, 25 * MINUTE, 4, 750, curve)
    assert slice_lots(schedule) == (100, 250, 250, 150)


def test_vwap_on_a_flat_curve_is_twap_and_says_so():
    plan = Vwap(slices=7).plan(mandate(1_001))
    assert plan == Twap(slices=7).plan(mandate(1_001))
    assert Vwap().notes == (FLAT_NOTE,)
    assert Vwap(curve=VolumeCurve((0, 60 * MINUTE), (1.0,))).notes == ()


def test_vwap_where_no_volume_is_predicted_is_refused():
    curve = VolumeCurve((0, 10 * MINUTE), (1.0,))
    with pytest.raises(ScheduleError, match="predicts no volume"):
        vwap(10 * MINUTE, 20 * MINUTE, 4, 100, curve)


@pytest.mark.parametrize(
    ("edges", "fractions"), [((0, 1), ()), ((0, 1), (0.5, 0.5)), ((1, 1), (1.0,)), ((0, 1), (-1.0,)), ((0, 1), (0.0,))]
)
def test_a_volume_curve_that_is_none_is_refused(edges, fractions):
    with pytest.raises(ConfigError):
        VolumeCurve(edges, fractions)


# ── Almgren–Chriss ───────────────────────────────────────────────────────────────────────────────────────────────


def test_almgren_chriss_published_example():
    """The example of the paper: κ is about 0.61 per day for λ = 1e-6."""
    assert kappa_of(PAPER, tau=1.0) == pytest.approx(0.61, abs=0.005)


@pytest.mark.parametrize(
    ("aversion", "mean", "spread", "half_life"),
    [
        (1e-9, 0.6625, 1.0812, 51.30),
        (2e-9, 0.6625, 1.0794, 36.27),
        (5e-9, 0.6625, 1.0740, 22.94),
        (8e-9, 0.6626, 1.0687, 18.14),
        (9e-9, 0.6626, 1.0669, 17.10),
    ],
)
def test_almgren_chriss_against_another_library(aversion, mean, spread, half_life):
    """Cost in millions of dollars, variance in their squares, 1/κ in days, as DROP 4.66 prints them for the example."""
    model = replace(PAPER, risk_aversion=aversion)
    path = trajectory(SHARES, kappa_of(model, 1.0), np.arange(DAYS + 1.0))
    assert expected_cost(model, path, 1.0) / 1e6 == pytest.approx(mean, abs=6e-5)
    assert variance(model, path, 1.0) / 1e12 == pytest.approx(spread, abs=6e-5)
    assert 1.0 / kappa_of(model, 1.0) == pytest.approx(half_life, abs=6e-3)


def test_kappa_solves_its_equation():
    for tau in (0.01, 0.5, 1.0, 3.0):
        kappa = kappa_of(PAPER, tau)
        left = 2.0 / tau**2 * (math.cosh(kappa * tau) - 1.0)
        assert left == pytest.approx(PAPER.risk_aversion * PAPER.sigma**2 / PAPER.eta_tilde(tau), rel=1e-9)


def test_almgren_chriss_path_is_the_minimum_found_numerically():
    tau = 1.0

    def objective(trades):
        holdings = SHARES * (1.0 - np.concatenate(([0.0], np.cumsum(trades))))
        cost = expected_cost(PAPER, holdings, tau)
        return (cost + PAPER.risk_aversion * variance(PAPER, holdings, tau)) / 1e6

    whole = {"type": "eq", "fun": lambda trades: trades.sum() - 1.0}
    options = {"ftol": 1e-14, "maxiter": 500}
    found = minimize(objective, np.full(DAYS, 1 / DAYS), constraints=[whole], method="SLSQP", options=options)
    path = trajectory(SHARES, kappa_of(PAPER, tau), np.arange(DAYS + 1.0))
    ours = -np.diff(path) / SHARES
    assert found.success
    assert ours == pytest.approx(found.x, abs=1e-5)
    assert objective(ours) <= objective(found.x) + 1e-12


def test_almgren_chriss_cost_and_variance_by_hand():
    """Two days, 4 then 2 then 0 units; η̃ = 3 − ½·2·1 = 2: cost ½·2·16 + 1·4 + 2·(4 + 4) = 36, variance 9·(4 + 0)."""
    model = ImpactModel(sigma=3.0, eta=3.0, gamma=2.0, epsilon=1.0)
    holdings = np.array([4.0, 2.0, 0.0])
    assert expected_cost(model, holdings, 1.0) == 36.0
    assert variance(model, holdings, 1.0) == 36.0


def test_almgren_chriss_without_urgency_is_twap_and_with_much_is_at_once():
    assert almgren_chriss(0, 1_200, 12, 600, 0.0) == twap(0, 1_200, 12, 600)
    assert almgren_chriss(0, 1_200, 12, 600, 1e6).cumulative[0] == 600
    cumulative = [almgren_chriss(0, 1_200, 12, 600, urgency).cumulative[5] for urgency in (0.0, 1.0, 2.0, 4.0, 8.0)]
    assert cumulative == sorted(set(cumulative))


def test_almgren_chriss_halfway_by_hand():
    """x(T/2)/X = sinh(κT/2)/sinh(κT) = 1/(2 cosh(κT/2)): with κT = 2 that is 1/(2 cosh 1) = 0.324027."""
    assert almgren_chriss(0, 100, 2, 1_000_000, 2.0).cumulative == (1_000_000 - 324_027, 1_000_000)


def test_urgency_of_a_model_is_kappa_times_the_horizon():
    planner = AlmgrenChriss.from_model(PAPER, horizon=5.0, slices=5)
    assert planner.urgency == pytest.approx(5 * kappa_of(PAPER, 1.0))
    lots = slice_lots(planner.plan(mandate(1_000_000)))
    path = trajectory(1_000_000.0, kappa_of(PAPER, 1.0), np.arange(6.0))
    assert np.abs(np.array(lots) + np.diff(path)).max() <= 1.0


def test_almgren_chriss_slices_too_long_for_the_permanent_impact_are_refused():
    with pytest.raises(ConfigError, match="shorter slices"):
        kappa_of(ImpactModel(sigma=1.0, eta=1.0, gamma=1.0, risk_aversion=1.0), tau=2.0)


# ── Obizhaeva–Wang ───────────────────────────────────────────────────────────────────────────────────────────────


def test_obizhaeva_wang_exponential_discrete_closed_form():
    """a = G(τ): the ends trade X/(2 + (N−2)(1−a)), every other time (1−a) of that (Obizhaeva and Wang, prop. 1)."""
    for count, a in ((2, 0.5), (3, 0.9), (12, 0.7), (200, 0.99)):
        times = np.arange(count, dtype=np.float64)
        trades = optimal_trades(kernel_matrix(exponential(math.log(0.5) / math.log(a)), times), 1.0)
        end = 1.0 / (2.0 + (count - 2) * (1.0 - a))
        inner = np.full(count - 2, end * (1.0 - a))
        assert trades == pytest.approx(np.concatenate(([end], inner, [end])), abs=1e-9)


def test_obizhaeva_wang_continuous_limit():
    """As the grid gets fine the two blocks come to X/(2 + ρT) each, and the rest goes at a constant rate."""
    rate_of_decay = 3.0
    times = np.linspace(0.0, 1.0, 801)
    trades = optimal_trades(kernel_matrix(lambda lag: np.exp(-rate_of_decay * lag), times), 1.0)
    assert trades[0] == pytest.approx(1.0 / (2.0 + rate_of_decay), abs=1e-3)
    assert trades[1:-1].sum() == pytest.approx(rate_of_decay / (2.0 + rate_of_decay), abs=2e-3)


@pytest.mark.parametrize("kernel", [exponential(0.4), lambda lag: (1.0 + 5.0 * lag) ** -0.5], ids=["exp", "power"])
def test_obizhaeva_wang_is_the_minimum_found_numerically(kernel):
    matrix = kernel_matrix(kernel, np.linspace(0.0, 1.0, 9))
    whole = {"type": "eq", "fun": lambda n: n.sum() - 1.0}
    options = {"ftol": 1e-15, "maxiter": 1_000}
    found = minimize(
        lambda n: 0.5 * n @ matrix @ n, np.full(9, 1 / 9), jac=lambda n: matrix @ n, constraints=[whole],
        method="SLSQP", options=options,
    )  # fmt: skip
    assert found.success
    assert optimal_trades(matrix, 1.0) == pytest.approx(found.x, abs=1e-6)
    solved = np.linalg.solve(matrix, np.ones(9))
    assert optimal_trades(matrix, 1.0) == pytest.approx(solved / solved.sum(), abs=1e-10)


def test_quadratic_cost_is_the_cost_of_trading_through_a_decaying_book():
    """½ nᵀKn against the displacement simulated step by step: each trade pays the middle of the jump it causes."""
    rng = np.random.default_rng(7)
    times, trades, half_life = np.linspace(0.0, 2.0, 6), rng.normal(size=6), 0.8
    displacement, cost = 0.0, 0.0
    for j, n in enumerate(trades):
        if j:
            span = times[j] - times[j - 1]
            decay = solve_ivp(lambda _, d: -math.log(2) / half_life * d, (0, span), [displacement], rtol=1e-10)
            displacement = float(decay.y[0, -1])
        cost += n * (displacement + 0.5 * n)
        displacement += n
    matrix = kernel_matrix(exponential(half_life), times)
    assert 0.5 * trades @ matrix @ trades == pytest.approx(cost, rel=1e-6)


def test_a_kernel_with_price_manipulation_is_refused():
    """G(0) = 1, G(1) = 0, G(2) = 1.5: buy one and sell it at the third time, cost ½(1 + 1 − 2·1.5) = −½."""
    matrix = np.array([[1.0, 0.0, 1.5], [0.0, 1.0, 0.0], [1.5, 0.0, 1.0]])
    round_trip = np.array([1.0, 0.0, -1.0])
    assert 0.5 * round_trip @ matrix @ round_trip == -0.5
    with pytest.raises(ConfigError, match="price manipulation"):
        require_no_manipulation(matrix)


def test_permanent_impact_alone_is_not_manipulation():
    require_no_manipulation(np.ones((4, 4)))


def test_a_kernel_whose_best_trades_change_sign_is_refused():
    """Gaussian decay has no price manipulation, but buys more than the total and sells again (Alfonsi et al., 2012)."""
    with pytest.raises(ConfigError, match="one sign"):
        obizhaeva_wang(0, 10, 10, 100, lambda lag: np.exp(-((lag / 4.0) ** 2)))


def test_obizhaeva_wang_in_whole_lots():
    """Slices of one half-life, a = ½: ends 1/(2 + 2·½) = ⅓, inner ⅙ of 600 lots."""
    plan = ObizhaevaWang(slices=4, half_life=15 * MINUTE).plan(mandate(600))
    assert slice_lots(plan) == (200, 100, 100, 200)


@pytest.mark.parametrize("planner", [Twap(), Vwap(), AlmgrenChriss(), ObizhaevaWang()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("quantity", [1, 7, 2_000, 20_001])
def test_every_plan_adds_up_and_ends_at_the_deadline(planner, quantity):
    plan = planner.plan(mandate(quantity, start=SECOND))
    assert plan.cumulative[-1] == quantity
    assert plan.times[-1] == 60 * MINUTE
    assert len(plan.times) == 12


@pytest.mark.parametrize(
    ("kind", "options"),
    [(Twap, {"slices": 0}), (AlmgrenChriss, {"urgency": -1.0}), (ObizhaevaWang, {"half_life": 0})],
)
def test_options_out_of_range_are_refused(kind, options):
    with pytest.raises(ConfigError):
        kind(**options)
