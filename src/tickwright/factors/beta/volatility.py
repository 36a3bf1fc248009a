"""F9, the beta to short-term volatility beside the market: `VolatilityBetaConfig`.

r = a + bₘ rₘ + b dV, where dV is the change of an implied volatility that is given, or of ln of the market's realised
variance from one block of slots to the next. Blocks do not overlap, and r and rₘ are those of the same blocks. Without
rₘ the slope would be the market's, for volatility rises when prices fall.

An estimate stands until the next block ends, or a session at most; `lookback_length` counts blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.factors.beta import known_joint
from tickwright.factors.beta.block_kernel import BlockConfig
from tickwright.factors.beta.config import MarketBetaConfig, whole
from tickwright.factors.beta.joint import (
    VOLATILITY,
    Giver,
    Inputs,
    check_joint,
    choice,
    crosses,
    two,
    within_sessions,
)
from tickwright.factors.beta.season import season_of, without_season
from tickwright.factors.beta.shock_kernel import ChangeConfig
from tickwright.factors.beta.two_kernel import INTERCEPT, MARKET, OTHER, TwoConfig
from tickwright.factors.factor import Factor
from tickwright.factors.fields import check_texts
from tickwright.factors.graph import Node

REALISED, IMPLIED = "realised", "implied"
COEFFICIENTS = {"volatility": OTHER, "market": MARKET, "intercept": INTERCEPT}
LEAST_BLOCK = 60
"""Returns of a realised variance: with 5 of them its own error takes half of the slope away."""


@dataclass(frozen=True, slots=True)
class VolatilityBetaConfig:
    """One beta to volatility.

    | field | what |
    |---|---|
    | `volatility` | `realised`: of the market's returns; `implied`: a level that is given |
    | `index` | symbol of the implied volatility in a catalog, as ^VIX |
    | `coefficient` | the value: `volatility`, or `market` or `intercept` of the same regression |
    | `block` | slots of a block; of realised 60 at least, which is the default; of implied 1 by default |
    | `every` | slots from the beginning of one block to the next; the block by default, and never less |
    | `min_in_block` | slots of a block that its returns must cover, and returns that a realised variance must |
    | | have; by default all but one, and four fifths at least |
    | `season_sessions` | earlier sessions of the time-of-day mean; 20 within sessions; 0 leaves the pattern in |
    | `min_sessions` | fewer of them give no value; by default a quarter |
    | `min_own_share` | 1 − R²(volatility on market) below which a row is `collinear` |
    | `market` | grid, window, benchmark and guards; its window and counts are of blocks |

    Within sessions a window of blocks is rounded up to whole sessions. Raises ConfigError for what cannot be.
    """

    kind: str = VOLATILITY
    volatility: str = REALISED
    coefficient: str = "volatility"
    block: int | None = None
    every: int | None = None
    min_in_block: int | None = None
    season_sessions: int | None = None
    min_sessions: int | None = None
    min_own_share: float = 0.02
    index: str = ""
    market: MarketBetaConfig = field(default_factory=MarketBetaConfig)

    def __post_init__(self) -> None:
        check_joint(self, VOLATILITY, tuple(COEFFICIENTS))
        check_texts(self, "index")
        choice("volatility", self.volatility, (REALISED, IMPLIED))
        if self.index and self.volatility != IMPLIED:
            raise ConfigError("index", self.index, f"none: {self.volatility} volatility is of the market's returns")
        least = LEAST_BLOCK if self.volatility == REALISED else 1
        block = whole("block", least if self.block is None else self.block, least, 100_000)
        every = block if self.every is None else self.every
        if isinstance(every, bool) or not isinstance(every, int) or every < block:
            raise ConfigError("every", every, f"{block} or more: windows that overlap share returns, and so do changes")
        usual = max(block - 1, 1)
        enough = usual if self.min_in_block is None else self.min_in_block
        whole("min_in_block", enough, min(usual, -(-4 * block // 5)), block)
        sessions, fewest = season_of(self.season_sessions, self.min_sessions, self.market)
        for name, value in (
            ("block", block), ("every", every), ("min_in_block", enough), ("season_sessions", sessions),
            ("min_sessions", fewest),
        ):  # fmt: skip
            object.__setattr__(self, name, value)
        if self._changes < 1:
            bars = self.market.bars.bars_per_session
            raise ConfigError("block", block, f"slots of which two blocks fit into the {bars} of a session")

    @property
    def levels(self) -> Sequence[str]:
        """The implied volatility, where it is that."""
        return (VOLATILITY,) if self.volatility == IMPLIED else ()

    @property
    def window(self) -> TwoConfig:
        """What the kernel is given: the slots that hold so many blocks."""
        bars, every = self.market.bars.bars_per_session, self.every or 1
        window = self.market.window
        if every == 1:
            slots, rows, hold = window.window, window.window, 0
        elif within_sessions(self.market):
            sessions = -(-window.window // self._changes)
            slots, rows, hold = sessions * bars, sessions * self._changes, bars
        else:
            slots, rows, hold = window.window * every, window.window, every - 1
        hold = min(hold, slots - 1)
        stale = min(hold + window.stale * every, slots - 1)
        return two(
            self.market, COEFFICIENTS[self.coefficient], self.min_own_share,
            window=slots, rows=rows, hold=hold, stale=stale,
        )  # fmt: skip

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return asdict(self)

    def node(self, inputs: Inputs) -> Node:
        """The beta."""
        returns = {"asset": inputs.asset, "market": inputs.market}
        pair = returns if self.block == 1 else {name: self._of_blocks(known_joint.BLOCK_RETURN, giver)
                                                for name, giver in returns.items()}  # fmt: skip
        return Node(known_joint.VOLATILITY, self.window, {**pair, "other": self.change(inputs)})

    def change(self, inputs: Inputs) -> Node:
        """dV: the change of the volatility, less its time-of-day mean, from block to block."""
        if self.volatility == REALISED:
            level = self._of_blocks(known_joint.BLOCK_VARIANCE, inputs.market)
        else:
            level = self._of_blocks(known_joint.BLOCK_LEVEL, inputs.levels[VOLATILITY])
        level = without_season(level, self.season_sessions, self.min_sessions, self.market)
        return Node(known_joint.CHANGE, ChangeConfig(self._farthest, int(crosses(self.market))), {"level": level})

    def _of_blocks(self, factor: Factor, giver: Giver) -> Node:
        assert self.block is not None
        assert self.every is not None
        assert self.min_in_block is not None
        config = BlockConfig(self.block, self.every, self.min_in_block, int(within_sessions(self.market)))
        return Node(factor, config, {"asset": giver})

    @property
    def _blocks(self) -> int:
        """Blocks of a session."""
        assert self.block is not None
        assert self.every is not None
        return max(self.market.bars.bars_per_session - self.block, -self.every) // self.every + 1

    @property
    def _changes(self) -> int:
        """Changes of a session; 1 where there are no sessions."""
        if not within_sessions(self.market):
            return 1
        return self._blocks if crosses(self.market) else self._blocks - 1

    @property
    def _farthest(self) -> int:
        """Slots back to the end of the block before."""
        assert self.every is not None
        if not within_sessions(self.market) or not crosses(self.market):
            return self.every
        return max(self.every, self.market.bars.bars_per_session - (self._blocks - 1) * self.every)
