"""Bars of prints and of a book against a loop over prints, one by one."""

import itertools

import numpy as np
import pytest

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.events import TRADE
from tickwright.factors.features.bars import BarBuilder
from tickwright.factors.features.book import BookFeatures, FeatureRows
from tickwright.factors.features.cases import made_feed
from tickwright.factors.features.clock import Clock
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, compute, together
from tickwright.factors.grid import Grid
from tickwright.factors.records import Status

CLOCKS = ("200ms", "events:40", "ticks:7", "volume:150", "dollars:100000", "bucket:150")
NAMES = ("mid", "bid_depth:2")


@pytest.fixture(scope="module")
def day():
    tape, prints = made_feed(2)
    return prints, BookFeatures(NAMES).feed(tape), tape


def spans(clock, prints, rows):
    """(begin, end, [(price, lots, side)]) of each bar, by a plain loop; `end` is the moment after."""
    found, held = [], []
    moments = sorted({*prints["ts_event"].tolist(), *rows.ts_event.tolist()})
    if clock.kind == "time":
        length = clock.grid.length
        for slot in range(moments[0] // length, moments[-1] // length + 1):
            inside = prints[prints["ts_event"] // length == slot]
            found.append((slot * length, (slot + 1) * length, [one(p) for p in inside]))
        return found
    if clock.kind == "events":
        count, begin, last = 0, None, 0
        for ts, group in itertools.groupby(rows.ts_event.tolist()):
            begin = ts if begin is None else begin
            count += len(list(group))
            if count >= clock.size:
                inside = prints[(prints["ts_event"] >= last) & (prints["ts_event"] <= ts)]
                found.append((begin, ts + 1, [one(p) for p in inside]))
                count, begin, last = 0, None, ts + 1
        return found
    begin = total = None
    for p in prints:
        price, lots, side = one(p)
        while lots:
            if begin is None:
                begin, total, held = int(p["ts_event"]), 0, []
            taken = min(lots, clock.size - total) if clock.kind == "bucket" else lots
            held.append((price, taken, side))
            if clock.kind == "ticks":
                total += 1
            elif clock.kind == "dollars":
                total += int(price * taken)
            else:
                total += taken
            lots -= taken
            if total >= clock.size:
                found.append((begin, int(p["ts_event"]) + 1, held))
                begin = None
    return found


def one(p):
    return int(p["price"]) + int(p["subtick"]) / 10_000, int(p["size"]), int(p["side"])


@pytest.mark.parametrize("text", CLOCKS)
def test_bars_are_those_of_a_loop(text, day):
    prints, rows, _ = day
    clock = Clock.parse(text)
    builder = BarBuilder(clock, NAMES)
    parts = [builder.push(prints, rows), builder.close()]
    made = np.concatenate([p.rows for p in parts])
    values = np.concatenate([p.values for p in parts], axis=1)
    expected = spans(clock, prints, rows)
    assert len(made) == len(expected) > 5
    for bar, value, (begin, end, held) in zip(made, values.T, expected, strict=True):
        prices, lots = [p for p, _, _ in held], [s for _, s, _ in held]
        assert (bar["ts_event"], bar["trades"], bar["volume"]) == (begin, len(held), sum(lots))
        assert bar["bought"] == sum(s for _, s, side in held if side > 0)
        assert bar["sold"] == sum(s for _, s, side in held if side < 0)
        assert bar["notional"] == pytest.approx(sum(p * s for p, s, _ in held), rel=1e-14)
        if held:
            assert (bar["open"], bar["high"], bar["low"]) == (prices[0], max(prices), min(prices))
            assert bar["close"] == prices[-1]
            assert bar["vwap"] == pytest.approx(bar["notional"] / bar["volume"], rel=1e-15)
        before = np.flatnonzero(rows.ts_event < end)
        assert value.tolist() == rows.values[:, before[-1]].tolist()
        assert bar["ts_available"] >= end - 1
    if text.startswith("bucket"):
        assert (made["volume"] == 150).all()
    if clock.kind == "time":
        assert made["volume"].sum() == prints["size"].sum()
        assert made["events"].sum() == len(rows)


@pytest.mark.parametrize("text", CLOCKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_bars_do_not_depend_on_how_a_feed_is_cut(text, seed, day):
    """Parts of any length, each with all of both feeds up to its end, and a restart in between: the same bits."""
    _, prints, tape = day[0], day[0], day[2]
    config = FeatureConfig(("mid", "vwap:4", "volatility:5"), bars=text, price="mid")
    whole = compute(tape, prints, config).frame()
    rng = np.random.default_rng(seed)
    stream, told = FeatureStream(config), []
    cuts = np.sort(rng.choice(np.unique(tape["ts_event"]), 30))
    edges = [0, *np.searchsorted(tape["ts_event"], cuts).tolist(), len(tape)]
    times = [0, *cuts.tolist(), 2**62]
    for k in range(len(edges) - 1):
        if k == 15:
            snapshot = stream.snapshot()
            stream = FeatureStream(config)
            stream.restore(snapshot)
        inside = (prints["ts_event"] >= times[k]) & (prints["ts_event"] < times[k + 1])
        told.append(stream.push(tape[edges[k] : edges[k + 1]], prints[inside]))
    told.append(stream.close())
    assert together(told).frame().equals(whole)
    assert len(whole) > 5


@pytest.mark.parametrize("text", CLOCKS)
def test_no_bar_knows_what_comes_after_it(text, day):
    """Bars that were over at a moment are the same without all that came later."""
    prints, rows, tape = day
    whole = compute(tape, prints, FeatureConfig(("mid",), bars=text)).bars.rows
    moment = int(rows.ts_event[len(rows) // 2])
    part = compute(
        tape[tape["ts_event"] <= moment], prints[prints["ts_event"] <= moment], FeatureConfig(("mid",), bars=text)
    ).bars.rows
    over = whole["ts_available"] <= moment
    assert over.sum() > 2
    assert part[: over.sum()].tobytes() == whole[over].tobytes()


def test_slots_of_bars_of_the_clock_are_absolute_and_an_empty_one_is_told(day):
    prints = np.zeros(2, TRADE)
    prints["ts_event"], prints["price"], prints["size"], prints["side"] = [50, 351], [10, 12], [3, 4], [1, -1]
    rows = FeatureRows(("mid",), np.array([50]), np.array([50]), np.array([[9.5]]), np.array([[1]], np.uint8))
    builder = BarBuilder(Clock.parse("100ns"), ("mid",))
    parts = [builder.push(prints, rows), builder.close()]
    made = np.concatenate([p.rows for p in parts])
    assert made["slot"].tolist() == [0, 1, 2, 3]
    assert made["volume"].tolist() == [3, 0, 0, 4]
    assert parts[0].frame()["close"].to_list() == [10, None, None]
    assert parts[0].frame()["mid"].to_list() == [9.5] * 3  # the book stands while nothing happens
    assert parts[0].sample("close")["status"].tolist() == [int(Status.OK), int(Status.GAP), int(Status.GAP)]
    assert parts[0].sample("volume")["status"].tolist() == [int(Status.OK)] * 3
    assert parts[0].sample("signed")["value"].tolist() == [3, 0, 0]


def quoted(*moments):
    """Rows of a feature that is the number of the row."""
    times = np.array(moments, np.int64)
    return FeatureRows(("k",), times, times, np.arange(1.0, len(times) + 1)[None], np.ones((1, len(times)), np.uint8))


def printed(*moments):
    prints = np.zeros(len(moments), TRADE)
    prints["ts_event"], prints["price"], prints["size"] = moments, 10, 1
    return prints


def test_a_bar_waits_for_the_whole_of_its_last_nanosecond():
    """A print may come before the row of the book that is of the same moment, in a part of its own."""
    builder = BarBuilder(Clock.parse("ticks:1"), ("k",))
    assert len(builder.push(printed(5), quoted())) == 0
    assert len(builder.push(printed(), quoted(5, 5))) == 0
    told = builder.push(printed(), quoted(6))
    assert told.values.tolist() == [[2.0]]  # the second of the two rows of that moment
    assert told.rows["ts_available"].tolist() == [5]


def test_what_happens_at_the_end_of_a_slot_is_in_the_next():
    builder = BarBuilder(Clock.parse("100ns"), ("k",))
    told = [builder.push(printed(100, 199), quoted(199, 200)), builder.close()]
    assert [part.values.tolist() for part in told] == [[[1.0]], [[2.0]]]
    assert [part.rows["volume"].tolist() for part in told] == [[2], [0]]
    assert [part.rows["events"].tolist() for part in told] == [[1], [1]]


def test_nights_are_in_no_bar():
    grid = Grid.parse("30min", "XNYS")
    opens = 1_518_791_400 * 10**9  # 2018-02-16 14:30 UTC, a Friday; the next session is Tuesday's
    prints = np.zeros(3, TRADE)
    prints["ts_event"] = [opens + 6 * 3600 * 10**9, opens + 10 * 3600 * 10**9, opens + 4 * 86_400 * 10**9]
    prints["size"], prints["price"] = [1, 100, 2], 5
    rows = FeatureRows((), *np.zeros((2, 0), np.int64), np.zeros((0, 0)), np.zeros((0, 0), np.uint8))
    builder = BarBuilder(Clock.parse("30min", "XNYS"))
    parts = [builder.push(prints, rows), builder.close()]
    made = np.concatenate([p.rows for p in parts])
    assert made["volume"].tolist() == [1, 2]
    assert np.diff(made["slot"]).tolist() == [1]
    assert made["slot"].tolist() == grid.slots(prints["ts_event"][[0, 2]]).tolist()


@pytest.mark.parametrize(
    "text", ["volume", "volume:0", "ticks:1.5", "bucket:x", "dollars:-3", "dollars:nan", "lots:5", "slot"]
)
def test_a_clock_that_is_none_is_refused(text):
    with pytest.raises(ConfigError):
        Clock.parse(text)


def test_what_bars_refuse(day):
    prints, rows, _ = day
    builder = BarBuilder(Clock.parse("ticks:3"), NAMES)
    builder.push(prints, rows)
    with pytest.raises(DataError, match="order of time"):
        builder.push(prints[:1], rows)
    other = BarBuilder(Clock.parse("ticks:4"), NAMES)
    with pytest.raises(FileFormatError, match="clock"):
        other.restore(builder.snapshot())
    with pytest.raises(ConfigError, match="bars that it is of"):
        FeatureConfig(("vwap:20",))
    with pytest.raises(ConfigError, match="session_share"):
        FeatureConfig(("session_share",), bars="ticks:3")
    for features in ((), ("mid", "mid"), ("vwap:x",), ("vwap:2",), ("return:5",), ("nothing",)):
        with pytest.raises(ConfigError):
            FeatureConfig(features, bars="1s")
    with pytest.raises(ConfigError, match="price"):
        FeatureConfig(("return",), bars="1s", price="spread")
