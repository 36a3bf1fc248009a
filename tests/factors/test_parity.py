"""Batch, stream, restart and later start give the same bits: values, counts and status."""

import numpy as np
import pytest
from factor_worlds import START, bars
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_graphs import EACH, LEVELS, SHARED, SYMBOLS, Drawn, graphs

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.units import MINUTE
from tickwright.factors.beta import known
from tickwright.factors.beta.factory import weights_of
from tickwright.factors.beta.section_kernel import BlumeConfig, SectionConfig
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.executor import Processes, Serial, Threads
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.records import ESTIMATE, SAMPLE
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Stream

GRID = Grid(MINUTE)
SETTINGS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MORE = settings(SETTINGS, max_examples=60)
"""Where no stream is, which costs most of the time."""


def source_of(symbol, span):
    return ReturnSource(symbol, GRID, max_span=span, schema="bars-1m")


def beta_of(window=20, stale=0):
    asset, market = source_of("asset", 1).source("asset"), source_of("market", 1).source("market")
    return Node(known.OLS, WindowConfig(window, 5, 2, 1e-18, 0.0, 1, stale), {"asset": asset, "market": market})


def live(graph, span=1):
    sources = {"asset": [source_of(s, span) for s in SYMBOLS], "market": source_of("market", span)}
    return Stream(graph, sources, {"weight": weights_of(SYMBOLS, {"A": 1.0, "B": 2.0, "C": 0.5})})


@SETTINGS
@given(graphs(), st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_batch_is_stream_is_restart(made, seed, share):
    """Invariant: for any graph and any feed, the bytes of batch, stream and restarted stream are equal."""
    columns = made.world(seed)
    clock, rows = made.in_batch(columns)
    cut = int(share * sum(len(c["close"]) for c in columns.values()))
    for slots, again in (made.in_stream(columns), made.in_stream(columns, cut)):
        assert slots.tolist() == clock.tolist()
        for node in made.graph.wanted:
            assert again[node.id].tobytes() == rows[node.id].tobytes(), node.factor.name


@MORE
@given(graphs(), st.integers(0, 2**32), st.integers(1, 90))
def test_a_later_start_gives_the_same_bits(made, seed, later):
    """Invariant: a run that begins later gives, from the predicted slot on, the bytes of the longer run."""
    columns = made.world(seed)
    clock, rows = made.in_batch(columns)
    after, again = made.in_batch(columns, since=int(clock[0]) + later)
    for node in made.graph.wanted:
        early = after < after[0] + node.lookback - 1
        assert (again[node.id]["status"][:, early] == 0).all()
        same = np.isin(clock, after[~early])
        # Rows that lack every input of the shorter run are on the clock of the longer one alone.
        assert again[node.id][:, ~early].tobytes() == rows[node.id][:, same].tobytes(), node.factor.name


@MORE
@given(graphs(), st.integers(0, 2**32), st.data())
def test_nothing_later_changes_a_row(made, seed, data):
    """Invariant (no look-ahead): rows up to a slot are the same bytes whatever comes after it."""
    columns = made.world(seed)
    clock, rows = made.in_batch(columns)
    end = int(data.draw(st.sampled_from(clock[5:].tolist())))
    before, again = made.in_batch(columns, until=end)
    for node in made.graph.wanted:
        assert again[node.id].tobytes() == rows[node.id][:, clock <= end].tobytes(), node.factor.name
    assert before.tolist() == clock[clock <= end].tolist()


@SETTINGS
@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_a_panel_at_once_is_row_by_row(seed, share):
    """Invariant: bars of all instruments in one call give the bytes of a call each, holes and restarts included."""
    rng = np.random.default_rng(seed)
    graph, length = Graph((beta_of(12, 2),)), 60
    close = np.exp(np.cumsum(rng.normal(0, 1e-3, (len(SYMBOLS) + 1, length)), axis=1))
    close[rng.random(close.shape) < 0.1] = np.nan
    at_once, by_row = live(graph), live(graph)
    told = ([], [])
    for t in range(length):
        if t == int(share * length):
            snapshot = at_once.snapshot()
            assert snapshot == by_row.snapshot()
            at_once = live(graph)
            at_once.restore(snapshot)
        begin = np.array([START + t * MINUTE])
        told[0].append(at_once.push_panel("asset", {"ts_event": begin.repeat(3), "close": close[:-1, t]}))
        told[0].append(at_once.push_panel("market", {"ts_event": begin, "close": close[-1:, t]}))
        for i in range(len(SYMBOLS)):
            told[1].append(by_row.push("asset", {"ts_event": begin, "close": close[i : i + 1, t]}, i))
        told[1].append(by_row.push("market", {"ts_event": begin, "close": close[-1:, t]}))
    for parts, stream in zip(told, (at_once, by_row), strict=True):
        parts.append(stream.close())
    node = graph.wanted[0].id
    assert np.concatenate([p[0] for p in told[0]]).tolist() == np.concatenate([p[0] for p in told[1]]).tolist()
    rows = [np.concatenate([p[1][node] for p in parts], axis=1) for parts in told]
    assert rows[0].tobytes() == rows[1].tobytes()
    assert at_once.left_out() == by_row.left_out()
    assert at_once.left_out()["unusable"] == np.isnan(close).sum()


def test_what_is_no_panel_is_refused():
    stream = live(Graph((beta_of(12),)))
    begin = START + np.array([0, 0, MINUTE])
    for error, rows in ((DataError, {"ts_event": begin, "close": np.ones(3)}),
                        (DataError, {"ts_event": begin[:2], "close": np.ones(2)})):  # fmt: skip
        with pytest.raises(error, match="one moment"):
            stream.push_panel("asset", rows)
    with pytest.raises(ConfigError, match="source"):
        stream.push_panel("other", {"ts_event": begin[:1], "close": np.ones(1)})
    kinds = [ReturnSource("A", GRID), ReturnSource("B", GRID, kind="simple")]
    mixed = Stream(Graph((beta_of(12),)), {"asset": kinds, "market": source_of("market", 1)})
    with pytest.raises(ConfigError, match="several kinds"):
        mixed.push_panel("asset", {"ts_event": begin[:2], "close": np.ones(2)})


def test_every_executor_gives_the_same_bytes():
    asset, market = source_of("a", 1).source("asset"), source_of("m", 1).source("market")
    beta = Node(known.OLS, WindowConfig(20, 5, 2, 1e-18, 0.0, 1, 0), {"asset": asset, "market": market})
    made = Drawn(Graph((Node(known.VASICEK, SectionConfig(2), {"beta": beta}), beta)), GRID)
    columns = made.world(5)
    _, rows = made.in_batch(columns, Serial())
    for executor in (Threads(2), Processes(2)):
        _, again = made.in_batch(columns, executor)
        assert {k: v.tobytes() for k, v in again.items()} == {k: v.tobytes() for k, v in rows.items()}


def test_what_a_stream_refuses():
    asset, market = source_of("a", 1).source("asset"), source_of("m", 1).source("market")
    beta = Node(known.OLS, WindowConfig(20, 5, 2, 1e-18, 0.0, 1, 0), {"asset": asset, "market": market})
    stream = live(Graph((beta,)))
    rows = bars(np.random.default_rng(1), START // MINUTE + np.arange(9), 0, 0)
    stream.push("asset", rows, 0)
    with pytest.raises(DataError, match="merge feeds by ts_available"):
        stream.push("asset", rows[:2], 1)
    snapshot = stream.snapshot()
    for damaged in (
        snapshot[:-1],
        snapshot[:-9] + b"\0" * 8 + snapshot[-1:],
        b"x",
        snapshot.replace(b"asset", b"assex", 1),
    ):
        if damaged != snapshot:
            with pytest.raises(FileFormatError):
                live(Graph((beta,))).restore(damaged)
    for at in (3, 40, len(snapshot) // 2, len(snapshot) - 2):  # the digest, the header, prices, states
        damaged = snapshot[:at] + bytes([snapshot[at] ^ 1]) + snapshot[at + 1 :]
        with pytest.raises(FileFormatError, match="digest"):
            live(Graph((beta,))).restore(damaged)
    sources = {"asset": [source_of(s, 1) for s in ("B", "A", "C")], "market": source_of("market", 1)}
    with pytest.raises(FileFormatError, match="series"):
        Stream(Graph((beta,)), sources).restore(snapshot)
    other = Node(known.OLS, WindowConfig(21, 5, 2, 1e-18, 0.0, 1, 0), {"asset": asset, "market": market})
    with pytest.raises(FileFormatError, match="graph"):
        live(Graph((other,))).restore(snapshot)


def test_a_bar_outside_the_session_is_counted_and_the_stream_goes_on():
    """Bars before the open, after the close and on a Sunday are known a bar after they began, not in 2000."""
    grid = Grid.parse("1min", "XNYS")
    source = ReturnSource("A", grid, schema="bars-1m")
    begins = START + np.array([-1, 0, 1, 390, 391, 2 * 1440, 5760, 5761]) * MINUTE
    rows = {"ts_event": begins, "close": np.arange(100.0, 108.0)}
    stream = Stream(
        Graph((Node(known.BLUME, BlumeConfig(), {"beta": beta_of(3)}),)), {"asset": [source], "market": source}
    )
    for i in range(len(begins)):
        stream.push("asset", {k: v[i : i + 1] for k, v in rows.items()}, 0)
        stream.push("market", {k: v[i : i + 1] for k, v in rows.items()})
        assert stream.now == begins[i] + MINUTE
    stream.close()
    assert stream.left_out()["outside"] == 2 * 4
    assert stream.left_out()["late"] == 0
    assert stream.engine.last == grid.slots(begins)[-1]


def test_late_and_duplicate_bars_are_counted_and_nothing_is_told_anew():
    """A bar twice, and one known after its minute and the next: the first stands, the late one never was."""
    graph = Graph((Node(known.OLS, WindowConfig(3, 3, 1, 1e-18, 0.0, 1, 0), {
        "asset": source_of("a", 1).source("asset"), "market": source_of("m", 1).source("market")}),))  # fmt: skip
    first = START // MINUTE
    minutes = np.array([0, 1, 1, 3, 2, 4])
    columns = {
        "ts_event": (first + minutes) * MINUTE,
        "close": np.array([100, 101, 999, 103, 102, 104]),
        "ts_available": (first + np.array([1, 2, 2, 4, 4, 5])) * MINUTE,
    }
    told = source_of("a", 1).returns([columns])
    assert (told["slot"] - first).tolist() == [0, 1, 3, 4]
    assert told["span"].tolist() == [0, 1, 2, 1]
    assert told["status"].tolist() == [5, 1, 5, 1]
    stream = live(graph)
    stream.push("asset", columns, 0)
    left_out = stream.left_out()
    assert (left_out["late"], left_out["duplicate"]) == (1, 1)
    assert stream.close()[1][graph.wanted[0].id].dtype == ESTIMATE
    assert set(stream.engine.runs.values()) == {4}


@MORE
@given(graphs(), st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 9))
@example(Drawn(Graph((beta_of(window=20, stale=3),)), GRID), 7, 35, 3)
def test_a_slot_left_out_is_a_slot_without_input(made, seed, hole, gone):
    """Invariant: to leave slots out of the clock gives, on the others, the bytes of giving them empty.

    `gone`: slots after the hole on which the market is missing yet. It is then missing since the hole began.
    """
    rng = np.random.default_rng(seed)
    length = 140
    there = rng.random(length) > 0.1
    there[60 : 60 + hole] = False
    slots = int(rng.integers(0, 10_000)) + np.arange(length)
    first = int(slots[0])
    given = {}
    for name in made.sources:
        full = rng.random((len(SYMBOLS) if name in EACH else 1, length)) > 0.05
        if name in SHARED:
            full[-1, 60 + hole : 60 + hole + gone] = False
        numbers = np.exp(rng.normal(0, 0.3, full.shape)) if name in LEVELS else rng.normal(0, 1e-3, full.shape)
        rows = samples_of(np.where(name == "sector", np.rint(numbers), numbers), full)
        rows[:, ~there] = np.zeros((), SAMPLE)
        given[name] = rows if name in EACH else rows[0]

    def run(chosen):
        samples = {name: np.ascontiguousarray(rows[..., chosen]) for name, rows in given.items()}
        samples |= {name: told(slots[chosen]) if callable(told) else told for name, told in made.constants.items()}
        return Engine(made.graph, made.grid, len(SYMBOLS), first).advance(slots[chosen], samples)

    dense, sparse = run(np.ones(length, bool)), run(there)
    for node in made.graph.wanted:
        assert sparse[node.id].tobytes() == dense[node.id][:, there].tobytes(), node.factor.name
