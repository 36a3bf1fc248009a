"""Factors that orders rely on: one that is missing, not OK or stale stops them, and is named; all else is as before."""

import random

import polars as pl
import pytest
from test_gate import CANCEL, HALF_TICK, MID2, NEW, REPLACE, WHOLE, command

from tickwright.core.errors import ConfigError
from tickwright.core.layout import from_rows, to_rows
from tickwright.core.records import FactorRow, FactorStatus, Refusal, Verdict
from tickwright.core.units import SECOND
from tickwright.factors.records import Status
from tickwright.factors.rows import SCHEMA, told
from tickwright.risk.factors import FactorLimits, Reliance, Unmet, heard, unmet
from tickwright.risk.gate import GateLimits
from tickwright.risk.verdicts import explain, judge, kill

MINUTE = 60 * SECOND
BOUND = FactorLimits({"X": (Reliance("beta", MINUTE), Reliance("depth", 5 * SECOND))})


def row(factor="beta", ts=0, status=FactorStatus.OK, symbol="X", known=None):
    return FactorRow(factor, symbol, ts, ts if known is None else known, status)


FINE = heard({}, [row("beta"), row("depth")])


def refused(known, ts=SECOND, symbol="X", named=(), limits=GateLimits(), kind=NEW):  # noqa: B008
    why = unmet(BOUND, known, symbol, ts, named)
    verdict = judge(limits, command(kind=kind), WHOLE, MID2, HALF_TICK, ts, why)
    return Refusal(verdict.code), verdict.observed, verdict.limit, explain(verdict, why)


def test_an_order_passes_while_all_that_it_relies_on_is_ok():
    assert refused(FINE) == (Refusal.NONE, 0, 0, "passed")
    assert refused({}, symbol="Y") == (Refusal.NONE, 0, 0, "passed")


@pytest.mark.parametrize("status", set(FactorStatus) - {FactorStatus.OK})
def test_a_factor_that_is_not_ok_is_named_with_its_status(status):
    known = heard(FINE, [row("depth", status=status)])
    sentence = f"factor depth of X is {status.name.lower()}, ok is needed"
    assert refused(known) == (Refusal.FACTOR_STATUS, status, FactorStatus.OK, sentence)


def test_a_factor_without_a_row_is_missing():
    # Also where there is one of another instrument, or one that is known only later.
    sentence = "factor beta of X is missing: no row of it is known, one is needed"
    for known in ({}, heard({}, [row("depth"), row("beta", symbol="Y")]), heard({}, [row("beta", ts=SECOND + 1)])):
        assert refused(known) == (Refusal.FACTOR_MISSING, 0, 1, sentence)


def test_a_row_counts_for_its_age_and_no_longer():
    # `depth` counts for 5 s since it was known, at 1 s, whatever slot it is of.
    known = heard({}, [row("beta"), row("depth", ts=0, known=SECOND)])
    assert refused(known, ts=6 * SECOND)[0] == Refusal.NONE
    sentence = "factor depth of X is stale: its newest row was known 5.5 s ago, 5 s are allowed"
    assert refused(known, ts=6 * SECOND + SECOND // 2) == (
        Refusal.FACTOR_STALE, 5 * SECOND + SECOND // 2, 5 * SECOND, sentence,
    )  # fmt: skip


def test_an_order_may_name_factors_of_its_own():
    named = (Reliance("volatility", MINUTE),)
    assert refused(FINE, named=named)[0] == Refusal.FACTOR_MISSING
    assert refused(heard(FINE, [row("volatility")]), named=named)[0] == Refusal.NONE
    assert "factor volatility of Y is missing" in refused({}, symbol="Y", named=named)[3]


def test_cancels_pass_replaces_do_not_and_the_other_limits_come_first():
    assert refused({}, kind=CANCEL)[0] == Refusal.NONE
    assert refused({}, kind=REPLACE)[0] == Refusal.FACTOR_MISSING
    assert refused({}, limits=kill(GateLimits()))[:3] == (Refusal.KILLED, 1, 0)
    assert refused({}, limits=GateLimits(max_order_size=99))[:3] == (Refusal.SIZE, 100, 99)


def test_a_factor_that_recovers_lets_orders_pass_again():
    gone = heard(FINE, [row("beta", ts=SECOND, status=FactorStatus.GAP)])
    assert refused(gone)[0] == Refusal.FACTOR_STATUS
    assert refused(heard(gone, [row("beta", ts=2 * SECOND)]), ts=2 * SECOND)[0] == Refusal.NONE


def test_the_newest_row_against_a_plain_list():
    """Invariant: in whatever parts rows are told, that of the last slot counts, and of that the one known last."""
    for seed in range(50):
        rng = random.Random(seed)
        rows = [
            row(rng.choice("ab"), ts, rng.choice(list(FactorStatus)), rng.choice("XY"), known=ts + rng.randrange(9))
            for ts in (rng.randrange(6) for _ in range(40))
        ]
        known, at = {}, 0
        while at < len(rows):
            part = rng.randrange(1, 8)
            before = dict(known)
            after = heard(known, rows[at : at + part])
            assert known == before, f"seed {seed}: what was known is left as it is"
            known, at = after, at + part
        for key in {(r.factor_id, r.symbol) for r in rows}:
            mine = [r for r in rows if (r.factor_id, r.symbol) == key]
            assert known[key] == sorted(mine, key=lambda r: (r.ts_event, r.ts_available))[-1], f"seed {seed}"


def test_an_output_of_factors_is_heard_as_it_stands():
    frame = pl.DataFrame(
        {"ts_event": [0, 60, 0], "ts_available": [60, 120, 61], "symbol": ["X", "X", "Y"], "factor_id": 3 * ["f"],
         "status": ["ok", "gap", "stale_benchmark"]},
        schema_overrides=SCHEMA,
    )  # fmt: skip
    assert told(frame) == [
        FactorRow("f", "X", 0, 60, Status.OK),
        FactorRow("f", "Y", 0, 61, Status.STALE_BENCHMARK),
        FactorRow("f", "X", 60, 120, Status.GAP),
    ]


def test_a_refusal_is_journalled_like_any_other_and_told_without_the_factor_too():
    why = Unmet(Refusal.FACTOR_STATUS, "beta", "X", FactorStatus.WARMUP, FactorStatus.OK)
    verdict = judge(GateLimits(), command(), WHOLE, MID2, HALF_TICK, 9, why)
    (back,) = from_rows(Verdict, to_rows(Verdict, [verdict]))
    assert back == verdict == Verdict(42, Refusal.FACTOR_STATUS, FactorStatus.WARMUP, FactorStatus.OK, 9)
    assert explain(back) == "a factor that the order relies on is warmup, ok is needed"


@pytest.mark.parametrize("age", [0, -1])
def test_a_reliance_without_an_age_is_refused(age):
    with pytest.raises(ConfigError, match=r"gate.factors.max_age"):
        Reliance("beta", age)
