"""Participation, tracking, messages, waiting times, queues, latency and quotes of the order of tca_cases by hand."""

import json
import math

import numpy as np
import pytest
from tca_cases import COMMANDS, EVENTS, FILLS, MARKET, MS, ORDER, QUOTES, TRADES, report, rows, worked

from tickwright.core.errors import DataError
from tickwright.core.records import COMMAND, FILL, ORDER_EVENT, VERDICT, OrderEventKind, Schedule
from tickwright.core.units import SECOND
from tickwright.tca import Market, rows_of_parent, to_json
from tickwright.tca.exact import Missing
from tickwright.tca.quality import Percentiles, percentiles
from tickwright.tca.quotes import resting_quotes


def test_shares_by_hand():
    row = to_json(worked())
    assert row["fill_rate"] == 0.6
    assert row["maker_share"] == pytest.approx(200 / 600)
    assert row["participation"] == pytest.approx(600 / 1300)
    # The minute 15-75 s: ours 600, others 400 + 200 + 100 + 500 = 1200.
    assert row["peak_participation"] == pytest.approx(600 / 1800)


def test_peak_takes_the_minute_with_the_largest_share():
    # Moved to 80 s the last 100 lots fall in the minute 75-135 s, where nobody else traded: all of its volume is ours.
    fills = FILLS.copy()
    fills["ts_exchange"][3] = 80 * SECOND
    assert to_json(worked(fills=fills))["peak_participation"] == 1.0


def test_tracking_by_hand():
    # By 30 s 500 done of 400 planned, by 60 s 600 of 1000: √((0.1² + 0.4²)/2) = 0.29155
    row = to_json(worked())
    assert row["tracking_error"] == pytest.approx(math.sqrt(0.085))
    # At 25 s 500 are done, the fill of that very moment included; 500 were planned.
    assert to_json(worked(schedule=Schedule((25 * SECOND,), (500,))))["tracking_error"] == 0.0
    without = to_json(worked(schedule=None))
    assert without["tracking_error"] is None
    assert without["missing"]["tracking_error"] == "no schedule was planned"


def test_messages_and_times_by_hand():
    row = to_json(worked())
    assert row["messages"] == {"new": 3, "cancel": 1, "replace": 1, "rejected": 0, "refused": 1}
    assert row["cancel_ratio"] == pytest.approx(1 / 3)
    assert row["amend_ratio"] == pytest.approx(1 / 3)
    assert (row["time_to_first_fill_s"], row["time_to_last_fill_s"]) == (1.0, 20.0)
    assert (row["queue_entry_mean"], row["queue_fill_mean"]) == (500.0, 20.0)


def test_latency_by_hand():
    row = to_json(worked())
    # Five commands went out, 1 ms after the decision; command n took 1 + n ms: 2, 3, 4, 5 and 7 ms.
    assert row["latency_ns"]["decide_to_send"] == {"p50": MS, "p90": MS, "p99": MS, "max": MS, "count": 5}
    assert row["latency_ns"]["send_to_exchange"] == {
        "p50": 4 * MS,
        "p90": 7 * MS,
        "p99": 7 * MS,
        "max": 7 * MS,
        "count": 5,
    }
    assert row["latency_ns"]["exchange_to_desk"]["p50"] == 5 * MS
    # Acknowledged at the desk: 16.005 s less 15.901 s = 104 ms, and the same for the others.
    assert row["latency_ns"]["send_to_acknowledge"] == {
        "p50": 104 * MS, "p90": 104 * MS, "p99": 104 * MS, "max": 104 * MS, "count": 3,
    }  # fmt: skip
    # Three takes at once, and 4 s in the queue.
    assert row["latency_ns"]["entry_to_fill"]["max"] == 4 * SECOND


@pytest.mark.parametrize("n", [1, 2, 9, 10, 11, 100, 101])
def test_percentiles_are_nearest_rank(n: int):
    values = np.random.default_rng(n).permutation(np.arange(n, dtype=np.int64) * 7)
    found = percentiles(values)
    assert isinstance(found, Percentiles)
    expected = np.percentile(values, [50, 90, 99], method="inverted_cdf")
    assert [found.p50, found.p90, found.p99] == expected.tolist()
    assert percentiles(values[:0]) == Missing("no messages")


def test_quotes_by_hand():
    # Order 2 was a quote at 100.03 from 21 s (300 lots, 200 made) and one at 100.08 from 28 s (100 lots, none).
    # Drift of the first in 10 s: mid 100.05 (20 s) -> 100.10 (31 s): +0.05. Of the second: 100.05 -> 100.10 (38 s).
    # In a minute: 100.05 -> 100.05 (81 s and 88 s): 0.
    quotes = resting_quotes(EVENTS, COMMANDS)
    assert [(q.ts, q.price, q.lots, q.made) for q in quotes] == [
        (21 * SECOND, 10003, 300, 200),
        (28 * SECOND, 10008, 100, 0),
    ]
    found = to_json(worked())["quotes"]
    assert (found["filled"], found["unfilled"]) == (1, 1)
    assert found["drift_filled_bps"]["10s"] == pytest.approx(0.05 / 100.05 * 1e4)
    assert found["drift_unfilled_bps"]["10s"] == pytest.approx(0.05 / 100.05 * 1e4)
    assert found["drift_filled_bps"]["1min"] == 0.0
    assert found["drift_filled_bps"]["1s"] == 0.0


def test_a_quote_wholly_taken_on_entry_never_rested():
    events = rows(
        ORDER_EVENT,
        report(2, OrderEventKind.ACKNOWLEDGED, 21, 10007, 300),
        report(2, OrderEventKind.FILLED, 21, 10007, 0, last_price=10007, last_size=300, liquidity=1),
    )
    assert resting_quotes(events, COMMANDS) == []
    with pytest.raises(DataError, match="order 99, which no command opened"):
        resting_quotes(rows(ORDER_EVENT, report(99, OrderEventKind.ACKNOWLEDGED, 21)), COMMANDS)


def test_every_null_has_its_reason_and_the_row_is_json():
    """Each null anywhere in the row is explained in `missing` under its path, and nothing else is."""
    empty = {"events": rows(ORDER_EVENT), "commands": rows(COMMAND), "verdicts": rows(VERDICT)}
    cases = [
        worked(),
        worked(fills=rows(FILL), schedule=None, **empty),
        worked(market=Market(QUOTES[:5], TRADES[:0], 0, 4000 * SECOND), schedule=None, **empty),
    ]
    for case in cases:
        row = to_json(case)
        assert json.loads(json.dumps(row, allow_nan=False)) == row
        nulls: set[str] = set()

        def walk(path: str, value: object, into: set[str] = nulls) -> None:
            if value is None:
                into.add(path)
            if isinstance(value, dict):
                for name, part in value.items():
                    walk(f"{path}.{name}" if path else name, part)

        walk("", row)
        assert nulls == set(row["missing"])
        assert all(row["missing"].values())


def test_rows_of_parent_selects_all_four():
    other = FILLS.copy()
    other["parent"] = 8
    commands = np.concatenate([COMMANDS, COMMANDS])
    commands["parent"][len(COMMANDS) :] = 8
    commands["command_id"][len(COMMANDS) :] += 100
    verdicts = rows(VERDICT, *({"command_id": n} for n in (1, 2, 101)))
    fills, events, mine, about = rows_of_parent(
        ORDER.parent_id, np.concatenate([FILLS, other]), EVENTS, commands, verdicts
    )
    assert (len(fills), len(events), len(mine)) == (4, 8, 6)
    assert about["command_id"].tolist() == [1, 2]
    assert MARKET.last_ns == 3999 * SECOND
