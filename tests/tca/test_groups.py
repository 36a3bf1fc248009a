"""Groups are ratios of sums; paired comparison, tails and resampling against scipy and hand-worked numbers."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats
from tca_cases import CENT, COMMANDS, EVENTS, FILLS, ORDER, worked

from tickwright.core.errors import ConfigError, DataError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.tca import aggregate, by_policy, compare, comparison_json, group_json, paired
from tickwright.tca.exact import Missing, Ratio, pooled
from tickwright.tca.pretrade import constant_rate_cost, square_root_impact
from tickwright.tca.statistics import benjamini_hochberg, bootstrap_ratio, conditional_value_at_risk, sign_flip_p


def two(policy: str = "hand"):
    """The order of tca_cases, and one of 2000 that filled the same 600 lots."""
    return [
        worked(policy=policy),
        worked(policy=policy, order=replace(ORDER, quantity=2000, parent_id=8), schedule=None, **of_parent(8)),
    ]


def of_parent(number: int):
    found = {"fills": FILLS.copy(), "events": EVENTS.copy(), "commands": COMMANDS.copy()}
    for rows in found.values():
        rows["parent"] = number
    return found


def test_a_group_is_a_ratio_of_sums():
    # Order of 2000: delay 40.00, trading 14.50, opportunity 1400 * 0.03 = 42.00, fees 0.80 -> 97.30 over 200 000.
    # Group: (47.30 + 97.30) / (100 000 + 200 000) = 4.82 bps. The mean of ratios would be (4.73 + 4.865) / 2 = 4.7975.
    row = group_json(aggregate(two()))
    assert row["shortfall"]["total"] == "144.60"
    assert row["shortfall_bps"] == 4.82
    assert row["trading_split"] == {"spread": "0.00", "impact": "1.00", "timing": "28.00"}
    assert row["fulfil_rate"] == 0.4  # 1200 / 3000
    assert row["positive_rate"] == 1.0  # both bought below the time-weighted mid
    assert row["timing_risk_bps"] == pytest.approx(0.135 / np.sqrt(2))  # two values 0.135 apart
    assert row["cvar95_bps"] == pytest.approx(4.865)
    assert row["slippage_bps"]["arrival"] == pytest.approx(14.5 / 60012 * 1e4)
    assert row["orders_with"]["arrival"] == 2
    assert row["orders_with"]["pwp_20"] == 0
    assert "pwp_20" not in {k for k, v in row["slippage_bps"].items() if v is not None}


def test_one_order_has_no_spread_and_says_so():
    row = group_json(aggregate(two()[:1]))
    for name in ("shortfall_interval_bps", "timing_risk_bps"):
        assert row[name] is None
        assert "fewer than two orders" in row["missing"][name]


def test_currencies_and_policies_are_never_pooled():
    euro = Instrument("ABC", "XETR", "EUR", Decimal("0.01"))
    mixed = [two()[0], worked(instrument=euro), worked(policy="other")]
    with pytest.raises(DataError, match="one policy in one currency"):
        aggregate(mixed)
    assert [(g.policy, g.currency, g.orders) for g in by_policy(mixed)] == [
        ("hand", "USD", 1), ("hand", "EUR", 1), ("other", "USD", 1),
    ]  # fmt: skip


def test_paired_difference_by_hand():
    # The baseline pays 3 ticks more for its last 100 lots: 3.00 more per order, over 1000 and 2000 at 100.00.
    dearer = []
    for quantity, number in ((1000, 7), (2000, 8)):
        rows = of_parent(number)
        rows["fills"]["price"][3] += 3
        order = replace(ORDER, quantity=quantity, parent_id=number)
        dearer.append(worked(policy="base", order=order, schedule=None, **rows))
    assert dearer[0].shortfall.total - two()[0].shortfall.total == 300 * CENT
    found = paired(two(), dearer, seed=1)
    assert found.difference_bps == pytest.approx(-6 / 300_000 * 1e4)
    assert (found.pairs, found.units, found.unit_count) == (2, "order", 2)
    assert found.p == 0.5  # of four sign patterns two reach |sum|
    assert found.interval_bps is not None
    assert found.interval_bps.low == pytest.approx(-3 / 100_000 * 1e4)
    assert found.interval_bps.high == pytest.approx(-3 / 200_000 * 1e4)
    rows = [comparison_json(c) for c in compare([*two(), *dearer], "base", seed=1)]
    assert rows[0]["p_adjusted"] == 0.5
    assert rows == [comparison_json(c) for c in compare([*two(), *dearer], "base", seed=1)]
    with pytest.raises(DataError, match="same parents"):
        paired(two(), dearer[:1])
    with pytest.raises(DataError, match="not among the policies"):
        compare(two(), "absent")


def test_days_are_the_units_when_there_are_two():
    def on_day(orders, shift):
        later = []
        for o in orders:
            a = o.order
            moved = replace(
                a, decision=a.decision + shift, start=a.start + shift, end=a.end + shift, parent_id=a.parent_id + 9
            )
            later.append(replace(o, order=moved))
        return later

    both = [*two(), *on_day(two(), DAY)]
    found = paired(both, both)
    assert (found.pairs, found.units, found.unit_count, found.difference_bps) == (4, "day", 2, 0.0)


def test_pooled_skips_the_missing():
    assert pooled([Ratio(1, 2), Missing("no"), Ratio(3, 4)]) == Ratio(4, 6)
    assert pooled([Missing("no")]) == Missing("no")


def test_bootstrap_against_scipy():
    """Percentile interval of a ratio of sums close to scipy's on the same data."""
    draw = np.random.default_rng(5)
    a, b = draw.normal(1.0, 2.0, 40), draw.uniform(1, 3, 40)
    found = bootstrap_ratio(a, b, seed=3, resamples=20_000)
    theirs = stats.bootstrap(
        (a, b), lambda x, y, axis: x.sum(axis) / y.sum(axis), paired=True, vectorized=True, method="percentile",
        n_resamples=20_000, rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert found is not None
    assert found.low == pytest.approx(theirs.low, abs=0.02)
    assert found.high == pytest.approx(theirs.high, abs=0.02)
    assert found == bootstrap_ratio(a, b, seed=3, resamples=20_000)
    assert found != bootstrap_ratio(a, b, seed=4, resamples=20_000)
    assert bootstrap_ratio(a[:1], b[:1], seed=3) is None


@pytest.mark.parametrize("n", [3, 8, 12])
def test_sign_flip_against_scipy(n: int):
    """All sign patterns: the exact p-value of scipy's permutation test on one sample."""
    values = np.random.default_rng(n).normal(0.6, 1.0, n)
    theirs = stats.permutation_test(
        (values,), lambda x, axis: x.sum(axis), permutation_type="samples", vectorized=True, n_resamples=np.inf
    ).pvalue
    assert sign_flip_p(values, seed=0) == pytest.approx(theirs)


def test_sampled_sign_flips_agree_with_a_t_test():
    values = np.random.default_rng(2).normal(0.25, 1.0, 60)
    found = sign_flip_p(values, seed=0)
    assert found == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, abs=0.02)
    assert sign_flip_p(values[:0], seed=0) is None


@pytest.mark.parametrize("seed", range(5))
def test_benjamini_hochberg_against_scipy(seed: int):
    p = np.random.default_rng(seed).uniform(0, 1, 17) ** 2
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p)), f"seed {seed}"
    with pytest.raises(ConfigError):
        benjamini_hochberg(np.array([1.5]))


def test_tail_by_hand():
    # The worst 5 % of 30 is 1.5 orders: (29 + ½ * 28) / 1.5. Of 20 it is the worst one.
    assert conditional_value_at_risk(np.arange(30.0)) == pytest.approx(43 / 1.5)
    assert conditional_value_at_risk(np.arange(20.0)) == pytest.approx(19.0)
    assert conditional_value_at_risk(np.array([])) is None


def test_square_root_law_by_hand():
    # σ = 200 bps a day, a twenty-fifth of the volume: 200 * √0.04 = 40 bps at the end, 26.67 on average.
    assert square_root_impact(200.0, 4.0, 100.0) == pytest.approx(40.0)
    assert constant_rate_cost(40.0) == pytest.approx(80 / 3)
    # I/(1 + δ) is the mean of I u^δ.
    u = (np.arange(100_000) + 0.5) / 100_000
    assert constant_rate_cost(40.0, 0.6) == pytest.approx(40 * np.mean(u**0.6), rel=1e-6)
    for arguments in ((-1.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 0.0)):
        with pytest.raises(ConfigError):
            square_root_impact(*arguments)
