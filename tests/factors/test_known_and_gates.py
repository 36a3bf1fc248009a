"""When a row was known, what a status does to all that depends on it, and instruments that share a step."""

from dataclasses import dataclass

import numpy as np
import pytest
from factor_worlds import BLEND, BlendConfig
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline
from tickwright.core.layout import F8
from tickwright.core.units import MINUTE
from tickwright.factors import batch
from tickwright.factors.beta import known
from tickwright.factors.beta.section_kernel import BlumeConfig, SectionConfig
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.checks import Case, check_lookahead, check_parity
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.factor import Factor
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.records import NOTHING, SAMPLE, Estimate, Sample, Status
from tickwright.factors.sources.returns import ReturnSource

OK, GAP = int(Status.OK), int(Status.GAP)
GRID = Grid(MINUTE)
ASSET, MARKET, WEIGHT = Source("asset"), Source("market"), Source("weight")


def ols(window=6, market=MARKET, factor=known.OLS):
    return Node(factor, WindowConfig(window, 3, 1, 1e-18, 0.0, 1, window - 1), {"asset": ASSET, "market": market})


BASKET = Node(known.BASKET, SectionConfig(1), {"asset": ASSET, "weight": WEIGHT})
GRAPH = Graph((
    ols(), ols(9, factor=known.EWMA), ols(4, BASKET),
    Node(known.VASICEK, SectionConfig(2), {"beta": ols()}),
    Node(BLEND, BlendConfig(0.5), {"first": ols(), "second": Node(known.BLUME, BlumeConfig(), {"beta": ols(11)})}),
))  # fmt: skip


def late_world(seed, count=3, length=60):
    """Samples of which some are known many slots late, and a clock with holes."""
    rng = np.random.default_rng(seed)
    slots = np.flatnonzero(rng.random(2 * length) > 0.2)[:length] + 100
    ends = GRID.ends(slots)
    made = {}
    for name, shape in (("asset", (count, length)), ("market", (length,))):
        late = np.where(rng.random(shape) < 0.15, rng.integers(0, 20 * MINUTE, shape), 0)
        made[name] = samples_of(rng.normal(0, 1e-3, shape), rng.random(shape) > 0.1, ends + late)
    made["weight"] = samples_of(np.ones((count, 1)), np.ones((count, 1), bool))
    return slots, made


def last_known(node, slots, given):
    """(instruments, slots): the oracle, every slot of every look-back looked at anew."""
    if isinstance(node, Source):
        return np.broadcast_to(given[node.name]["ts_available"], (3, len(slots)))
    below = np.max([last_known(giver, slots, given) for giver in node.inputs.values()], axis=0)
    if node.factor.section:
        below = np.broadcast_to(below.max(axis=0), below.shape)
    out = np.empty(below.shape, np.int64)
    for t, slot in enumerate(slots):
        within = (slots > slot - node.own_lookback) & (slots <= slot)
        out[:, t] = np.maximum(below[:, within].max(axis=1), GRID.ends(slots[t : t + 1]))
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_row_is_known_when_the_last_it_depends_on_was(seed, cut):
    """Invariant: `ts_available` is the latest of all inputs of the look-back, in batch, bar by bar, and restarted."""
    slots, samples = late_world(seed)
    whole = batch.run(GRAPH, GRID, slots, samples)
    engine, told = Engine(GRAPH, GRID, 3), []
    for t in range(len(slots)):
        if t == cut:
            snapshot = engine.snapshot()
            engine = Engine(GRAPH, GRID, 3)
            engine.restore(snapshot)
        now = {n: rows if n == "weight" else rows[..., t : t + 1] for n, rows in samples.items()}
        told.append(engine.advance(slots[t : t + 1], now))
    for node in GRAPH.wanted:
        rows = np.stack(whole[node.id])
        assert np.concatenate([part[node.id] for part in told], axis=1).tobytes() == rows.tobytes()
        np.testing.assert_array_equal(rows["ts_available"], last_known(node, slots, samples))
    assert (np.stack(whole[GRAPH.wanted[0].id])["ts_available"] > GRID.ends(slots)).any()


# ── the check of look-ahead ──────────────────────────────────────────────────────────────────────────────────────


class Early(ReturnSource):
    """Says of a price that came late that it was known at the end of its slot."""

    def returns(self, where, start_ns=None, end_ns=None):
        rows = super().returns(where, start_ns, end_ns)
        rows["ts_available"] = np.minimum(rows["ts_available"], self.grid.ends(rows["slot"]))
        return rows


def late_case(kind=ReturnSource):
    """Two assets and a market, of whose bars a tenth comes within three minutes of its slot's end; all count."""
    rng, length, patience = np.random.default_rng(7), 300, 3 * MINUTE
    prices = []
    for _ in range(3):
        begins = (1_000 + np.flatnonzero(rng.random(length) > 0.3)) * MINUTE
        behind = np.where(rng.random(len(begins)) < 0.1, rng.integers(1, patience, len(begins)), 0)
        close = np.exp(np.cumsum(rng.normal(0, 1e-3, len(begins))))
        order = np.argsort(begins + MINUTE + behind, kind="stable")
        known_at = (begins + MINUTE + behind)[order]
        prices.append({"ts_event": begins[order], "ts_available": known_at, "close": close[order]})
    made = [kind(s, GRID, max_span=3, overnight=True, patience=patience, schema="bars-1m") for s in ("A", "B", "M")]
    return Case(ols(12), {"asset": made[:2], "market": made[2]}, {"asset": prices[:2], "market": prices[2]})


def test_a_late_bar_that_is_stamped_early_is_caught():
    assert check_lookahead(late_case()).passed
    assert check_parity(late_case()).passed
    outcome = check_lookahead(late_case(Early))
    assert not outcome.passed
    assert outcome.difference


def test_a_row_that_forgets_an_earlier_late_input_is_caught(monkeypatch):
    """The engine as it was: a row was known at its own slot, whatever its window waited for."""

    class Forgets(Engine):
        def take(self, steps, made):
            super().take(steps, made)
            for node in self.nodes:
                latest = steps["ts_available"]
                for giver in node.inputs.values():
                    latest = np.maximum(latest, made[giver.id]["ts_available"])
                made[node.id]["ts_available"] = latest

    case = late_case()
    assert check_lookahead(case).passed
    monkeypatch.setattr(batch, "Engine", Forgets)
    assert not check_lookahead(case).passed


# ── what depends on a row without a value ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Nothing:
    unused: F8 = 0.0


@inline(borrow=True)
def careless(config, state, ring, x, out):
    """Writes a number, whatever it was given."""
    out.value = 2.0 * x.one.value + 1.0
    out.status = OK


@inline(borrow=True)
def careless_section(config, x, out):
    for i in range(len(x)):
        out[i].value = 2.0 * x[i].one.value + 1.0
        out[i].status = OK


def one(config):
    return 1


def consumer(update, record, below, **settings):
    return Node(
        Factor("test.careless", 1, update, Nothing, {"one": record}, one, **settings), Nothing(), {"one": below}
    )


@pytest.mark.parametrize("form", ["each", "section", "sample"])
def test_what_is_not_ok_gates_all_that_depends_on_it(form):
    """Of every status of a beta, its consumer and the consumer's consumer have that status and no figure."""
    rng = np.random.default_rng(2)
    length = 200
    there = rng.random((4, length)) > 0.05
    values = rng.normal(0, 1e-3, (4, length))
    there[3, 50:70], values[0, 100:150], there[1, 150:170] = False, 0.0, False
    samples = samples_of(values, there)
    beta = Node(known.OLS, WindowConfig(10, 7, 2, 1e-18, 0.0, 1, 2), {"asset": ASSET, "market": MARKET})
    make = {
        "each": lambda below: consumer(careless, Estimate, below),
        "section": lambda below: consumer(careless_section, Estimate, below, section=True),
        "sample": lambda below: consumer(careless, Sample, below, gates=("one",)),
    }[form]
    first = make(beta)
    second = make(first)
    graph = Graph((beta, first, second))
    given = {"asset": samples[:3], "market": samples[3]}
    rows = {k: np.stack(v) for k, v in batch.run(graph, Grid(0), np.arange(length), given).items()}
    status = rows[beta.id]["status"]
    assert len(np.unique(status)) == 6
    for node in (first, second):
        got = rows[node.id]
        np.testing.assert_array_equal(got["status"], status)
        shut = status != OK
        for name in ("value", "stderr", "r2"):
            assert (got[name][shut] == 0).all()
        assert (got["absent"][shut] == NOTHING).all()
        assert (got["value"][~shut] != 0).all()
    engine = Engine(graph, Grid(0), 3)
    for t in range(length):
        now = engine.advance(np.array([t]), {n: rows[..., t : t + 1] for n, rows in given.items()})
        assert now[second.id].tobytes() == rows[second.id][:, t : t + 1].tobytes()


def test_a_kernel_that_judges_for_itself_is_not_gated():
    beta = ols()
    free = consumer(careless, Estimate, beta, gates=())
    samples = samples_of(np.zeros((2, 20)), np.zeros((2, 20), bool))
    rows = batch.run(Graph((free,)), Grid(0), np.arange(20), {"asset": samples[:1], "market": samples[1]})[free.id]
    assert (rows[0]["status"][beta.lookback - 1 :] == OK).all()
    with pytest.raises(ConfigError, match="gates"):
        consumer(careless, Estimate, beta, gates=("two",))


# ── lanes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [1, 7, 8, 9, 17])
def test_an_instrument_does_not_see_its_neighbours(count):
    """Invariant: its bytes are those of a run of it alone, however many there are and whatever they lack."""
    rng = np.random.default_rng(count)
    graph, length = Graph((ols(11),)), 120
    there = rng.random((count + 1, length)) > np.linspace(0, 0.9, count + 1)[::-1, None]
    samples = samples_of(rng.normal(0, 1e-3, there.shape), there)
    slots = np.flatnonzero(rng.random(400) > 0.4)[:length]
    slots[80:] += 30
    rows = batch.run(graph, GRID, slots, {"asset": samples[:-1], "market": samples[-1]})[graph.wanted[0].id]
    for i in range(count):
        alone = batch.run(graph, GRID, slots, {"asset": samples[i : i + 1], "market": samples[-1]})
        assert rows[i].tobytes() == alone[graph.wanted[0].id][0].tobytes()
    assert (np.stack(rows)["status"] == OK).any()
    assert samples.dtype == SAMPLE
