"""Flows over a window of time at the end of a bar: those of the last T before that end, however still it was lately."""

from itertools import pairwise

import numpy as np
import pytest

from tickwright.core.events import TRADE
from tickwright.factors.checks import CHECKS
from tickwright.factors.features.bars import BarBuilder
from tickwright.factors.features.book import BookFeatures
from tickwright.factors.features.cases import FeatureCase, made_feed
from tickwright.factors.features.clock import Clock
from tickwright.factors.features.columns import FIRST_OF_WINDOWS, Kind
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, compute, together
from tickwright.factors.features.nodes import NodeFeature
from tickwright.factors.records import Status

OK, WARMUP = int(Status.OK), int(Status.WARMUP)
KINDS = tuple(kind.name.lower() for kind in Kind if kind >= FIRST_OF_WINDOWS)
RATES = tuple(name for name in KINDS if name.endswith("_rate"))
MS = 10**6
WINDOWS = (70, 300, 1_100)
ASKED = tuple(f"{name}:{window}ms" for name in KINDS for window in WINDOWS)


def still(seed, pause=2_500 * MS):
    """The made feed with three silences that are longer than every window."""
    tape, prints = (part.copy() for part in made_feed(seed))
    moments = np.unique(tape["ts_event"])
    for cut in moments[[len(moments) // 5, len(moments) // 2, len(moments) * 4 // 5]].tolist():
        for part in (tape, prints):
            after = part["ts_event"] > cut
            for name in {"ts_event", "ts_recv"} & set(part.dtype.names):
                part[name][after] += pause
        moments[moments > cut] += pause
    return tape, prints


def brute(moments, added, prints, name, window, end):
    """(number, status) over [end − T, end) by a loop over what happened: prints, and what each nanosecond added."""
    if end - window <= moments[0]:
        return 0.0, WARMUP
    inside = prints[(prints["ts_event"] >= end - window) & (prints["ts_event"] < end)]
    lots, side = inside["size"], inside["side"]
    bought, sold = int(lots[side > 0].sum()), int(lots[side < 0].sum())
    by_prints = {
        "signed_volume": bought - sold, "traded": int(lots.sum()), "trade_rate": len(inside) / (window / 1e9),
        "trade_imbalance": (bought - sold) / (bought + sold) if bought + sold else None,
    }  # fmt: skip
    if name in by_prints:
        found = by_prints[name]
        return (0.0, int(Status.INSUFFICIENT_OBS)) if found is None else (found, OK)
    total = 0.0
    for moment, amount in zip(moments, added[name], strict=True):
        total += amount if end - window <= moment < end else 0.0
    return total * (1e-9 if name in RATES else 1.0) / (window / 1e9 if name in RATES else 1.0), OK


def flows(tape):
    """Moments with an event, and what each added to a flow: that over a nanosecond, at its last event."""
    rows = BookFeatures([f"{name}:1ns" for name in KINDS]).feed(tape)
    last = np.append(np.flatnonzero(np.diff(rows.ts_event)), len(rows) - 1)
    return rows.ts_event[last].tolist(), dict(zip(KINDS, rows.values[:, last].tolist(), strict=True))


@pytest.mark.parametrize("bars", ["100ms", "events:25", "ticks:9"])
def test_flows_at_the_ends_of_bars_are_those_of_a_loop(bars):
    tape, prints = still(1)
    happened = flows(tape)
    made = compute(tape, prints, FeatureConfig(ASKED, bars=bars)).bars
    ends = Clock.parse(bars).grid.ends(made.rows["slot"]) if bars == "100ms" else made.rows["ts_available"] + 1
    compared = 0
    for k, name in enumerate(made.names):
        kind, _, window = name.partition(":")
        for t in range(0, len(made), 3):
            value, status = brute(*happened, prints, kind, int(window[:-2]) * MS, int(ends[t]))
            assert made.statuses[k, t] == status, (name, t)
            assert made.values[k, t] == pytest.approx(value, rel=1e-12, abs=1e-12), (name, t)
            compared += value != 0.0
    assert compared > 200


def test_a_window_of_a_bar_holds_what_the_bar_says():
    tape, prints = still(2)
    bars = compute(
        tape, prints, FeatureConfig(("traded:100ms", "signed_volume:100ms", "event_rate:100ms"), bars="100ms")
    ).bars
    there = bars.statuses[0] == OK
    assert there.tolist() == [False, *[True] * (len(bars) - 1)]
    assert bars.values[0][there].tolist() == bars.rows["volume"][there].tolist()
    assert bars.values[1][there].tolist() == (bars.rows["bought"] - bars.rows["sold"])[there].tolist()
    np.testing.assert_allclose(bars.values[2][there] / 10, bars.rows["events"][there], rtol=1e-15)
    assert (bars.rows["events"] == 0).sum() > 60  # three silences of 25 bars


def test_a_part_at_a_time_and_after_a_restart_the_bits_are_those_of_the_day():
    tape, prints = still(3)
    asked = FeatureConfig((*ASKED, NodeFeature.of("ofi:900ms")), bars="100ms")
    whole = compute(tape, prints, asked)
    moments = np.unique(tape["ts_event"])
    cuts = moments[:: max(1, len(moments) // 150)]
    edges = [0, *np.searchsorted(tape["ts_event"], cuts).tolist(), len(tape)]
    times = [0, *cuts.tolist(), 2**62]
    for every in (0, 7):
        stream, told = FeatureStream(asked), []
        for k, ((at, end), (begin, until)) in enumerate(zip(pairwise(edges), pairwise(times), strict=True)):
            if every and k % every == 0:
                snapshot, stream = stream.snapshot(), FeatureStream(asked)
                stream.restore(snapshot)
            told.append(stream.push(tape[at:end], prints[(prints["ts_event"] >= begin) & (prints["ts_event"] < until)]))
        found = together([*told, stream.close()])
        assert found.bars.values.tobytes() == whole.bars.values.tobytes()
        assert found.bars.statuses.tobytes() == whole.bars.statuses.tobytes()
        assert found.windows["ofi:900ms"].tobytes() == whole.windows["ofi:900ms"].tobytes()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ["ofi:70ms", "trade_rate:700ms", "traded:2s"])
def test_the_checks_pass_where_runs_begin_in_front_of_a_silence(name, check):
    outcome = CHECKS[check](FeatureCase(FeatureConfig((NodeFeature.of(name),), bars="500ms"), *still(4)))
    assert outcome.passed, outcome


@pytest.mark.parametrize("begin", range(0, 60, 3))
def test_wherever_a_run_begins_rows_from_the_predicted_slot_on_are_the_same(begin):
    """In front of each silence too: what a window reaches is known by its own end, and not by an event."""
    tape, prints = still(5)
    asked = FeatureConfig((NodeFeature.of("ofi:1100ms"), NodeFeature.of("traded:300ms")), bars="250ms")
    whole = compute(tape, prints, asked)
    moments = np.unique(tape["ts_event"])
    gap = int(np.argmax(np.diff(moments)))
    later = compute(tape, prints, asked, begin=int(moments[gap - begin]))
    for feature in asked.of_bars:
        slots, all_slots = later.bars.rows["slot"], whole.bars.rows["slot"]
        since = slots >= slots[0] + feature.node.lookback - 1
        same = np.isin(all_slots, slots[since])
        assert later.windows[feature.name][since].tobytes() == whole.windows[feature.name][same].tobytes()
        assert (later.windows[feature.name]["status"][~since] == WARMUP).all()
        assert (later.windows[feature.name]["status"][since] == OK).all()


def test_what_no_window_reaches_is_forgotten():
    """A day of bars keeps what its longest window reaches, and no more."""
    tape, _ = made_feed(1)
    book, builder = BookFeatures(("traded:300ms",)), BarBuilder(Clock.parse("100ms"), ("traded:300ms",))
    held = []
    for k in range(0, len(tape) - 8, 8):
        now = tape["ts_event"][k : k + 8]
        rows = book.feed(tape[k : k + 8])
        builder.push(np.zeros(0, TRADE), rows)
        log = builder._past.log[:, 0]
        held.append(int(now[-1]) - int(log[1]) if len(log) > 1 else 0)
    assert max(held) < 300 * MS + 2 * 100 * MS + 8 * 80 * MS
