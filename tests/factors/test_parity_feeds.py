"""As `test_parity`, of what is made of single events: features of a book, of windows of bars, one's own, tick betas."""

from functools import cache
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_node_features import DIFFERENCE, PRESSURE, PressureConfig

from tickwright.core.units import MILLISECOND
from tickwright.factors.checks import check_lookahead, check_parity, check_start
from tickwright.factors.features.cases import made_feed
from tickwright.factors.features.columns import FIRST_OF_WINDOWS, Kind
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, compute, together
from tickwright.factors.features.nodes import NodeFeature, names
from tickwright.factors.features.window_rows import NoConfig
from tickwright.factors.records import Status
from tickwright.factors.tick.cases import TickCase, made_ticks
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory

WARMUP = int(Status.WARMUP)
SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OF_THE_CLOCK = ("100ms", "250ms", "1s")
BARS = (*OF_THE_CLOCK, "events:20", "ticks:8", "volume:60", "bucket:50")
_ARGUMENT = {Kind.IMBALANCE: ":3", Kind.BID_DEPTH: ":2", Kind.ASK_DEPTH: ":4", Kind.BID_DEPTH_BPS: ":9.5",
             Kind.ASK_DEPTH_BPS: ":40"}  # fmt: skip
NOW = tuple(kind.name.lower() + _ARGUMENT.get(kind, "") for kind in Kind if kind < FIRST_OF_WINDOWS)
FLOWS = tuple(kind.name.lower() for kind in Kind if kind >= FIRST_OF_WINDOWS)
made_feed_of, made_ticks_of = cache(made_feed), cache(made_ticks)


@st.composite
def feature_configs(draw):
    """Features of every kind over bars of any kind."""
    bars = draw(st.sampled_from(BARS))
    flow = st.builds("{}:{}ms".format, st.sampled_from(FLOWS), st.integers(1, 2_000))
    window = st.builds("{}:{}".format, st.sampled_from([n for n in names() if n not in ("return", "session_share")]),
                       st.integers(4, 20))  # fmt: skip
    columns = st.one_of(st.sampled_from(NOW), *([flow, flow] if bars in OF_THE_CLOCK else []))
    asked = [*draw(st.lists(st.one_of(st.sampled_from(NOW), flow), max_size=3)), *draw(st.lists(window, max_size=3))]
    own = PressureConfig(draw(st.integers(1, 12)), 1)
    volume = draw(st.sampled_from(("volume", "traded:90ms") if bars in OF_THE_CLOCK else ("volume",)))
    taken = {"imbalance": draw(st.one_of(columns, window)), "volume": volume}
    pressure = NodeFeature("own", PRESSURE, own, taken)
    step = NodeFeature("step", DIFFERENCE, NoConfig(), {"one": draw(columns), "other": pressure})
    column = NodeFeature.of(draw(columns))
    features = {getattr(one, "name", one): one for one in (*asked, pressure, step, column)}
    return FeatureConfig(tuple(features.values()), bars=bars, price=draw(st.sampled_from(["close", "mid", "micro"])))


def feed(seed, rng):
    """A made feed with silences of up to some seconds, whose rows came late, one behind the other."""
    tape, prints = (part.copy() for part in made_feed_of(seed))
    for cut in np.sort(rng.choice(tape["ts_event"], 3)).tolist():
        pause = int(rng.integers(0, 4_000)) * MILLISECOND
        for part in (tape, prints):
            part["ts_event"][part["ts_event"] > cut] += pause
    late = np.where(rng.random(len(tape)) < 0.05, rng.integers(0, 300 * MILLISECOND, len(tape)), 0)
    tape["ts_recv"] = np.maximum.accumulate(tape["ts_event"] + late)
    return tape, prints


def same(found, whole):
    assert found.bars.rows.tobytes() == whole.bars.rows.tobytes()
    for mine, theirs in ((found.bars.values, whole.bars.values), (found.bars.statuses, whole.bars.statuses)):
        assert mine.tobytes() == theirs.tobytes()
    for name, rows in whole.windows.items():
        assert found.windows[name].tobytes() == rows.tobytes(), name


@SETTINGS
@given(feature_configs(), st.integers(1, 4), st.integers(0, 2**32))
def test_features_in_batch_are_those_of_a_stream_and_of_a_restart(config, made, seed):
    """Invariant: however a feed is cut into parts, and wherever a process ends, bars and rows have the same bytes."""
    rng = np.random.default_rng(seed)
    tape, prints = feed(made, rng)
    whole = compute(tape, prints, config)
    cuts = np.sort(rng.choice(np.unique(tape["ts_event"]), 40, replace=False))
    edges = [0, *np.searchsorted(tape["ts_event"], cuts).tolist(), len(tape)]
    times = [0, *cuts.tolist(), 2**62]
    for restart in (-1, int(rng.integers(1, 40))):
        stream, told = FeatureStream(config), []
        for k, ((at, end), (begin, until)) in enumerate(zip(pairwise(edges), pairwise(times), strict=True)):
            if k == restart:
                snapshot, stream = stream.snapshot(), FeatureStream(config)
                stream.restore(snapshot)
            told.append(stream.push(tape[at:end], prints[(prints["ts_event"] >= begin) & (prints["ts_event"] < until)]))
        same(together([*told, stream.close()]), whole)


@SETTINGS
@given(feature_configs().filter(lambda c: c.bars in OF_THE_CLOCK), st.integers(1, 4), st.integers(0, 2**32))
def test_features_of_a_later_start_are_those_of_the_longer_run(config, made, seed):
    """Invariant: bars of the clock, whose numbers do not depend on where a run begins, from the predicted slot on."""
    rng = np.random.default_rng(seed)
    tape, prints = feed(made, rng)
    whole = compute(tape, prints, config)
    later = compute(tape, prints, config, begin=int(rng.choice(tape["ts_event"][: len(tape) * 3 // 4])))
    slots, every = later.bars.rows["slot"], whole.bars.rows["slot"]
    for feature in config.of_bars:
        since = slots >= slots[0] + feature.node.lookback - 1
        rows = later.windows[feature.name]
        assert rows[since].tobytes() == whole.windows[feature.name][np.isin(every, slots[since])].tobytes(), (
            feature.name
        )
        assert (rows["status"][~since] == WARMUP).all(), feature.name


@st.composite
def tick_configs(draw):
    window = draw(st.integers(10, 60))
    return TickBetaConfig(
        lookback_length=window, grid=draw(st.sampled_from(["2s", "5s", "10s", "30s"])), scale=draw(st.integers(2, 6)),
        every=draw(st.sampled_from(["", "300ms", "2s"])),
        sessions=draw(st.integers(1, 2)), max_stale=draw(st.integers(0, window - 1)),
        patience=draw(st.sampled_from(["", "200ms", "5s"])),
    )  # fmt: skip


@settings(SETTINGS, max_examples=10)
@given(tick_configs(), st.integers(1, 3))
def test_tick_betas_pass_the_checks(config, seed):
    """Invariant: no row knows what comes after it, remembers more than it says, or differs in a stream or a restart."""
    case = TickCase(TickBetaFactory(config), made_ticks_of(seed, 900))
    for check in (check_lookahead, check_start, check_parity):
        assert check(case).difference == ""
