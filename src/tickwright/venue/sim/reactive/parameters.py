"""The parameters of every model: frozen, checked, hashed, and to and from plain tables.

`Flow` holds what all models share (sizes, the day, activity, pace); each model is one record with a `flow`. What would
empty a side, overflow a book or spin a kernel is refused here, before the first event. Times of memories are in market
orders of the background, rates in units of model time: `rows.prepare` finds how many of these pass in a second.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from tickwright.core.errors import ConfigError
from tickwright.core.units import Lots
from tickwright.venue.sim.reactive.layout import BINS, DEPTH, SCALES, SIZES, SLOTS, TYPES, VOLUMES, CancelRule

PARAMETERS_VERSION = 1
Numbers: TypeAlias = tuple[float, ...]


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(name, value, f"a number from {low:g} to {high:g}")


def _all_within(name: str, values: Numbers, low: float, high: float) -> None:
    for value in values:
        _within(name, value, low, high)


@dataclass(frozen=True, slots=True)
class Flow:
    """What all models share. `volume_curve` and `volatility_curve` are relative, one number for each equal part of the
    day; activity is pace.py's, with its standard deviation, its memory in market orders and γ."""

    sizes: tuple[Lots, ...] = (25, 50, 100, 200, 300, 500)
    weights: Numbers = (0.15, 0.2, 0.45, 0.12, 0.05, 0.03)
    messages_a_second: float = 20.0
    day_seconds: float = 23_400.0
    volume_curve: Numbers = (1.8, 1.25, 1.05, 0.9, 0.8, 0.72, 0.7, 0.72, 0.78, 0.85, 0.98, 1.15, 1.7)
    volatility_curve: Numbers = (1.6, 1.25, 1.1, 1.0, 0.92, 0.88, 0.85, 0.85, 0.88, 0.92, 0.97, 1.02, 1.15)
    activity_sd: float = 0.5
    activity_memory: float = 300.0
    activity_news: float = 0.5
    cancels: str = "uniform"
    display: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.sizes) <= SIZES or len(self.sizes) != len(self.weights):
            raise ConfigError("flow.sizes", self.sizes, f"1 to {SIZES} sizes, one for each weight")
        for size in self.sizes:
            if size != int(size) or not 1 <= size <= 1_000_000:
                raise ConfigError("flow.sizes", size, "whole lots from 1 to 1000000")
        _all_within("flow.weights", self.weights, 0.0, 1e9)
        if not sum(self.weights) > 0:
            raise ConfigError("flow.weights", self.weights, "weights that are not all zero")
        _within("flow.messages_a_second", self.messages_a_second, 1e-3, 1e6)
        _within("flow.day_seconds", self.day_seconds, 1.0, 1e6)
        for name in ("volume_curve", "volatility_curve"):
            curve = getattr(self, name)
            if not 1 <= len(curve) <= BINS:
                raise ConfigError(f"flow.{name}", curve, f"1 to {BINS} numbers")
            _all_within(f"flow.{name}", curve, 1e-3, 1e3)
        _within("flow.activity_sd", self.activity_sd, 0.0, 2.0)
        _within("flow.activity_memory", self.activity_memory, 1.0, 1e7)
        _within("flow.activity_news", self.activity_news, 0.0, 2.0)
        if self.cancels.upper() not in CancelRule.__members__:
            raise ConfigError("flow.cancels", self.cancels, "uniform, front or back")
        _within("flow.display", self.display, 0.0, 1.0)

    @property
    def typical(self) -> float:
        """The mean size of an order, lots: the unit of volume in every law."""
        return sum(s * w for s, w in zip(self.sizes, self.weights, strict=True)) / sum(self.weights)


@dataclass(frozen=True, slots=True)
class Signs:
    """`lmf`'s parameters."""

    slots: int = 4
    pareto: float = 1.5
    cap: float = 10_000.0

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= SLOTS:
            raise ConfigError("signs.slots", self.slots, f"1 to {SLOTS}")
        _within("signs.pareto", self.pareto, 1.05, 10.0)
        _within("signs.cap", self.cap, 1.0, 1e9)


@dataclass(frozen=True, slots=True)
class Queues:
    """The queue-reactive rates as tables: `limit[i][q]`, `cancel[i][q]`, `market[q]`, q the volume in typical sizes
    rounded up, the last entry holding for every larger q."""

    limit: tuple[Numbers, ...]
    cancel: tuple[Numbers, ...]
    market: Numbers
    theta: float = 0.7
    reinit: float = 0.0

    @staticmethod
    def of_law(
        limit: tuple[tuple[float, float, float], ...],
        cancel: Numbers,
        power: float,
        market: tuple[float, float, float],
        theta: float,
        reinit: float,
    ) -> Queues:
        """Tables of `a e^(-q/b) + c` for limit orders (a triple a queue) and market orders, and of `c q^power` for
        cancels."""
        places = range(VOLUMES)

        def decaying(a: float, b: float, c: float) -> Numbers:
            return tuple(round(a * math.exp(-q / b) + c, 9) for q in places)

        return Queues(
            limit=tuple(decaying(*law) for law in limit),
            cancel=tuple(tuple(round(c * q**power, 9) for q in places) for c in cancel),
            market=decaying(*market),
            theta=theta,
            reinit=reinit,
        )

    def __post_init__(self) -> None:
        if not 1 <= len(self.limit) <= DEPTH:
            raise ConfigError("queues.limit", f"{len(self.limit)} queues", f"1 to {DEPTH} a side")
        if len(self.cancel) != len(self.limit):
            raise ConfigError("queues.cancel", f"{len(self.cancel)} queues", f"as many as limit: {len(self.limit)}")
        for name, rows in (("limit", self.limit), ("cancel", self.cancel), ("market", (self.market,))):
            for i, row in enumerate(rows):
                if not 2 <= len(row) <= VOLUMES:
                    raise ConfigError(f"queues.{name}[{i}]", f"{len(row)} rates", f"2 to {VOLUMES}")
                _all_within(f"queues.{name}[{i}]", row, 0.0, 1e6)
        for i, (arriving, leaving) in enumerate(zip(self.limit, self.cancel, strict=True)):
            if not arriving[0] > 0:
                raise ConfigError(f"queues.limit[{i}][0]", arriving[0], "a positive rate, or the queue stays empty")
            if leaving[0] != 0 or min(leaving[1:]) <= 0:
                raise ConfigError(
                    f"queues.cancel[{i}]", leaving[:3], "0 for an empty queue and positive for every other"
                )
            if arriving[-1] >= leaving[-1]:
                raise ConfigError(
                    f"queues.limit[{i}]", arriving[-1], "less than the cancels of a long queue, or it grows"
                )
        if min(self.market[1:]) <= 0:
            raise ConfigError("queues.market", self.market[:3], "positive rates")
        _within("queues.theta", self.theta, 0.0, 1.0)
        _within("queues.reinit", self.reinit, 0.0, 1.0)

    def stationary(self, i: int) -> Numbers:
        """Probabilities of 0, 1, … orders in queue i, left to itself (birth and death, market orders at the first)."""
        weights = [1.0]
        for q in range(1, VOLUMES):
            born = _at(self.limit[i], q - 1)
            gone = _at(self.cancel[i], q) + (_at(self.market, q) if i == 0 else 0.0)
            weights.append(weights[-1] * born / gone)
        total = sum(weights)
        return tuple(w / total for w in weights)

    def mean_orders(self) -> float:
        """Orders of the stationary book."""
        return 2.0 * sum(q * p for i in range(len(self.limit)) for q, p in enumerate(self.stationary(i)))


def _at(row: Numbers, q: int) -> float:
    return row[min(q, len(row) - 1)]


_LARGE_TICK = Queues.of_law(
    limit=((1.6, 40.0, 0.2), *(4 * ((1.1, 15.0, 0.25),))),
    cancel=(0.16, 0.10, 0.08, 0.07, 0.06),
    power=0.85,
    market=(0.9, 12.0, 0.05),
    theta=0.7,
    reinit=0.0,
)

_SMALL_NEAR = tuple(round(1.0 - math.exp(-(i + 1) / 1.7), 3) for i in range(DEPTH))
"""How busy a queue is for its distance from the reference: levels near the touch are often empty."""
_SMALL_TICK = Queues.of_law(
    limit=tuple((0.36 * near, 4.0, 0.04 * near) for near in _SMALL_NEAR),
    cancel=tuple(0.2 - 0.1 * near for near in _SMALL_NEAR),
    power=0.85,
    market=(0.8, 2.0, 0.1),
    theta=0.9,
    reinit=0.0,
)


@dataclass(frozen=True, slots=True)
class SantaFe:
    """`santa_fe`: rates per unit of model time, per side; limit orders per tick of the band, cancels per order."""

    name: ClassVar[str] = "santa-fe"
    flow: Flow = field(default_factory=Flow)
    limit_rate: float = 0.04
    band: int = 60
    cancel_rate: float = 0.02
    market_rate: float = 0.15

    def __post_init__(self) -> None:
        _band_rates(self.limit_rate, self.band, self.cancel_rate)
        _within("market_rate", self.market_rate, 1e-9, 1e6)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        return 2.0 * self.limit_rate * self.band / self.cancel_rate


@dataclass(frozen=True, slots=True)
class Epsilon:
    """`epsilon`: as SantaFe, with signs of long memory and selective taking of exponent ζ."""

    name: ClassVar[str] = "epsilon"
    flow: Flow = field(default_factory=Flow)
    signs: Signs = field(default_factory=Signs)
    limit_rate: float = 0.04
    band: int = 60
    cancel_rate: float = 0.02
    market_rate: float = 0.15
    zeta: float = 4.0

    def __post_init__(self) -> None:
        _band_rates(self.limit_rate, self.band, self.cancel_rate)
        _within("market_rate", self.market_rate, 1e-9, 1e6)
        _within("zeta", self.zeta, 0.1, 100.0)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        return 2.0 * self.limit_rate * self.band / self.cancel_rate


@dataclass(frozen=True, slots=True)
class Hawkes:
    """`hawkes`: base rates of (market buy, market sell, limit bid, limit ask); `jump[r][i][j]` is what an event of type
    j adds to the rate of type i, decaying at `speed[r]`."""

    name: ClassVar[str] = "hawkes"
    flow: Flow = field(default_factory=Flow)
    base: Numbers = (0.05, 0.05, 0.8, 0.8)
    speed: Numbers = (10.0, 1.0, 0.1)
    jump: tuple[tuple[Numbers, ...], ...] = (
        ((2.0, 0.1, 0.3, 0.1), (0.1, 2.0, 0.1, 0.3), (1.0, 0.5, 1.5, 0.3), (0.5, 1.0, 0.3, 1.5)),
        ((0.15, 0.01, 0.01, 0.01), (0.01, 0.15, 0.01, 0.01), (0.1, 0.1, 0.15, 0.05), (0.1, 0.1, 0.05, 0.15)),
        ((0.01, 0.0, 0.0, 0.0), (0.0, 0.01, 0.0, 0.0), (0.01, 0.01, 0.01, 0.005), (0.01, 0.01, 0.005, 0.01)),
    )
    band: int = 40
    cancel_rate: float = 0.02

    def __post_init__(self) -> None:
        if len(self.base) != TYPES:
            raise ConfigError("base", self.base, f"{TYPES} rates")
        _all_within("base", self.base, 0.0, 1e6)
        if min(self.base) <= 0:
            raise ConfigError("base", self.base, "positive rates")
        if len(self.speed) != len(self.jump) or len(self.speed) != 3:
            raise ConfigError("speed", self.speed, "3 decay rates, one for each table of jumps")
        _all_within("speed", self.speed, 1e-6, 1e6)
        for r, table in enumerate(self.jump):
            if len(table) != TYPES or any(len(row) != TYPES for row in table):
                raise ConfigError(f"jump[{r}]", table, f"{TYPES} rows of {TYPES}")
            for row in table:
                _all_within(f"jump[{r}]", row, 0.0, 1e6)
        if not self.branching() < 0.95:
            raise ConfigError("jump", f"branching ratio {self.branching():.3f}", "below 0.95, or the rates explode")
        _band_rates(1.0, self.band, self.cancel_rate)
        if self.mean_orders > 1e6:
            raise ConfigError("cancel_rate", self.cancel_rate, "a book of at most 1000000 orders")

    def _kernel(self) -> list[list[float]]:
        return [
            [sum(t[i][j] / s for t, s in zip(self.jump, self.speed, strict=True)) for j in range(TYPES)]
            for i in range(TYPES)
        ]

    def branching(self) -> float:
        """The spectral radius of the integrated kernel: children an event has, at the worst."""
        kernel, x, radius = self._kernel(), [1.0] * TYPES, 0.0
        for _ in range(200):
            y = [sum(kernel[i][j] * x[j] for j in range(TYPES)) for i in range(TYPES)]
            radius = max(y)
            if radius == 0.0:
                return 0.0
            x = [v / radius for v in y]
        return radius

    def mean_rates(self) -> Numbers:
        """Stationary rates of the four types: (1 - K)^(-1) base, by its series."""
        kernel, total, term = self._kernel(), list(self.base), list(self.base)
        for _ in range(2000):
            term = [sum(kernel[i][j] * term[j] for j in range(TYPES)) for i in range(TYPES)]
            total = [a + b for a, b in zip(total, term, strict=True)]
        return tuple(total)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        rates = self.mean_rates()
        return (rates[2] + rates[3]) / self.cancel_rate


@dataclass(frozen=True, slots=True)
class QueueReactive:
    """`queue_reactive` alone."""

    name: ClassVar[str] = "queue-reactive"
    flow: Flow = field(default_factory=Flow)
    queues: Queues = field(default_factory=lambda: dataclasses.replace(_LARGE_TICK, reinit=0.2))

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book."""
        return self.queues.mean_orders()


@dataclass(frozen=True, slots=True)
class QL:
    """`ql`: queue-reactive, signs, and the tilt against signed volume; β per unit of model time, w is scaled to sum
    1."""

    name: ClassVar[str] = "ql"
    flow: Flow = field(default_factory=Flow)
    signs: Signs = field(default_factory=Signs)
    queues: Queues = field(default_factory=lambda: dataclasses.replace(_LARGE_TICK, reinit=0.2))
    beta: Numbers = (1.0, 0.1, 0.01, 0.001)
    weights: Numbers = (1.0, 0.1, 0.01, 0.001)
    kappa: float = 0.11
    clip: float = 1.0

    def __post_init__(self) -> None:
        if len(self.beta) != SCALES or len(self.weights) != SCALES:
            raise ConfigError("beta", self.beta, f"{SCALES} decay rates and as many weights")
        _all_within("beta", self.beta, 1e-9, 1e3)
        _all_within("weights", self.weights, 0.0, 1e6)
        if not sum(self.weights) > 0:
            raise ConfigError("weights", self.weights, "weights that are not all zero")
        _within("kappa", self.kappa, 0.0, 100.0)
        _within("clip", self.clip, 0.0, 3.0)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book."""
        return self.queues.mean_orders()


@dataclass(frozen=True, slots=True)
class FP:
    """`fp`, the default: τ in market orders, `impact` (a) and `news` (s) in ticks, `sweep` in typical sizes.

    The defaults are `large_tick`. Both presets were chosen by hand so that the facts below lie in the bands of
    `tickwright gate`, which the large tick passes and the small one does not. Measured on books that the choice did not
    see, 95 % intervals in brackets: the large tick by `tickwright gate --seed 1`, the small one by the same checks in
    512 to 768 books (`learn.gate`: watch, impact, programs, adversary). They are of no one instrument, and not
    calibrated.

    | fact | band | large tick | small tick |
    |---|---|---|---|
    | mean spread after an event, ticks | | 1.38 (1.33 by time) | 5.2 (4.5 by time) |
    | exponent of impact, T = 100 / 300 / 1 000 | .45–.7 | .59 .58 .57 [±.06] | .60 .66 .55 [±.11] |
    | impact left one length later, the same T | .4–.8 | .71 .66 .60 [±.04] | .72 .65 .68 [±.06] |
    | variance at lags 1 / 10 / 30 / 300 over 1 000 | .7–1.7 | .80 .93 1.12 1.08 [±.04] | .73 1.37 1.45 1.14 |
    | sign memory at lags 1 / 10 / 100 | .1 .05 .02 | .262 .107 .030 [±.002] | .412 .116 .035 [±.004] |
    | response of the mid, half-spreads | .9–1.3 | .92 [±.01] | .96 [±.01] |
    | all-passive over market-order TWAP | .5–1.5 | .93 [±.03] | .92 [±.07] |
    | round trip, takes / rests both ways, ticks | loses | 2.1 [±.07] / 1.5 [±.09] | 9.4 [±.6] / 8.1 [±.8] |
    | round trip that rests 1 / 2 ticks behind, ticks | loses | .99 [±.08] / .60 [±.18] | 4.9 [±.9] / 4.1 [±1.0] |
    | best plan of the adversary, ticks a lot traded | at most 0 | -.19 [±.06] | **1.04 [±.38]** |

    What bounds `impact` from above: a sweep trades before its own impact shows in the mid. Who swings between +A and
    -A, and waits before each turn until the mid has followed F, turns at a mid that stands some eight tenths of
    `impact` h(A) on his side, and pays half a spread and the depth of the book. For A = 8 and 20 market orders of
    waiting that is 1.7 ticks against 1.8; an `impact` of .9, with κ .55 and news .38, gave 2.1 against 1.8, a profit.

    Weak: volatility that clusters little over ten market orders (autocorrelation .08 of absolute moves at the large
    tick); a response of the mid and a variance at lag 2 (.77 [±.03]) that lie near the ends of their bands; and in the
    small tick, an adversary who bids or offers four ticks behind the best and leaves by resting one behind: he earns.
    """

    name: ClassVar[str] = "fp"
    flow: Flow = field(default_factory=Flow)
    signs: Signs = field(default_factory=lambda: Signs(slots=2, pareto=1.3))
    queues: Queues = field(default_factory=lambda: _LARGE_TICK)
    kappa: float = 0.45
    clip: float = 2.0
    impact: float = 0.72
    weights: Numbers = (0.3, 0.3, 0.2, 0.2)
    memory: Numbers = (10.0, 100.0, 1_000.0, 10_000.0)
    n0: float = 0.25
    news: float = 0.52
    passive: float = 1.0
    informed: float = 0.4
    sweep: float = 5.0

    def __post_init__(self) -> None:
        _within("kappa", self.kappa, 0.0, 100.0)
        _within("clip", self.clip, 0.0, 3.0)
        _within("impact", self.impact, 0.0, 1e3)
        if len(self.weights) != SCALES or len(self.memory) != SCALES:
            raise ConfigError("memory", self.memory, f"{SCALES} times and as many weights")
        _all_within("weights", self.weights, 0.0, 1e3)
        _all_within("memory", self.memory, 1.0, 1e9)
        _within("n0", self.n0, 1e-6, 1e6)
        _within("news", self.news, 0.0, 1e3)
        _within("passive", self.passive, 0.0, 1.0)
        _within("informed", self.informed, 0.0, 0.95)
        _within("sweep", self.sweep, 0.01, 1e4)

    @staticmethod
    def large_tick() -> FP:
        """A spread of one tick most of the time, and orders at every price near it."""
        return FP()

    @staticmethod
    def small_tick() -> FP:
        """A spread of several ticks, and prices without orders near the touch: one hidden metaorder at a time, as the
        signs of such stocks ask for (AAPL on 21 June 2012, executions of one instant and side merged: .50, .11, .01
        at lags 1, 10 and 100)."""
        return FP(
            signs=Signs(slots=1, pareto=1.4),
            queues=_SMALL_TICK,
            kappa=0.4,
            impact=4.0,
            weights=(0.4, 0.2, 0.15, 0.25),
            news=1.8,
        )

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book without a tilt."""
        return self.queues.mean_orders()


Parameters: TypeAlias = SantaFe | Epsilon | Hawkes | QueueReactive | QL | FP
MODELS: dict[str, type[Parameters]] = {m.name: m for m in (SantaFe, Epsilon, Hawkes, QueueReactive, QL, FP)}


def _band_rates(limit_rate: float, band: int, cancel_rate: float) -> None:
    _within("limit_rate", limit_rate, 1e-9, 1e6)
    if band != int(band) or not 1 <= band <= 1_000:
        raise ConfigError("band", band, "1 to 1000 ticks")
    _within("cancel_rate", cancel_rate, 1e-9, 1e6)
    if 2.0 * limit_rate * band / cancel_rate > 1e6:
        raise ConfigError("cancel_rate", cancel_rate, "a book of at most 1000000 orders")


def default(model: str) -> Parameters:
    """The default parameters of a model. Raises ConfigError for an unknown name."""
    if model not in MODELS:
        raise ConfigError("model", model, f"one of {', '.join(MODELS)}")
    return MODELS[model]()


def to_dict(parameters: Parameters) -> dict[str, Any]:
    """A plain table, fit for TOML: the version, the model's name, and every field."""
    return {
        "version": PARAMETERS_VERSION,
        "model": parameters.name,
        **json.loads(json.dumps(dataclasses.asdict(parameters))),
    }


def from_dict(table: dict[str, Any]) -> Parameters:
    """The inverse of `to_dict`; a field that is not given has its default. Raises ConfigError."""
    rest = dict(table)
    version = rest.pop("version", None)
    if version != PARAMETERS_VERSION:
        raise ConfigError("version", version, f"{PARAMETERS_VERSION}")
    model = rest.pop("model", None)
    if model not in MODELS:
        raise ConfigError("model", model, f"one of {', '.join(MODELS)}")
    built: Parameters = _build(MODELS[model], rest, "")
    return built


_PARTS = {"flow": Flow, "signs": Signs, "queues": Queues}


def _build(kind: Any, table: dict[str, Any], where: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            raise ConfigError(f"{where}{key}", value, f"a key among {', '.join(fields)}")
        if key in _PARTS:
            if not isinstance(value, dict):
                raise ConfigError(f"{where}{key}", value, "a table")
            values[key] = _build(_PARTS[key], value, f"{where}{key}.")
        else:
            values[key] = _value(f"{where}{key}", value, fields[key].type)
    missing = [
        n for n, f in fields.items()
        if n not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]  # fmt: skip
    if missing:
        raise ConfigError(f"{where}{missing[0]}", None, "a value")
    return kind(**values)


def _value(name: str, value: Any, annotation: Any) -> Any:
    """A plain value as its field wants it; the annotation is text, as this module postpones them."""
    wanted = str(annotation)
    if wanted == "str":
        if not isinstance(value, str):
            raise ConfigError(name, value, "a text")
        return value
    if wanted.startswith("tuple") or wanted == "Numbers":
        return _numbers(name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(name, value, "a number")
    if wanted == "int":
        if value != int(value):
            raise ConfigError(name, value, "a whole number")
        return int(value)
    return float(value)


def _numbers(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_numbers(name, v) for v in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(name, value, "numbers")
    return value


def content_hash(parameters: Parameters) -> str:
    """Hex digits that name these parameters: alike for alike, whatever their spelling as int or float."""
    text = json.dumps(_canonical(to_dict(parameters)), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, (int, float)):
        return float(value).hex()
    return value
