"""Figures of paired costs against SciPy and closed forms; ratios that say nothing are not there."""

import math

import numpy as np
import pytest
from scipy import stats

from tickwright.core.errors import FileFormatError
from tickwright.learn.benchmark import seeds
from tickwright.learn.benchmark.cells import Cell
from tickwright.learn.benchmark.rows import Table, near_zero, worst
from tickwright.learn.benchmark.scenarios import (
    ENVELOPE,
    envelopes,
    frontier,
    identity,
    shells,
    tight,
    wide,
)
from tickwright.learn.benchmark.statistics import Bootstrap, block_of, block_sums, cvar_ratio, iqm
from tickwright.learn.estimate import grouped_mean, mean_of
from tickwright.learn.policies.paired import cvar

FACTS = {
    "arrival_ticks": 10_000.0, "forced_share": 0.0, "unfilled_share": 0.0, "maker_share": 0.0, "refused": 0,
    "objective": [1.0, 0.1], "split": None,
}  # fmt: skip


def cell(costs, news=None):
    news = np.zeros(len(costs)) if news is None else news
    return Cell(np.asarray(costs, float), news, np.arange(len(costs)), FACTS)


def table(rivals, near=0.06):
    return Table({name: cell(costs) for name, costs in rivals.items()}, 1, near)


@pytest.mark.parametrize("count", [1, 3, 4, 7, 1_000, 1_001])
def test_interquartile_mean_is_scipys(count):
    values = np.random.default_rng(count).standard_t(3, count)
    assert iqm(values) == pytest.approx(stats.trim_mean(values, 0.25))


def test_cvar_of_a_normal_is_its_closed_form():
    costs = np.random.default_rng(1).normal(2.0, 3.0, 400_000)
    expected = 2.0 + 3.0 * stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05
    assert cvar(costs) == pytest.approx(expected, abs=0.05)
    twice = cvar_ratio(2.0 * costs, costs)
    assert twice.value == pytest.approx(2.0)
    assert twice.error < 1e-12


def test_error_of_a_cvar_ratio_is_that_of_repeated_samples():
    """Delta method against brute force: the spread of the ratio over fresh samples."""
    rng = np.random.default_rng(2)

    def sample():
        shared = rng.normal(0.0, 2.0, 4_000)
        return 2.0 + shared + rng.normal(0, 1, 4_000), 2.5 + shared + rng.normal(0, 1, 4_000)

    found = [cvar_ratio(*sample()) for _ in range(150)]
    spread = np.std([f.value for f in found])
    assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.2)


def test_block_sums_are_sums_of_whole_books():
    rng = np.random.default_rng(3)
    values, books = rng.normal(size=9_037), rng.integers(0, 1_200, 9_037)
    block = block_of(books)
    sums = block_sums(values, block)
    assert len(sums) == 500
    assert sums.sum() == pytest.approx(values.sum())
    for book in range(1_200):
        assert len(np.unique(block[books == book])) == 1
    assert {len(np.unique(books[block == b])) for b in range(500)} <= {2, 3}
    assert (block_sums(values[:7], block_of(np.arange(7))) == values[:7]).all()


def in_books(rng, books, within, level=2.0):
    """Costs of 24 episodes a book, of which `within` is the standard deviation that a book's have in common."""
    return (level + within * rng.normal(size=(books, 1)) + rng.normal(size=(books, 24))).ravel()


def test_error_of_a_mean_of_groups_is_that_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(8)
    groups = rng.integers(0, 40, 700)
    values = rng.normal(size=700) + 0.7 * rng.normal(size=40)[groups]
    ours = grouped_mean(values, groups)
    theirs = sm.OLS(values, np.ones(700)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "df_correction": False}, use_t=False
    )
    assert ours.value == pytest.approx(values.mean())
    assert ours.error == pytest.approx(theirs.bse[0])
    assert grouped_mean(values, np.arange(700)).error == pytest.approx(mean_of(values).error)
    assert grouped_mean(values, np.zeros(700)).error == math.inf


def test_episodes_of_one_book_are_not_counted_as_independent():
    """Spread of the figures over fresh samples against the intervals: of the mean, the ratio and the difference."""
    rng, books = np.random.default_rng(9), np.repeat(np.arange(64), 24)
    block = block_of(books)
    sizes = np.bincount(block)
    means, errors, ratios, widths, apart, between = [], [], [], [], [], []
    for n in range(150):
        below, above = in_books(rng, 64, 0.5), in_books(rng, 64, 0.5, 1.8)
        found = grouped_mean(below, books)
        bootstrap = Bootstrap(n, len(sizes), 400)
        sums, base = [block_sums(above, block)], block_sums(below, block)
        low, high = bootstrap.ratio(sums, base)
        worst_case, best_case = bootstrap.difference(sums, base, sizes)
        means.append(found.value), errors.append(found.error)
        ratios.append(above.mean() / below.mean()), widths.append((high - low) / 3.92)
        apart.append(above.mean() - below.mean()), between.append((best_case - worst_case) / 3.92)
    for values, told in ((means, errors), (ratios, widths), (apart, between)):
        assert np.mean(told) == pytest.approx(np.std(values), rel=0.2)


def test_bootstrap_of_a_ratio_agrees_with_the_delta_method():
    rng = np.random.default_rng(4)
    below = rng.normal(2.0, 3.0, 20_000)
    above = 0.9 * below + rng.normal(0.0, 1.0, 20_000)
    block = block_of(np.arange(20_000))
    low, high = Bootstrap(1, 500).ratio([block_sums(above, block)], block_sums(below, block))
    ratio = above.mean() / below.mean()
    error = np.std((above - ratio * below) / below.mean()) / math.sqrt(20_000)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert low < ratio < high


def test_several_seeds_widen_the_interval():
    """Seeds that differ by more than episodes do: the interval knows it."""
    rng = np.random.default_rng(5)
    below = rng.normal(2.0, 1.0, 20_000)
    block = block_of(np.arange(20_000))
    runs = [block_sums(below * level, block) for level in (0.7, 0.8, 0.9, 1.0, 1.1)]
    low, high = Bootstrap(1, 500).ratio(runs, block_sums(below, block))
    assert high - low > 0.15
    alike = Bootstrap(1, 500).ratio([runs[2]] * 5, block_sums(below, block))
    assert alike[1] - alike[0] < 1e-9


@pytest.mark.slow
def test_bootstrap_covers():
    """95 % intervals of a ratio hold the true one in about 95 of 100 small samples."""
    rng = np.random.default_rng(6)
    held = 0
    for n in range(600):
        below = rng.exponential(2.0, 1_000)
        above = 0.8 * below + rng.exponential(0.3, 1_000)
        block = block_of(np.arange(1_000))
        low, high = Bootstrap(n, 500, 1_000).ratio([block_sums(above, block)], block_sums(below, block))
        held += low < 0.95 < high
    assert 0.93 < held / 600 < 0.97


def test_a_row_says_what_numpy_says():
    rng = np.random.default_rng(7)
    base, news = rng.normal(2.0, 1.0, 800), rng.normal(0.0, 5.0, 800)
    own = cell(base - 0.4 + news, news)
    made = table({"twap/take": base}).row("policy", "policy", [own])
    assert made["mean_bps"] == pytest.approx((base - 0.4).mean())
    assert made["median_bps"] == pytest.approx(np.median(base - 0.4 + news))
    assert made["sd_bps"] == pytest.approx((base - 0.4 + news).std(ddof=1))
    assert made["difference_to"]["twap/take"]["bps"] == pytest.approx(-0.4)
    assert made["difference_to"]["twap/take"]["ticks"] == pytest.approx(-0.4)  # a tick is a basis point at 10 000
    assert made["ratio_to"]["twap/take"] == pytest.approx((base - 0.4).mean() / base.mean())
    assert made["win_rate_to"]["twap/take"] == pytest.approx((base - 0.4 + news < base).mean())


@pytest.mark.parametrize(("own", "rival"), [(0.01, 2.0), (-0.5, 2.0), (1.0, 0.01), (1.0, -1.0)])
def test_a_ratio_near_zero_is_not_printed(own, rival):
    rng = np.random.default_rng(8)
    noise = rng.normal(0.0, 0.1, 2_000)
    made = table({"heuristic": rival + noise}).row("policy", "policy", [cell(own + noise)])
    assert made["ratio_to"]["heuristic"] is None
    assert made["ratio_ci95"]["heuristic"] is None
    assert made["difference_to"]["heuristic"]["bps"] == pytest.approx(own - rival)


def test_stopped_markets_are_left_out_of_both():
    base = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    own = np.array([1.0, np.nan, 3.0, 3.0, 5.0])
    made = table({"heuristic": base}).row("policy", "policy", [cell(own)])
    assert (made["episodes"], made["stopped"]) == (4, 1)
    assert made["difference_to"]["heuristic"]["bps"] == pytest.approx((0.0 - 1.0 + 0.0) / 3)


def test_worst_is_the_dearest_seed():
    costs = {"a": 1.0, "b": 3.0, "c": 2.0}
    rows = [{"policy": name, "kind": "policy", "mean_bps": cost} for name, cost in costs.items()]
    assert worst(rows)["of"] == "b"


def test_near_zero_is_a_tenth_of_the_half_spread():
    assert near_zero(1.2, 10_000) == pytest.approx(0.06)


def test_a_cell_is_what_its_file_says():
    """Reading back gives the very numbers that were computed with."""
    costs = np.array([1.25, np.nan, 3.5])
    kept = Cell.from_json(cell(costs).to_json())
    assert np.array_equal(kept.shortfall, costs, equal_nan=True)


def test_the_default_test_seeds_are_those_committed_to():
    assert seeds.commitment(seeds.DEFAULT_SEED) == seeds.HASH
    assert seeds.commitment(2) != seeds.HASH


def test_the_same_seeds_for_another_set_of_policies_are_counted(tmp_path):
    digest = seeds.commitment(1)
    assert [seeds.register(tmp_path, 1, digest, name)["set"] for name in ("a", "a", "b", "a")] == [1, 1, 2, 1]
    other = seeds.commitment(2)
    assert seeds.register(tmp_path, 2, other, "c")["set"] == 1  # and the first are not forgotten
    assert seeds.register(tmp_path, 1, digest, "c")["set"] == 3
    (tmp_path / seeds.FILE).write_text("{")
    with pytest.raises(FileFormatError, match=r"seeds\.json"):
        seeds.register(tmp_path, 1, digest, "a")


def test_scenarios_are_what_the_domain_asks():
    """Ten shifted regimes and unseen seeds, four envelopes that hold the base, four risk aversions."""
    base = tight()
    every = [base, *shells(base), *envelopes(base), *frontier(base)]
    assert len({scenario.name for scenario in every}) == len(every)
    assert len(shells(base)) == 11
    assert [s.seed_name for s in shells(base)] == ["tight/unseen"] * 11
    for group in ("impact of passive fills", "display", "cancels", "latency"):
        own = [s for s in envelopes(base) if s.varies == group]
        assert sum(identity(s.config) == identity(base.config) for s in own) == 1, group
        assert all(s.kind == ENVELOPE for s in own)
    assert len({s.config.risk_aversion for s in frontier(base)}) == 4
    assert tight().gate_known
    assert wide().gate_known
