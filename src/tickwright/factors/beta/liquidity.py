"""F8, betas of intraday liquidity: `LiquidityBetaConfig`.

1. Liquidity L of an asset at a slot: one of three measures of a level that is given.
2. Less its mean at that time of day over strictly earlier sessions.
3. Shocks: changes, or what an AR(2) did not foresee. The market's are of the mean of all others, without the asset:
   the mean of their changes, or the forecast errors of their mean.
4. A regression on them, or the four betas of Acharya and Pedersen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.factors.beta import known, known_joint
from tickwright.factors.beta.acharya_kernel import NET, FourConfig
from tickwright.factors.beta.config import MarketBetaConfig, whole
from tickwright.factors.beta.joint import LIQUIDITY, Giver, Inputs, check_joint, choice, crosses, two
from tickwright.factors.beta.liquidity_kernel import MeasureConfig
from tickwright.factors.beta.season import season_of, without_season
from tickwright.factors.beta.section_kernel import SectionConfig
from tickwright.factors.beta.shock_kernel import AutoConfig, ChangeConfig
from tickwright.factors.beta.two_kernel import INTERCEPT, MARKET, OTHER, SUM
from tickwright.factors.graph import Node

DEPTH, SPREAD, ILLIQUIDITY = "depth", "spread", "illiquidity"
MEASURES = (DEPTH, SPREAD, ILLIQUIDITY)
SHOCKS = ("change", "ar2")
COEFFICIENTS = {
    "return": {"liquidity": OTHER, "market": MARKET, "intercept": INTERCEPT},
    "commonality": {"same": MARKET, "lag": OTHER, "sum": SUM, "intercept": INTERCEPT},
    "acharya-pedersen": {"net": NET, "beta1": 1, "beta2": 2, "beta3": 3, "beta4": 4},
}
"""Of each model; the first is the value where nothing is said."""
_HALF_A_SPREAD = 0.5e-4
"""The cost of a trade, a share of its price, for a spread of one basis point."""
_MILLION = 1.0
"""The cost of a trade of a million, as its illiquidity is told."""


@dataclass(frozen=True, slots=True)
class LiquidityBetaConfig:
    """One beta of liquidity.

    | field | what |
    |---|---|
    | `model` | `return`: r on rₘ and uₘ; `commonality`: uᵢ on uₘ and its lag; `acharya-pedersen`: four betas |
    | `coefficient` | the value: one of `COEFFICIENTS` of the model, by default the first |
    | `measure` | `depth`: ln of displayed notional; `spread`: relative, in bps; `illiquidity`: abs r for a million |
    | `shock` | `change`, or `ar2`: the error of a forecast by the two levels before |
    | `ar_window` | slots before this one whose rows the forecast is fitted to; by default the look-back |
    | `season_sessions` | earlier sessions of the time-of-day mean; 20 within sessions; 0 leaves the pattern in |
    | `min_sessions` | fewer of them give no value; by default a quarter |
    | `min_others` | others below which there is no liquidity of the market |
    | `cost_scale` | of acharya-pedersen: the cost, as a share of the price, of one unit of the measure; by default of |
    | | half a spread, or of a trade of a million |
    | `min_own_share` | 1 − R²(second on first regressor) below which a row is `collinear` |
    | `market` | grid, window, benchmark and guards |

    Raises ConfigError for what cannot be.
    """

    kind: str = LIQUIDITY
    model: str = "return"
    coefficient: str | None = None
    measure: str = DEPTH
    shock: str = "change"
    ar_window: int | None = None
    season_sessions: int | None = None
    min_sessions: int | None = None
    min_others: int = 1
    cost_scale: float | None = None
    min_own_share: float = 0.02
    market: MarketBetaConfig = field(default_factory=MarketBetaConfig)

    def __post_init__(self) -> None:
        choice("model", self.model, tuple(COEFFICIENTS))
        allowed = COEFFICIENTS[self.model]
        if self.coefficient is None:
            object.__setattr__(self, "coefficient", next(iter(allowed)))
        check_joint(self, LIQUIDITY, tuple(allowed))
        choice("measure", self.measure, MEASURES)
        choice("shock", self.shock, SHOCKS)
        window = self.market.lookback_length
        if self.ar_window is None:
            object.__setattr__(self, "ar_window", window)
        whole("ar_window", self.ar_window, 10, 1_000_000)
        sessions, least = season_of(self.season_sessions, self.min_sessions, self.market)
        object.__setattr__(self, "season_sessions", sessions)
        object.__setattr__(self, "min_sessions", least)
        whole("min_others", self.min_others, 1, None)
        if self.model == "commonality" and self.market.winsor:
            raise ConfigError("market.winsor", self.market.winsor, "0: commonality is of shocks, not of returns")
        if self.model == "acharya-pedersen":
            if self.measure == DEPTH:
                raise ConfigError("measure", DEPTH, "spread or illiquidity: a cost, for acharya-pedersen")
            if not self.market.intercept:
                raise ConfigError("market.intercept", False, "true: covariances are about means")
            usual = _HALF_A_SPREAD if self.measure == SPREAD else _MILLION
            scale = usual if self.cost_scale is None else self.cost_scale
            if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < scale < float("inf"):
                raise ConfigError("cost_scale", scale, "a number above 0")
            object.__setattr__(self, "cost_scale", float(scale))
        elif self.cost_scale is not None:
            raise ConfigError("cost_scale", self.cost_scale, f"nothing: {self.model} has no costs")

    @property
    def levels(self) -> Sequence[str]:
        """What the measure is of."""
        return (LIQUIDITY,)

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return asdict(self)

    def node(self, inputs: Inputs) -> Node:
        """The beta."""
        own, others = self.shocks(inputs)
        pair = {"asset": inputs.asset, "market": inputs.market}
        which = COEFFICIENTS[self.model][self.coefficient or ""]
        if self.model == "acharya-pedersen":
            window = self.market.window
            four = FourConfig(**asdict(window), hold=0, rows=window.window, which=which)
            return Node(known_joint.ACHARYA_PEDERSEN, four, {**pair, "cost": own, "other": others})
        config = two(self.market, which, self.min_own_share)
        if self.model == "return":
            return Node(known_joint.LIQUIDITY, config, {**pair, "other": others})
        lagged = Node(known_joint.LAG, self._step, {"level": others})
        return Node(known_joint.COMMONALITY, config, {"asset": own, "market": others, "other": lagged})

    def shocks(self, inputs: Inputs) -> tuple[Node, Node]:
        """(of the asset, of the market without it)."""
        level = self.level(inputs)
        if self.shock == "change":  # a mean of changes does not jump where a member comes or goes
            own = Node(known_joint.CHANGE, self._step, {"level": level})
            return own, self._of_the_others(own, inputs)
        assert self.ar_window is not None
        auto = AutoConfig(self.ar_window, max(10, self.ar_window // 2), int(crosses(self.market)))
        mean = self._of_the_others(level, inputs)
        return Node(known_joint.AUTO, auto, {"level": level}), Node(known_joint.AUTO, auto, {"level": mean})

    def level(self, inputs: Inputs) -> Node:
        """The measure, less its time-of-day mean."""
        config = MeasureConfig(int(self.measure == DEPTH), 1.0 if self.cost_scale is None else self.cost_scale)
        given: dict[str, Giver] = {"level": inputs.levels[LIQUIDITY]}
        if self.measure == ILLIQUIDITY:
            level = Node(known_joint.ILLIQUIDITY, config, {**given, "asset": inputs.asset})
        else:
            level = Node(known_joint.LEVEL, config, given)
        return without_season(level, self.season_sessions, self.min_sessions, self.market)

    @property
    def _step(self) -> ChangeConfig:
        return ChangeConfig(1, int(crosses(self.market)))

    def _of_the_others(self, node: Node, inputs: Inputs) -> Node:
        return Node(known.BASKET, SectionConfig(self.min_others), {"asset": node, "weight": inputs.weight})
