"""Events of a venue to features: a process that stops in the middle, between any two events, and one that goes on."""

import numpy as np
import pytest

from tickwright.book.depth_tape import DepthTapeCompiler, compile_depth
from tickwright.book.quotes import trades_of
from tickwright.book.tape import TapeCompiler, compile_tape
from tickwright.core.errors import FileFormatError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.factors.features.cases import made_events
from tickwright.factors.features.events import EventFeatures
from tickwright.factors.features.feed import FeatureConfig, compute, together

OF_EVENTS = FeatureConfig(("mid", "micro", "bid_orders", "order_imbalance", "signed_volume:1s"))
OF_LEVELS = FeatureConfig(("mid", "micro", "bid_depth:3", "ofi:1s"))


def bars_of(text):
    return FeatureConfig(("mid", "vwap:4", "volatility:5"), bars=text, price="mid")


def depth_events(seed):
    """Levels that are set and removed, trades, and times that step back now and then."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(3000, MARKET_EVENT)
    now = 1_000_000_000 + np.cumsum(rng.integers(0, 20_000_000, len(rows)))
    rows["ts_event"] = now - np.where(rng.random(len(rows)) < 0.02, 50_000_000, 0)
    rows["ts_recv"], rows["instrument_id"] = now, 1
    bid = rng.random(len(rows)) < 0.5
    trade = rng.random(len(rows)) < 0.1
    rows["side"] = np.where(bid, int(Side.BID), int(Side.ASK))
    rows["price"] = np.where(bid, 999 - rng.integers(0, 8, len(rows)), 1001 + rng.integers(0, 8, len(rows)))
    rows["size"] = np.where(trade, rng.integers(1, 9, len(rows)), rng.integers(0, 5, len(rows)) * 10)
    rows["action"] = np.where(trade, int(Action.TRADE), int(Action.MODIFY))
    rows["flags"] = np.where(trade, int(Flag.LAST), int(Flag.LAST) | int(Flag.AGGREGATED))
    return rows


def in_parts(events, cuts, make, restart):
    """What a stream tells of events in parts; before each part another process may go on from a snapshot."""
    stream, told = make(), []
    for part in np.split(events, cuts):
        if restart:
            snapshot = stream.snapshot()
            stream = make()
            stream.restore(snapshot)
            assert stream.snapshot() == snapshot
        told.append(stream.push(part))
    return together([*told, stream.close()]).frame()


@pytest.mark.parametrize("config", [OF_EVENTS, bars_of("200ms"), bars_of("volume:150")], ids=["events", "time", "lots"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_restart_between_any_two_events_gives_the_rows_of_the_whole_day(config, seed):
    """Invariant: nothing is fed again, and yet the rows are those of one tape of all events, to the bit."""
    events = made_events(seed)
    rng = np.random.default_rng(seed)
    events["ts_event"] -= np.where(rng.random(len(events)) < 0.02, 3_000_000, 0)  # stamped earlier than those before
    whole = compute(compile_tape(events), trades_of(events), config).frame()
    # With bars a part holds both feeds up to its end, as ever: cuts are between moments.
    moments = np.flatnonzero(np.diff(np.maximum.accumulate(events["ts_event"]))) + 1
    cuts = np.sort(rng.choice(moments if config.bars else np.arange(1, len(events)), 12, replace=False))
    for restart in (False, True):
        assert in_parts(events, cuts, lambda: EventFeatures(config), restart).equals(whole)
    assert len(whole) > 5


@pytest.mark.parametrize("config", [OF_LEVELS, bars_of("200ms")], ids=["events", "time"])
def test_so_does_one_of_a_depth_feed(config):
    events = depth_events(1)
    whole = compute(compile_depth(events), trades_of(events), config).frame()
    moments = np.flatnonzero(np.diff(np.maximum.accumulate(events["ts_event"]))) + 1
    cuts = np.sort(np.random.default_rng(3).choice(moments, 12, replace=False))
    for restart in (False, True):
        assert in_parts(events, cuts, lambda: EventFeatures(config, depth=True), restart).equals(whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_compiler_goes_on_with_its_orders_its_counts_and_its_place(seed):
    """Unknown orders are counted on, slots given out in the same order; there are more orders than a table at first."""
    rng = np.random.default_rng(seed)
    many = np.zeros(6000, MARKET_EVENT)
    many["ts_event"] = many["ts_recv"] = np.arange(len(many))
    many["action"], many["side"], many["size"] = int(Action.ADD), int(Side.BID), 5
    many["order_id"], many["price"] = rng.permutation(len(many)) + 1, 100
    gone = many[rng.random(len(many)) < 0.5].copy()
    gone["action"], gone["ts_event"] = int(Action.CANCEL), len(many)
    gone["order_id"][::10] += 10**6  # nobody's
    again = gone.copy()  # the orders that left come again
    again["action"] = int(Action.ADD)
    events = np.concatenate([many, gone, again])
    whole = TapeCompiler("count")
    rows = whole.feed(events)
    compiler, made = TapeCompiler("count"), []
    for part in np.split(events, np.sort(rng.integers(0, len(events), 9))):
        snapshot = compiler.snapshot()
        compiler = TapeCompiler("count")
        compiler.restore(snapshot)
        made.append(compiler.feed(part))
    assert np.concatenate(made).tobytes() == rows.tobytes()
    assert compiler.counts() == whole.counts()
    assert compiler.counts().unknown > 0
    assert compiler.snapshot() == whole.snapshot()


def test_snapshots_of_others_and_damaged_ones_are_refused():
    events = made_events(1)
    stream = EventFeatures(OF_EVENTS)
    stream.push(events[:500])
    snapshot = stream.snapshot()
    EventFeatures(OF_EVENTS).restore(snapshot)
    for other in (EventFeatures(OF_LEVELS, depth=True), EventFeatures(OF_LEVELS), EventFeatures(OF_EVENTS, midnight=1)):
        with pytest.raises(FileFormatError):
            other.restore(snapshot)
    for at in (3, len(snapshot) // 4, len(snapshot) // 2, len(snapshot) - 2):
        damaged = snapshot[:at] + bytes([snapshot[at] ^ 1]) + snapshot[at + 1 :]
        with pytest.raises(FileFormatError):
            EventFeatures(OF_EVENTS).restore(damaged)
    made = TapeCompiler("count")
    made.feed(events[:100])
    for other in (TapeCompiler("raise"), TapeCompiler("count", 50), DepthTapeCompiler()):
        with pytest.raises(FileFormatError):
            other.restore(made.snapshot())
