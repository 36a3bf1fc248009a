"""F7, the beta to an asset's sector beside the market: `SectorBetaConfig`.

r = a + bₘ rₘ + bₛ uₛ, where uₛ is the mean return of all others of the sector, made orthogonal to rₘ in the window. The
sector of a slot is the one that was known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tickwright.factors.beta import known_joint
from tickwright.factors.beta.config import MarketBetaConfig, whole
from tickwright.factors.beta.joint import SECTOR, Inputs, check_joint, two
from tickwright.factors.beta.section_kernel import SectionConfig
from tickwright.factors.beta.two_kernel import INTERCEPT, MARKET, OTHER
from tickwright.factors.graph import Node

COEFFICIENTS = {"sector": OTHER, "market": MARKET, "intercept": INTERCEPT}


@dataclass(frozen=True, slots=True)
class SectorBetaConfig:
    """One beta to a sector.

    | field | what |
    |---|---|
    | `coefficient` | the value: `sector`, or `market` or `intercept` of the same regression |
    | `min_others` | others of the sector with a return, below which there is no sector return |
    | `min_own_share` | 1 − R²(sector on market) below which a row is `collinear` |
    | `market` | grid, window, benchmark and guards |

    Raises ConfigError for what cannot be.
    """

    kind: str = SECTOR
    coefficient: str = "sector"
    min_others: int = 1
    min_own_share: float = 0.02
    market: MarketBetaConfig = field(default_factory=MarketBetaConfig)

    def __post_init__(self) -> None:
        check_joint(self, SECTOR, tuple(COEFFICIENTS))
        whole("min_others", self.min_others, 1, None)

    @property
    def levels(self) -> Sequence[str]:
        """The code of each asset's sector."""
        return (SECTOR,)

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return asdict(self)

    def node(self, inputs: Inputs) -> Node:
        """The beta."""
        others = {"asset": inputs.asset, "weight": inputs.weight, "sector": inputs.levels[SECTOR]}
        sector = Node(known_joint.SECTOR_BASKET, SectionConfig(self.min_others), others)
        config = two(self.market, COEFFICIENTS[self.coefficient], self.min_own_share, orthogonal=True)
        return Node(known_joint.SECTOR, config, {"asset": inputs.asset, "market": inputs.market, "other": sector})
