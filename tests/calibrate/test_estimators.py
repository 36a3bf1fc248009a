"""Estimators and distances against closed forms and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis as scipy_kurtosis
from scipy.stats import wasserstein_distance

from tickwright.calibrate.definitions import DEFINITIONS
from tickwright.calibrate.distance import band, distance, multiplicities
from tickwright.calibrate.estimators import (
    correlation,
    hill_of,
    kurtosis,
    ratio,
    response,
    seen_from_both,
    shares,
    signature_of,
    survival,
)
from tickwright.calibrate.facts import Fact


def in_blocks(columns: np.ndarray, blocks: int = 10) -> np.ndarray:
    """Rows of summands → their sums by block."""
    return np.array([part.sum(0) for part in np.array_split(columns, blocks)])


def test_the_correlation_of_an_ar1_is_a_power_of_its_coefficient() -> None:
    rng, phi, n = np.random.default_rng(1), 0.8, 400_000
    noise = rng.normal(size=n)
    series = np.empty(n)
    series[0] = noise[0]
    for i in range(1, n):
        series[i] = phi * series[i - 1] + noise[i]
    for lag in (1, 2, 5):
        x, y = series[:-lag], series[lag:]
        sums = np.array([(x * y).sum(), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), x.size])
        value, known = correlation(sums)
        assert known.all()
        assert value[0] == pytest.approx(phi**lag, abs=0.01)
        assert value[0] == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)


def test_kurtosis_is_that_of_scipy() -> None:
    r = np.random.default_rng(2).standard_t(5, 10_000) + 0.3
    value, _ = kurtosis(np.array([(r**k).sum() for k in (1, 2, 3, 4)] + [r.size]))
    assert value[0] == pytest.approx(scipy_kurtosis(r, fisher=False), rel=1e-9)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0])
def test_the_tail_exponent_of_rounded_pareto_returns(exponent: float) -> None:
    rng = np.random.default_rng(3)
    sizes = np.minimum(np.round(40 * rng.uniform(size=200_000) ** (-1 / exponent)), 4096).astype(int)
    value, known = hill_of(0.05)(np.bincount(sizes, minlength=4097)[1:].astype(float))
    assert known.all()
    assert value[0] == pytest.approx(exponent, rel=0.04)


def test_the_tail_of_too_few_returns_is_not_known() -> None:
    value, known = hill_of(0.05)(np.bincount([1, 2, 3], minlength=50)[1:].astype(float))
    assert not known.any()
    assert value[0] == 0


def test_survival_of_exponential_lives_under_random_censoring() -> None:
    # Without the correction for censoring, the share alive would be near exp(-2 t).
    rng, n = np.random.default_rng(4), 200_000
    life, sight = rng.exponential(size=n), rng.exponential(size=n)
    edges = np.linspace(0, 3, 301)
    bins = np.clip(np.searchsorted(edges, np.minimum(life, sight)) - 1, 0, 299)
    ended = np.bincount(bins[life <= sight], minlength=300)
    lost = np.bincount(bins[life > sight], minlength=300)
    value, _ = survival(np.concatenate([ended, lost]).astype(float))
    for t in (0.5, 1.0, 2.0):
        assert value[int(t * 100) - 1] == pytest.approx(np.exp(-t), abs=0.01)


def test_a_diffusion_has_a_flat_signature() -> None:
    lags = np.array([1, 10, 100])
    n = np.array([50, 40, 130])
    taken = lags / n - (lags**2 - 1) / (3 * n**2)
    value, _ = signature_of(lags, 2)(np.concatenate([2.0 * lags * n * (1 - taken), np.zeros(3), n]))
    np.testing.assert_allclose(value, 1)


def test_a_short_walk_has_a_flat_signature_on_average() -> None:
    # The mean over 4 000 walks of 400 steps: without what a walk's own mean takes, D(100) would be a quarter too small.
    rng, lags, n = np.random.default_rng(6), (1, 30, 100), 400
    walks = np.cumsum(rng.normal(size=(4000, n + 1)), 1)
    found = []
    for lag in lags:
        moves = walks[:, lag:] - walks[:, :-lag]
        count = float(moves.shape[1])
        sums = np.array([(moves**2).sum(1).mean(), 0.0, count, 0.0, 0.0, count])  # beside itself at lag 1
        sums[0] -= (moves.sum(1) ** 2 / count).mean()
        value, _ = signature_of(np.array([lag, 1]), 1)(np.array([sums[0], count, 0.0, 0.0, count, count]))
        found.append(value[0] * (1 - 1 / count * (1 - 1 / (3 * count))) ** -1)
    np.testing.assert_allclose(found, 1, rtol=0.03)


def test_a_drift_changes_neither_signature_nor_response() -> None:
    # Invariant: with c l added to every move over l, and signs of which one is the commoner, both stay as they were.
    rng, lags = np.random.default_rng(2), np.array([1, 10])
    signs = np.where(rng.random(4000) < 0.7, 1.0, -1.0)
    moves = [rng.normal(size=4000) * lag**0.5 + 0.1 * signs for lag in lags]
    answers = []
    for drift in (0.0, 3.0):
        drifted = [move + drift * lag for move, lag in zip(moves, lags, strict=True)]
        flat = signature_of(lags, 0)(
            np.array([(m**2).sum() for m in drifted] + [m.sum() for m in drifted] + 2 * [4000.0])
        )[0]
        sums = [[signs @ m for m in drifted], 2 * [signs.sum()], [m.sum() for m in drifted], 2 * [4000.0], 2 * [4000.0]]
        answers.append((flat, response(np.concatenate(sums))[0]))
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-9)
    expected = [np.cov(signs, m, ddof=0)[0, 1] for m in moves]
    np.testing.assert_allclose(answers[0][1], expected, rtol=1e-9)


def test_an_imbalance_is_seen_from_both_sides() -> None:
    value, known = seen_from_both(np.array([4.0, 0.0, 2.0, 0.0, 0.0]))
    assert known.all()
    np.testing.assert_allclose(value, np.array([2, 0, 2, 0, 2]) / 6)


def test_what_the_data_do_not_hold_is_said() -> None:
    value, known = ratio(np.array([3.0, 0.0, 2.0, 0.0]))
    assert known.tolist() == [True, False]
    assert value.tolist() == [1.5, 0.0]
    assert not shares(np.zeros(4))[1].any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=3, max_size=20), st.data())
def test_the_distance_of_distributions_is_wasserstein(weights: list[int], data: st.DataObject) -> None:
    # For any two histograms on one axis, the distance is that of scipy.stats.wasserstein_distance.
    other = data.draw(st.lists(st.integers(0, 50), min_size=len(weights), max_size=len(weights)))
    a, b = (Fact("spread-time", "distribution", np.arange(1.0, len(weights) + 1),
                 np.array([w, w], float), shares) for w in (weights, other))  # fmt: skip
    found = distance(a, b, False, 1, resamples=3)
    if not sum(weights) or not sum(other):
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(wasserstein_distance(a.x, a.x, weights, other), abs=1e-9)
    assert found.noise == pytest.approx(0, abs=1e-12)  # two equal blocks: every resample is the day
    assert found.low == pytest.approx(found.high)


def test_a_curve_is_as_far_as_its_points_are_in_the_mean() -> None:
    a = Fact("volumes", "curve", np.arange(3), np.array([[1.0, 2, 3, 1, 1, 1]]), ratio)
    b = Fact("volumes", "curve", np.arange(3), np.array([[2.0, 2, 0, 1, 1, 0]]), ratio)
    found = distance(a, b, False, 1, resamples=2)
    assert found is not None
    assert found.value == pytest.approx(0.5)  # (1 + 0) / 2: the third point is not known to both
    scaled = distance(a, b, True, 1, resamples=2)
    assert scaled is not None
    assert scaled.value == pytest.approx(0.25)  # the recorded level is 2


def test_the_bootstrap_has_the_error_of_a_mean() -> None:
    # The 95 % band of a mean over independent blocks is 2 × 1.96 standard errors wide.
    rng = np.random.default_rng(5)
    blocks = rng.normal(10, 1, 400)
    fact = Fact("volumes", "curve", np.arange(1), np.stack([blocks, np.ones(400)], 1), ratio)
    low, high = band(fact, 7, resamples=4000)
    assert high[0] - low[0] == pytest.approx(2 * 1.96 * blocks.std() / 20, rel=0.06)
    again = band(fact, 7, resamples=4000)
    assert (low, high) == again
    assert (multiplicities(rng, 26, 50).sum(1) == 26).all()


def test_every_fact_is_defined_with_a_source() -> None:
    for name, words in DEFINITIONS.items():
        assert all((words.what, words.x, words.y)), name
        assert any(ch.isdigit() for ch in words.source), name
