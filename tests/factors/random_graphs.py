"""Random graphs over every shipped kind of factor, on grids from 100 ms to half hours of sessions, and their data.

`graphs()` draws what is wanted; `Drawn` has its sources, makes prices of a seed, and runs them in both ways.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from factor_worlds import BLEND, FELL, START, BlendConfig, FellConfig
from hypothesis import strategies as st

from tickwright.core.units import MILLISECOND, MINUTE, SECOND
from tickwright.factors import batch
from tickwright.factors.beta import acharya_kernel, known, known_joint
from tickwright.factors.beta.block_kernel import BlockConfig
from tickwright.factors.beta.cases import told
from tickwright.factors.beta.factory import weights_of
from tickwright.factors.beta.joint import Inputs
from tickwright.factors.beta.lagged import LaggedConfig
from tickwright.factors.beta.liquidity_kernel import MeasureConfig
from tickwright.factors.beta.season_kernel import SeasonConfig
from tickwright.factors.beta.section_kernel import BlumeConfig, SectionConfig
from tickwright.factors.beta.shock_kernel import AutoConfig, ChangeConfig
from tickwright.factors.beta.two_kernel import TwoConfig
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.engine import samples_of
from tickwright.factors.features import known as features
from tickwright.factors.features.window_rows import AmihudConfig, NoConfig, ReturnConfig, SpanConfig, TwoScaleConfig
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.panel import clock_of, samples_on
from tickwright.factors.sources.returns import LEVEL, ReturnSource
from tickwright.factors.stream import Stream

SYMBOLS = ("A", "B", "C")
GRIDS = (Grid(MINUTE), Grid(100 * MILLISECOND), Grid(SECOND), Grid.parse("30min", "XNYS"))
EACH, SHARED = ("asset", "money", "sector"), ("market", "implied")
LEVELS = ("money", "sector", "implied")
WEIGHTS = {"A": 1.0, "B": 2.0, "C": 0.5}
LENGTH = 150


@dataclass(frozen=True)
class Drawn:
    """A graph, the grid it is on, and how its returns are made."""

    graph: Graph
    grid: Grid
    span: int = 1
    patience: int = 0

    @cached_property
    def sources(self):
        """Of a stream, by the name that the graph gives them: those that it takes, and a market that sets the clock."""
        used = {source.name for source in self.graph.sources} | {"market"}
        each = {name: [self._source(symbol, name) for symbol in SYMBOLS] for name in EACH if name in used}
        return each | {name: self._source(name, name) for name in SHARED if name in used}

    @cached_property
    def constants(self):
        return {
            "weight": weights_of(SYMBOLS, WEIGHTS),
            "bars": lambda slots: samples_of(self.grid.session_bars(slots), np.ones(len(slots), bool)),
        }

    def world(self, seed):
        """Columns of each series in the order of being known: holes, a gap, duplicates, late rows; (source, place)."""
        rng = np.random.default_rng(seed)
        slots = int(self.grid.slots(np.array([START]))[0]) + np.arange(LENGTH)
        slots[LENGTH // 2 :] += rng.integers(0, 120)  # short of the longest window, or beyond it
        made = {}
        for name in self.sources:
            for place in range(len(SYMBOLS) if name in EACH else 1):
                made[name, place] = told(rng, self.grid, slots, _numbers(rng, name))
        return made

    def in_batch(self, columns, executor=None, since=None, until=None):
        """(slots, rows by node) over history, or of the prices from a slot on, or up to one."""
        first = None if since is None else int(self.grid.begins(np.array([since]))[0])
        last = None if until is None else int(self.grid.begins(np.array([until]))[0])
        given = {}
        for (name, place), rows in columns.items():
            at = rows["ts_event"]
            kept = (first is None or at >= first) & (last is None or at <= last) & np.ones(len(at), bool)
            returns = self._one(name, place).returns([{key: values[kept] for key, values in rows.items()}])
            given.setdefault(name, []).append(returns)
        given = {name: rows if name in EACH else rows[0] for name, rows in given.items()}
        clock = clock_of(given)
        samples = {name: samples_on(clock, rows) for name, rows in given.items()}
        samples |= {name: made(clock) if callable(made) else made for name, made in self.constants.items()}
        return clock, {k: np.stack(v) for k, v in batch.run(self.graph, self.grid, clock, samples, executor).items()}

    def live(self):
        return Stream(self.graph, self.sources, self.constants)

    def in_stream(self, columns, cut=None):
        """The same, row by row as it became known; at row `cut` the process dies and another goes on."""
        moments = sorted((int(t), key, i) for key, c in columns.items() for i, t in enumerate(c["ts_available"]))
        stream, parts = self.live(), []
        for at, (_, key, i) in enumerate(moments):
            if at == cut:
                snapshot, stream = stream.snapshot(), self.live()
                stream.restore(snapshot)
            parts.append(stream.push(key[0], {k: v[i : i + 1] for k, v in columns[key].items()}, key[1]))
        parts.append(stream.close())
        slots = np.concatenate([p[0] for p in parts])
        return slots, {n.id: np.concatenate([p[1][n.id] for p in parts], axis=1) for n in self.graph.wanted}

    def _one(self, name, place):
        return self.sources[name][place] if name in EACH else self.sources[name]

    def _source(self, symbol, name):
        return source_of(symbol, name, self.grid, self.span, self.patience)


def source_of(symbol, name, grid, span=1, patience=0):
    kind = LEVEL if name in LEVELS else "log"
    return ReturnSource(symbol, grid, kind=kind, max_span=span, patience=patience, whole=True)


def _numbers(rng, name):
    if name == "sector":
        return rng.integers(1, 3, LENGTH) * 1e-4
    return np.exp((0.3 if name == "money" else 1e-2) * np.cumsum(rng.normal(0, 1, LENGTH)) / (1 + (name == "money")))


# ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Given:
    """What nodes may be made of: sources, and draws of numbers."""

    draw: object
    grid: Grid
    inputs: Inputs

    def whole(self, low, high):
        return self.draw(st.integers(low, high))

    def one_of(self, *several):
        return self.draw(st.sampled_from(several))

    @property
    def guards(self):
        window = self.whole(4, 40)
        return WindowConfig(window, self.whole(3, window), self.whole(1, 3), 1e-18, self.one_of(0.0, 1e-2),
                            self.whole(0, 1), self.whole(0, min(3, window - 1)))  # fmt: skip

    @property
    def two(self):
        """Rows of every slot, for as long as the window."""
        guards = self.guards
        fields = {name: getattr(guards, name) for name in WindowConfig.__slots__}
        tolerance, which = self.one_of(0.0, 0.02), self.whole(0, 3)
        return TwoConfig(**fields, hold=0, rows=guards.window, coefficient=which, orthogonal=0, tolerance=tolerance)

    @property
    def pair(self):
        return {"asset": self.inputs.asset, "market": self.one_of(self.inputs.market, self.others(self.inputs.asset))}

    @property
    def number(self):
        """What a feature over windows may be of."""
        log = Node(features.RETURN, ReturnConfig(1), {"x": self.inputs.levels["money"]})
        return self.one_of(
            self.inputs.asset, self.inputs.market, *map(self.inputs.levels.get, ("money", "implied")), log
        )

    def others(self, giver):
        return Node(known.BASKET, SectionConfig(1), {"asset": giver, "weight": self.inputs.weight})


def market_beta(on):
    factor = on.one_of(known.OLS, known.OLS, known.EWMA, known.DIMSON, known.SCHOLES_WILLIAMS, known.TWO_PASS)
    config = on.guards
    if factor is known.DIMSON:
        config = LaggedConfig(*(getattr(config, name) for name in WindowConfig.__slots__), on.whole(1, 3))
    return Node(factor, config, on.pair)


def session_beta(on):
    """Its window is the session; of a grid that never stops it would be a day, so there it is one of a section."""
    bars = on.grid.bars_per_session
    if bars > LENGTH:
        return market_beta(on)
    config = replace(on.guards, window=bars, min_observations=on.whole(2, 6), min_nonzero_x=1, stale=on.whole(0, 3))
    return Node(on.one_of(known.REALISED, known.BIPOWER), config, on.pair)


def sector_beta(on):
    of = {"asset": on.inputs.asset, "weight": on.inputs.weight, "sector": on.inputs.levels["sector"]}
    other = Node(known_joint.SECTOR_BASKET, SectionConfig(1), of)
    return Node(known_joint.SECTOR, replace(on.two, orthogonal=1), {**on.pair, "other": other})


def liquidity_beta(on):
    """Return, commonality or the four betas, of changes or forecast errors, with or without the time of day."""
    measure, money = MeasureConfig(on.whole(0, 1), on.one_of(1.0, 1e-3)), on.inputs.levels["money"]
    if on.whole(0, 1):
        level = Node(known_joint.LEVEL, measure, {"level": money})
    else:
        level = Node(known_joint.ILLIQUIDITY, measure, {"level": money, "asset": on.inputs.asset})
    if on.grid.bars_per_session < LENGTH and on.whole(0, 1):
        level = Node(known_joint.SEASON, SeasonConfig(on.whole(1, 3), 1, on.grid.bars_per_session), {"level": level})
    step = ChangeConfig(on.whole(1, 3), on.whole(0, 1))
    if on.whole(0, 1):
        own = Node(known_joint.CHANGE, step, {"level": level})
        other = on.others(own)
    else:
        auto = AutoConfig(on.whole(10, 20), 8, on.whole(0, 1))
        own, other = (Node(known_joint.AUTO, auto, {"level": x}) for x in (level, on.others(level)))
    what = on.whole(0, 2)
    if what == 0:
        return Node(known_joint.LIQUIDITY, on.two, {**on.pair, "other": other})
    if what == 1:
        lagged = Node(known_joint.LAG, step, {"level": other})
        return Node(
            known_joint.COMMONALITY, replace(on.two, winsor=0.0), {"asset": own, "market": other, "other": lagged}
        )
    fields = {name: getattr(on.guards, name) for name in WindowConfig.__slots__} | {"intercept": 1}
    four = acharya_kernel.FourConfig(**fields, hold=0, rows=fields["window"], which=on.whole(0, 4))
    return Node(known_joint.ACHARYA_PEDERSEN, four, {**on.pair, "cost": own, "other": other})


def volatility_beta(on):
    """Of blocks, which do not overlap, or of the change of a level at every slot."""
    length = on.whole(2, 8)
    every, overnight = length + on.whole(0, 3), on.whole(0, 1)
    blocks = BlockConfig(length, every, on.whole(1, length), 0)
    pair = {name: Node(known_joint.BLOCK_RETURN, blocks, {"asset": giver}) for name, giver in on.pair.items()}
    if on.whole(0, 1):
        level = Node(known_joint.BLOCK_VARIANCE, blocks, {"asset": on.inputs.market})
    else:
        level = Node(known_joint.BLOCK_LEVEL, blocks, {"asset": on.inputs.levels["implied"]})
    change = Node(known_joint.CHANGE, ChangeConfig(every, overnight), {"level": level})
    rows = on.whole(4, 6)
    config = replace(on.two, window=rows * every, rows=rows, hold=every - 1, stale=2 * every - 1, min_observations=3)
    return Node(known_joint.VOLATILITY, config, {**pair, "other": change})


def window_feature(on):
    window = on.whole(4, 30)
    span = SpanConfig(window, on.whole(2, window))
    x, money = {"x": on.number}, on.inputs.levels["money"]
    what = on.whole(0, 5)
    if what == 0:
        return Node(features.TWO_SCALE, TwoScaleConfig(window, min(window, 6), 3), {"x": money})
    if what == 1:
        return Node(features.AMIHUD, AmihudConfig(window, span.min_observations, 0.5), {**x, "money": money})
    if what == 2:
        return Node(on.one_of(features.VWAP, features.VPIN), span, {"part": on.number, "whole": money})
    if what == 3:
        return Node(features.COLUMN, NoConfig(), x)
    if what == 4 and on.grid.session:
        return Node(features.TIME_OF_DAY, NoConfig(), {"bars": Source("bars")})
    several = (features.MEAN, features.EWMA, features.VOLATILITY, features.REALISED, features.BIPOWER, features.TREND)
    return Node(on.one_of(*several), span, x)


def own_factor(on):
    return Node(FELL, FellConfig(on.whole(3, 30), on.whole(1, 3)), on.pair)


KINDS = (
    market_beta, session_beta, sector_beta, liquidity_beta, volatility_beta, window_feature, own_factor
)  # fmt: skip

OUT_OF_NOTHING = (known_joint.VOLATILITY, features.TIME_OF_DAY)
"""What has a value on slots of which nobody has a price: what is made of it counts the slots that are told."""


@st.composite
def graphs(draw):
    """A few factors of any kind on one or two benchmarks, joined in a diamond, shrunk or not."""
    grid, span = draw(st.sampled_from(GRIDS)), draw(st.integers(1, 2))
    patience = draw(st.sampled_from([0, grid.length // 2]))
    sources = {name: source_of(name, name, grid, span, patience).source(name) for name in (*EACH, *SHARED)}
    inputs = Inputs(sources["asset"], sources["market"], Source("weight"), {name: sources[name] for name in LEVELS})
    on = Given(draw, grid, inputs)
    made = [kind(on) for kind in draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4, unique=True))]
    top = Node(BLEND, BlendConfig(0.25), {"first": made[0], "second": made[-1]})
    if draw(st.booleans()):
        shrunk = Node(known.BLUME, BlumeConfig(), {"beta": top})
    else:
        shrunk = Node(known.VASICEK, SectionConfig(2), {"beta": made[0]})
    if made[-1].factor not in OUT_OF_NOTHING and draw(st.booleans()):  # estimates are numbers like others
        made.append(Node(features.MEAN, SpanConfig(5, 2), {"x": made[-1]}))
    return Drawn(Graph(tuple({node.id: node for node in (*made, top, shrunk)}.values())), grid, span, patience)
