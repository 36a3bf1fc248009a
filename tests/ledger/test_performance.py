"""Performance statistics against hand-worked numbers and pandas or scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from tickwright.core.errors import DataError
from tickwright.ledger.performance import max_drawdown, sharpe, win_loss


def test_drawdown_by_hand():
    # Highs 5, 9; the fall from 9 (row 3) to 2 (row 5) is 7, deeper than from 5 to 1.
    assert max_drawdown(np.array([0, 5, 1, 9, 4, 2, 8])).depth == 7
    found = max_drawdown(np.array([0, 5, 1, 9, 4, 2, 8]))
    assert (found.peak, found.trough) == (3, 5)
    assert max_drawdown(np.array([1, 2, 3])).depth == 0
    # The peak is the one before the fall, though a later one is higher.
    assert max_drawdown(np.array([0, 9, 2, 10])).peak == 1
    with pytest.raises(DataError):
        max_drawdown(np.array([], np.int64))


@pytest.mark.parametrize("seed", range(5))
def test_drawdown_equals_all_pairs(seed: int):
    """The deepest fall is the largest earlier-minus-later difference over all pairs."""
    curve = np.random.default_rng(seed).integers(-50, 50, 60).cumsum()
    brute = max(curve[i] - curve[j] for i in range(60) for j in range(i, 60))
    assert max_drawdown(curve).depth == brute, f"seed {seed}"


def test_sharpe_against_the_t_statistic():
    # Sharpe times √n is the t statistic of the mean.
    values = np.random.default_rng(3).normal(0.1, 1.0, 250)
    t = stats.ttest_1samp(values, 0.0).statistic
    found = sharpe(values, periods_per_year=250)
    assert found is not None
    assert math.isclose(found, t, rel_tol=1e-12)
    assert sharpe(np.array([1.0])) is None
    assert sharpe(np.array([0.1, 0.1, 0.1])) is None


def test_wins_and_losses_by_hand():
    found = win_loss(np.array([10, -4, 0, 6, -1]))
    assert (found.wins, found.losses, found.gained, found.lost) == (2, 2, 16, 5)
    assert found.win_rate == 0.5
    assert found.profit_factor == 3.2
    assert win_loss(np.array([0])).win_rate is None
    assert win_loss(np.array([3])).profit_factor is None
