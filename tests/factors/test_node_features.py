"""A factor of one's own over columns of bars: batch, stream and restart to the bit, the checks, and what is refused."""

import datetime as dt
import pickle
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tickwright.book.quotes import trades_of
from tickwright.book.tape import compile_tape
from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.instrument import Instrument
from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import write_events
from tickwright.factors import batch
from tickwright.factors.checks import CHECKS, check_lookahead, check_parity, check_start
from tickwright.factors.factor import Factor
from tickwright.factors.features import known
from tickwright.factors.features.cases import FeatureCase, made_events, made_feed
from tickwright.factors.features.clock import Clock
from tickwright.factors.features.columns import is_book_feature
from tickwright.factors.features.events import EventFeatures
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, compute, together
from tickwright.factors.features.nodes import Columns, NodeFeature, bar_feature
from tickwright.factors.features.window_rows import NoConfig
from tickwright.factors.graph import Graph
from tickwright.factors.records import Estimate, Sample, Status
from tickwright.factors.registry import register
from tickwright.factors.rows import told as heard_by_gate
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import definition_of
from tickwright.run.features import book_features

OK, WARMUP, GAP, FEW = (int(s) for s in (Status.OK, Status.WARMUP, Status.GAP, Status.INSUFFICIENT_OBS))
CLOCKS = ("500ms", "events:25", "volume:50")
WINDOW = 6


@dataclass(frozen=True, slots=True)
class PressureConfig:
    """Bars of the window, and those with prints that it must hold."""

    window: I8
    least: I8


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that never ends."""

    total: F8


@inline(borrow=True)
def pressure(config, state, ring, x, out):
    """Σ imbalance × volume / Σ volume over the window."""
    at = 3 * (x.slot % config.window)
    there = x.imbalance.status == OK and x.volume.status == OK and x.volume.value > 0.0
    ring[at] = x.imbalance.value * x.volume.value if there else 0.0
    ring[at + 1] = x.volume.value if there else 0.0
    ring[at + 2] = 1.0 if there else 0.0
    above, below, n = 0.0, 0.0, 0.0
    for age in range(config.window):
        k = 3 * ((x.slot - age) % config.window)
        above, below, n = above + ring[k], below + ring[k + 1], n + ring[k + 2]
    out.n_obs, out.status = int(n), FEW
    if n >= config.least:
        out.value, out.status, out.absent = above / below, OK, 6


@inline(borrow=True)
def difference(config, state, ring, x, out):
    """Of two estimates."""
    out.value, out.status, out.absent = x.one.value - x.other.value, OK, 6


@inline(borrow=True)
def remembers(config, state, ring, x, out):
    """All there ever was."""
    if x.imbalance.status == OK:
        state.total += x.imbalance.value * x.volume.value
    out.value, out.status, out.absent = state.total, OK, 6


@inline(borrow=True)
def hides(config, state, ring, x, out):
    """Keeps what it remembers in its configuration, which no snapshot holds."""
    out.value, out.status, out.absent = float(config.least), OK, 6
    config.least = x.volume.value


def window(config):
    return int(config.window)


def triples(config):
    return 3 * int(config.window)


def one(config):
    return 1


class Ahead(Factor):
    """A kernel that is told the whole block, and writes each slot's row into the one before."""

    @cached_property
    def loop(self):
        along = Factor.loop.func(self)

        def ahead(*given):
            along(*given)
            rows = given[-1]
            for name in ("value", "status", "absent", "n_obs"):
                rows[name][:, :-1] = rows[name][:, 1:].copy()

        return ahead


PORTS = {"imbalance": Sample, "volume": Sample}
PRESSURE = register(Factor("test.pressure", 1, pressure, PressureConfig, PORTS, window, ring=triples), __name__)
REMEMBERS = register(Factor("test.remembers", 1, remembers, PressureConfig, PORTS, window, Sum), __name__)
HIDES = register(Factor("test.hides", 1, hides, PressureConfig, PORTS, window), __name__)
AHEAD = register(Ahead("test.ahead", 1, pressure, PressureConfig, PORTS, window, ring=triples), __name__)
DIFFERENCE = register(
    Factor("test.difference", 1, difference, NoConfig, {"one": Estimate, "other": Estimate}, one), __name__
)
GIVEN = {"imbalance": "order_imbalance", "volume": "volume"}
OWN = NodeFeature("pressure", PRESSURE, PressureConfig(WINDOW, 2), GIVEN)
STEP = NodeFeature("step", DIFFERENCE, NoConfig(), {"one": "order_imbalance", "other": OWN})
"""A factor of a feature of the book and of another factor."""


def config(bars, *more):
    return FeatureConfig((OWN, STEP, NodeFeature.of("order_imbalance"), "spread", *more), bars=bars)


@pytest.mark.parametrize("bars", CLOCKS)
def test_values_are_those_of_a_loop_over_the_frame_of_bars(bars):
    tape, prints = made_feed(1)
    plain = compute(tape, prints, FeatureConfig(("order_imbalance",), bars=bars)).frame()
    frame = compute(tape, prints, config(bars)).frame()
    volume, imbalance = plain["volume"].to_numpy(), plain["order_imbalance"].to_list()
    compared = 0
    for t in range(WINDOW, len(plain)):  # a column is two bars, where a run begins within the first
        inside = [k for k in range(t - WINDOW + 1, t + 1) if imbalance[k] is not None and volume[k] > 0]
        status, value = frame["pressure.status"][t], frame["pressure"][t]
        assert status == ("ok" if len(inside) >= 2 else "insufficient_obs")
        assert frame["pressure.n_obs"][t] == len(inside)
        if len(inside) < 2:
            assert value is None
            continue
        expected = sum(imbalance[k] * volume[k] for k in inside) / sum(volume[k] for k in inside)
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-15)
        there = imbalance[t] is not None
        assert frame["step.status"][t] == ("ok" if there else plain["order_imbalance.status"][t])
        assert not there or frame["step"][t] == pytest.approx(imbalance[t] - expected, abs=1e-12)
        compared += there
    assert compared > 10
    assert frame["pressure.status"][:WINDOW].to_list() == ["warmup"] * WINDOW


@pytest.mark.parametrize("bars", CLOCKS)
def test_batch_stream_and_restart_give_the_same_bits(bars):
    """Invariant: however a day is cut, and wherever a process ends, the rows are those of the whole day."""
    tape, prints = made_feed(2)
    asked = config(bars, "rv:5")
    whole = compute(tape, prints, asked)
    rng = np.random.default_rng(5)
    cuts = np.sort(rng.choice(np.unique(tape["ts_event"]), 12, replace=False))
    edges = [0, *np.searchsorted(tape["ts_event"], cuts).tolist(), len(tape)]
    times = [0, *cuts.tolist(), 2**62]
    for restart in (False, True):
        stream, told = FeatureStream(asked), []
        for (at, end), (begin, until) in zip(pairwise(edges), pairwise(times), strict=True):
            if restart:
                snapshot = stream.snapshot()
                stream = FeatureStream(asked)
                stream.restore(snapshot)
            told.append(stream.push(tape[at:end], prints[(prints["ts_event"] >= begin) & (prints["ts_event"] < until)]))
        found = together([*told, stream.close()])
        assert found.frame().equals(whole.frame())
        for name in ("pressure", "step", "order_imbalance"):
            assert found.windows[name].tobytes() == whole.windows[name].tobytes()
    assert (whole.windows["step"]["status"] == OK).sum() > 10


def test_events_go_on_in_another_process():
    events, asked = made_events(3), config("500ms")
    whole = compute(compile_tape(events), trades_of(events), asked).frame()
    moments = np.flatnonzero(np.diff(events["ts_event"])) + 1
    cut = int(moments[len(moments) // 2])
    first = EventFeatures(asked)
    told = [first.push(events[:cut])]
    again = EventFeatures(pickle.loads(pickle.dumps(asked)))  # as another process has it
    again.restore(first.snapshot())
    assert together([*told, again.push(events[cut:]), again.close()]).frame().equals(whole)
    longer = NodeFeature("pressure", PRESSURE, PressureConfig(WINDOW + 1, 2), GIVEN)
    other = EventFeatures(FeatureConfig((longer, *config("500ms").features[1:]), bars="500ms"))
    with pytest.raises(FileFormatError, match="pressure="):
        other.restore(first.snapshot())
    of_stream = FeatureStream(FeatureConfig((OWN,), bars="500ms")).snapshot()
    with pytest.raises(FileFormatError, match="graph"):
        FeatureStream(FeatureConfig((longer,), bars="500ms")).restore(of_stream)


def test_a_day_of_a_catalog_is_computed_alike(tmp_path):
    events, instrument = made_events(1), Instrument("T", "TEST", "USD", Decimal("0.5"), Decimal(10))
    events["instrument_id"] = instrument.id
    write_events(Catalog.create(tmp_path / "ticks"), instrument, events, "hand-made")
    day = Catalog.open(tmp_path / "ticks"), "T", dt.date(2020, 1, 1)
    found = book_features(*day, [OWN, STEP, "amihud:5"], bars="500ms")
    asked = FeatureConfig((OWN, STEP, "amihud:5"), bars="500ms", unit=5.0)
    assert found.equals(compute(*made_feed(1), asked).frame())


# ── the checks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def case(feature, make=FeatureStream, bars="500ms"):
    return FeatureCase(FeatureConfig((feature,), bars=bars), *made_feed(4), make=make)


def faulty(factor):
    return NodeFeature("faulty", factor, PressureConfig(WINDOW, 2), GIVEN)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "feature",
    [
        OWN, STEP, *(NodeFeature.of(name) for name in ("order_imbalance", "ofi:700ms", "close", "session_bars")),
        NodeFeature("flow", PRESSURE, PressureConfig(WINDOW, 2), {"imbalance": "trade_imbalance:1s", "volume": "ma:4"}),
    ],
    ids=lambda feature: feature.name,
)  # fmt: skip
def test_checks_pass(feature, check):
    outcome = CHECKS[check](case(feature))
    assert outcome.passed, outcome
    assert (outcome.factor, outcome.compared > 30) == (feature.factor.name, True)


class Peeks(FeatureStream):
    """Columns that tell each bar the number of the next one."""

    def _sample(self, name, bars, slots):
        made = super()._sample(name, bars, slots)
        made["value"][:-1], made["status"][:-1] = made["value"][1:].copy(), made["status"][1:].copy()
        return made


@pytest.mark.parametrize("feature", [OWN, NodeFeature.of("order_imbalance")], ids=lambda feature: feature.name)
def test_a_column_that_looks_ahead_is_caught(feature):
    outcome = check_lookahead(case(feature, Peeks))
    assert not outcome.passed
    assert outcome.difference
    assert not check_parity(case(feature, Peeks)).passed


def test_a_kernel_that_looks_ahead_is_caught():
    """It takes another loop than the engine's, whose kernels are told one bar at a time."""
    assert "of instrument" in check_lookahead(case(faulty(AHEAD))).difference
    assert "of instrument" in check_parity(case(faulty(AHEAD))).difference
    assert check_lookahead(case(faulty(PRESSURE))).passed


def test_a_kernel_that_remembers_more_than_it_declares_is_caught():
    assert "value of instrument" in check_start(case(faulty(REMEMBERS))).difference


def test_a_kernel_that_hides_what_it_remembers_is_caught():
    assert "value of instrument" in check_parity(case(faulty(HIDES))).difference


# ── nodes and identities ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["order_imbalance", "ofi:300ms", "bid_orders", "close", "signed", "ask_depth_bps:9.5"])
def test_a_column_is_a_node_with_the_column_in_its_rows(name):
    tape, prints = made_feed(1)
    bars = compute(tape, prints, FeatureConfig((name if is_book_feature(name) else "mid",), bars="500ms")).bars
    told = compute(tape, prints, FeatureConfig((NodeFeature.of(name), "spread"), bars="500ms"))
    node, rows, column = (
        bar_feature(NodeFeature.of(name), Columns(Clock.parse("500ms"))),
        told.windows[name],
        bars.sample(name),
    )
    assert told.config.of_bars[0] == node
    since = node.node.lookback - 1
    assert (since, rows["status"][:since].tolist()) == (1, [WARMUP] * since)
    for field in ("value", "status", "ts_available"):
        expected = np.where(column["status"] == OK, column[field], 0) if field == "value" else column[field]
        assert rows[field][since:].tolist() == expected[since:].tolist()
    assert (rows["status"] == OK).sum() > 10
    assert told.frame()[name].null_count() == (rows["status"] != OK).sum()


def test_a_graph_of_ones_own_gives_the_rows_of_the_stream():
    asked = config("500ms")
    told = compute(*made_feed(1), asked)
    graph, slots = Graph((STEP.node(Columns(asked.clock)),)), np.ascontiguousarray(told.bars.rows["slot"])
    samples = {source.name: told.bars.sample(source.name)[None] for source in graph.sources}
    assert set(samples) == {"order_imbalance", "volume"}
    [rows] = batch.run(graph, asked.clock.grid, slots, samples)[graph.wanted[0].id]
    assert rows.tobytes() == told.windows["step"].tobytes()


def test_rows_of_nodes_go_where_those_of_any_factor_go(tmp_path):
    """Into a store, found by their tags, and to the gate."""
    told, asked = compute(*made_feed(1), config("500ms")), config("500ms")
    rows, nodes = told.estimates("T"), {feature.name: feature.node for feature in asked.of_bars}
    assert len(rows) == 3 * len(told)
    store = FactorStore.open(tmp_path)
    for name, node in nodes.items():
        mine = rows.filter(rows["factor_id"].cast(pl.String) == node.id)
        assert mine["value"].equals(told.frame()[name].alias("value"))
        made_by = definition_of(node, asked.clock.grid, {"features": asked.written})
        store.append(mine, made_by, Origin.BACKFILL, 1)
    assert store.resolve({"family": ["feature"], "kind": ["column"]}) == [(nodes["order_imbalance"].id, "none")]
    assert {row.factor_id for row in heard_by_gate(rows)} == {node.id for node in nodes.values()}
    for other in (FeatureConfig((OWN,), bars="ticks:9"), FeatureConfig(("mid",), bars="1s"), FeatureConfig(("mid",))):
        with pytest.raises(ConfigError, match=r"bars of the clock.*a node over them"):
            compute(*made_feed(1), other).estimates("T")


def test_a_name_of_a_feature_stays_a_column_and_is_no_node():
    asked = FeatureConfig(("order_imbalance", "ofi:1s"), bars="volume:100")
    assert (asked.of_bars, asked.of_book) == ((), ("order_imbalance", "ofi:1s"))


def test_identity_is_by_content():
    columns = Columns(Clock.parse("1min"))
    ids = {
        feature.node(columns).id
        for feature in (
            OWN, STEP, NodeFeature("pressure", PRESSURE, PressureConfig(WINDOW, 3), GIVEN),
            NodeFeature("pressure", PRESSURE, PressureConfig(WINDOW, 2), {"imbalance": "volume", "volume": "volume"}),
            NodeFeature.of("order_imbalance"), NodeFeature.of("imbalance:1"),
        )
    }  # fmt: skip
    assert len(ids) == 6
    renamed = NodeFeature("another", PRESSURE, PressureConfig(WINDOW, 2), {"imbalance": "skew", "volume": "volume"})
    assert renamed.node(columns).id == OWN.node(columns).id  # two names of one number, and a name is no content
    assert OWN.node(Columns(Clock.parse("2min"))).id != OWN.node(columns).id
    assert NodeFeature.of("ofi").node(columns).id == NodeFeature.of("ofi:1s").node(columns).id
    by_name = bar_feature("ofi", columns)
    assert (by_name.name, by_name.node.id) == ("ofi:1s", NodeFeature.of("ofi:1s").node(columns).id)
    assert pickle.loads(pickle.dumps(OWN)) == OWN
    assert config("1s") == config("1s")
    assert len({config("1s"), config("1s"), config("2s")}) == 2


@pytest.mark.parametrize(("name", "bars", "session", "lookback"), [
    ("mid", "1s", "", 2), ("ofi:1s", "1s", "", 2), ("ofi:1500ms", "1s", "", 3), ("ofi:1s", "1min", "XNYS", 3),
    ("session_bars", "1min", "XNYS", 1), ("mid", "volume:10", "", 2),
])  # fmt: skip
def test_a_window_of_time_is_as_many_bars_as_it_may_reach_into(name, bars, session, lookback):
    assert NodeFeature.of(name).node(Columns(Clock.parse(bars, session))).lookback == lookback


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("given", "said"), [
    ({"imbalance": "imbalanec", "volume": "volume"}, "port imbalance of test.pressure.*imbalanec.*a column .*volume"),
    ({"imbalance": "ofi:soon", "volume": "volume"}, "ofi:soon"),
    ({"imbalance": "ma:2", "volume": "volume"}, "4 to"),
    ({"imbalance": "order_imbalance"}, "inputs of test.pressure.*imbalance, volume"),
    ({**GIVEN, "depth": "bid_depth"}, "inputs of test.pressure.*depth"),
])  # fmt: skip
def test_ports_that_no_column_fits_are_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        FeatureConfig((NodeFeature("pressure", PRESSURE, PressureConfig(WINDOW, 2), given),), bars="1s")


@pytest.mark.parametrize("features", [
    (OWN, NodeFeature("pressure", DIFFERENCE, NoConfig(), {"one": "mid", "other": "micro"})),
    (NodeFeature.of("mid"), "mid"), ("rv", "rv:20"), ("ofi", "ofi:1s"),
])  # fmt: skip
def test_a_name_used_twice_is_refused(features):
    with pytest.raises(ConfigError, match=r"features.*(pressure|mid|rv:20|ofi:1s).*each once"):
        FeatureConfig(features, bars="1s")


@pytest.mark.parametrize(
    "name", ["mid", "skew", "ofi:2s", "rv", "kyle:3", "vwap", "volume", "ts_event", "", "a b", "x.y"]
)
def test_a_name_that_is_taken_or_is_none_is_refused(name):
    with pytest.raises(ConfigError, match=r"feature.*no name of a column or a feature yet"):
        NodeFeature(name, PRESSURE, PressureConfig(WINDOW, 2), GIVEN)


def test_a_factor_that_is_not_registered_is_refused():
    loose = Factor("test.loose", 1, pressure, PressureConfig, PORTS, window, ring=triples)
    with pytest.raises(ConfigError, match=r"test.loose.*not registered.*registry.register\(factor, __name__\)"):
        NodeFeature("loose", loose, PressureConfig(WINDOW, 2), GIVEN)
    other = Factor("test.pressure", 1, remembers, PressureConfig, PORTS, window, Sum, module=__name__)
    with pytest.raises(ConfigError, match=r"test.pressure.*another of version 1.*the one that is registered"):
        NodeFeature("loose", other, PressureConfig(WINDOW, 2), GIVEN)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ConfigError, match=r"config of test.pressure.*PressureConfig"):
        FeatureConfig((NodeFeature("own", PRESSURE, NoConfig(), GIVEN),), bars="1s")
    with pytest.raises(ConfigError, match=r"pressure.*bars that it is of"):
        FeatureConfig((OWN,))
    with pytest.raises(ConfigError, match=r"ofi:1s.*bars of the clock.*volume:100"):
        FeatureConfig((NodeFeature.of("ofi:1s"),), bars="volume:100")
    with pytest.raises(ConfigError, match=r"session_bars.*bars of the clock.*ticks:5"):
        FeatureConfig((NodeFeature.of("session_bars"),), bars="ticks:5")
    with pytest.raises(ConfigError, match=r"price.*close, mid, micro"):
        bar_feature(OWN, Columns(Clock.parse("1s")), "last")


def test_every_name_that_is_a_node_is_registered():
    assert known.COLUMN.family == "feature"
    assert NodeFeature.of("mid").factor is known.COLUMN
