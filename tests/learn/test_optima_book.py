"""Gate A: the optima in a book, their closed forms against other ways to the same numbers, and proof that they fail."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tickwright.learn.gate import optima_book as ob
from tickwright.learn.gate.check import mean_of
from tickwright.learn.gate.degenerate import FairMarket
from tickwright.learn.gate.plain_book import UNINFORMED, Slicing, plain_book, worked
from tickwright.learn.gate.trials import pairs_of
from tickwright.strategy.intraday import obizhaeva_wang as ow

SLICING = Slicing(slices=5, takes=30, apart=1, rest=20, quantity=15.0)
WEIGHT, MEMORY = 1.2, 30.0 / np.log(2.0)
RNG = np.random.default_rng(1)
SHARES = RNG.dirichlet(np.ones(5))


def times_of(slicing):
    starts = np.arange(slicing.slices)[:, None] * slicing.length
    return (starts + slicing.apart * np.arange(slicing.takes)).ravel()


def test_the_matrix_is_of_the_law_as_it_runs():
    """FP's compiled law bills half of a take's own impact; a book bills none of it."""
    trades = np.zeros(5 * SLICING.length)
    trades[times_of(SLICING)] = np.repeat(SHARES * 15.0 / 30, 30)
    law = FairMarket.linear((0.5, 0.3, 0.0, 0.0), (MEMORY, 7.0, 1e9, 1e9)).costs(trades, np.zeros(1, np.uint64))[0]
    own = 0.5 * (0.5 + 0.3) * float((trades**2).sum())
    matrix = SLICING.matrix(0.5, MEMORY) + SLICING.matrix(0.3, 7.0)
    assert 0.5 * 15.0**2 * SHARES @ matrix @ SHARES == pytest.approx(law - own, rel=1e-3)


def test_a_plan_trades_what_its_shares_say():
    lots = np.array(SLICING.lots(SHARES)) * SLICING.takes
    assert lots.sum() == 15_000
    assert np.abs(lots - 15_000 * SHARES).max() <= SLICING.takes
    plan = SLICING.plan(SHARES)
    np.testing.assert_allclose(np.diff([phase["target"] for phase in plan[::2]], prepend=0.0), lots / 1_000)
    assert sum(phase["length"] for phase in plan) == 5 * SLICING.length


def test_the_eta_of_almgren_and_chriss_against_all_covariances():
    """The least of cost and variance over every take, news and uninformed orders in full, where a slice is long."""
    slicing = Slicing(slices=5, takes=6, apart=2, rest=90, quantity=7.0)
    permanent, passing, memory, news, risk = 0.06, 1.5, 6.0, 0.4, 0.02
    times = times_of(slicing).astype(float)
    lag = np.abs(np.subtract.outer(times, times))
    crowd = UNINFORMED * passing**2 * sum(np.exp(-2.0 * k / memory) for k in range(2_000))
    variance = news**2 * np.minimum.outer(times, times) + crowd * np.exp(-lag / memory)
    impact = passing * np.exp(-lag / memory) + permanent
    np.fill_diagonal(impact, 0.0)
    parts = np.repeat(np.eye(5), 6, axis=0) / 6

    def cost(head):
        takes = parts @ np.append(head, 1.0 - head.sum())
        return takes @ (0.5 * impact + risk * variance) @ takes

    found = minimize(cost, np.full(4, 0.2), tol=1e-12).x
    path = ob.almgren_chriss_path(slicing, permanent, passing, memory, news, risk)
    np.testing.assert_allclose(-np.diff(path)[:4], found, atol=1e-5)


def test_the_least_of_a_quadratic_cost_against_another_optimiser():
    root = RNG.normal(size=(5, 5))
    matrix, slope = root @ root.T + np.eye(5), RNG.normal(size=5)

    def cost(shares):
        return float(shares @ matrix @ shares + slope @ shares + 3.0)

    schedules = np.array(ob.lattice(5))
    assert schedules.min() > 0.0
    np.testing.assert_allclose(schedules.sum(axis=1), 1.0)
    found = minimize(cost, np.full(5, 0.2), constraints={"type": "eq", "fun": lambda x: x.sum() - 1.0}, tol=1e-12)
    np.testing.assert_allclose(ob.minimum(schedules, np.array([cost(s) for s in schedules])), found.x, atol=1e-4)


def test_what_moved_the_fair_price_anyhow_has_no_mean_and_most_of_the_variance():
    given = plain_book((WEIGHT,), (MEMORY,), 0.3)
    (one,) = worked(given, SLICING, [SHARES], 256, 2)
    # buyer and seller: news lifts the price of both, so that in a pair's mean of costs it is gone
    noise = mean_of(pairs_of(one.noise))
    assert abs(noise.value) < 4.0 * noise.error
    assert one.still.var() < 0.01 * one.cost.var()
    news = 0.3**2 * np.minimum.outer(times_of(SLICING), times_of(SLICING)).reshape(5, 30, 5, 30).mean(axis=(1, 3))
    assert one.noise.var() / (one.shares @ news @ one.shares) == pytest.approx(1.15, abs=0.4)


def judged(memory=MEMORY, closed=None, books=32):
    matrix = SLICING.matrix(WEIGHT, MEMORY)
    best = ow.optimal_trades(matrix, 1.0) if closed is None else closed
    given = plain_book((WEIGHT,), (memory,), 0.3)
    return [check.passed for check in ob.compared("OW", given, SLICING, matrix, best, 0.0, books, 7)]


def test_a_wrong_decay_is_told():
    """Memories a tenth longer than the closed form has them: its cost is not the book's."""
    assert judged() == [True, True, True]
    assert judged(memory=1.1 * MEMORY)[2] is False


def test_a_schedule_that_is_not_the_best_is_told():
    assert judged(closed=np.full(5, 0.2))[:2] == [False, False]


def test_an_impact_that_takes_pay_at_once_is_told(monkeypatch):
    """A diagonal as of a take that pays half its own impact, which in a book it does not."""
    matrix = Slicing.matrix
    monkeypatch.setattr(Slicing, "matrix", lambda self, w, m: matrix(self, w, m) + np.eye(self.slices) * w / self.takes)
    assert judged()[2] is False


@pytest.mark.slow
def test_the_optima_in_a_book_in_full():
    """On a seed of their own."""
    checks = [*ob.obizhaeva_wang_book_checks(256, 11), *ob.almgren_chriss_book_checks(256, 11)]
    assert [check for check in checks if not check.passed] == []
