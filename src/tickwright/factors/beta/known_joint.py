"""The betas beside the market's, and what their regressors are made of, each a kernel with its name and version."""

from __future__ import annotations

from tickwright.factors.beta import (
    acharya_kernel,
    block_kernel,
    liquidity_kernel,
    season_kernel,
    sector_kernel,
    shock_kernel,
    two_kernel,
)
from tickwright.factors.beta.known import one, window_of
from tickwright.factors.beta.rows_ring import RowsState
from tickwright.factors.beta.section_kernel import SectionConfig
from tickwright.factors.factor import Factor
from tickwright.factors.records import Sample
from tickwright.factors.registry import register

_LEVEL, _ASSET = {"level": Sample}, {"asset": Sample}


def _two(name: str) -> Factor:
    """The kernel of two regressors under the name of a beta."""
    ports = {"asset": Sample, "market": Sample, "other": Sample}
    return register(
        Factor(
            name, 1, two_kernel.update, two_kernel.TwoConfig, ports, window_of, RowsState, two_kernel.ring_of,
            family="beta",
        ),
        __name__,
    )  # fmt: skip


SECTOR, LIQUIDITY, COMMONALITY, VOLATILITY = map(
    _two, ("beta.sector", "beta.liquidity", "beta.commonality", "beta.volatility")
)
ACHARYA_PEDERSEN = register(
    Factor(
        "beta.acharya_pedersen", 1, acharya_kernel.update, acharya_kernel.FourConfig,
        {"asset": Sample, "market": Sample, "cost": Sample, "other": Sample}, window_of, RowsState,
        acharya_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip
SECTOR_BASKET = register(
    Factor(
        "benchmark.sector", 1, sector_kernel.leave_one_out, SectionConfig,
        {"asset": Sample, "weight": Sample, "sector": Sample}, one, section=True, family="benchmark",
    ),
    __name__,
)  # fmt: skip
LEVEL = register(
    Factor("liquidity.level", 1, liquidity_kernel.level, liquidity_kernel.MeasureConfig, _LEVEL, one, family="measure"),
    __name__,
)
ILLIQUIDITY = register(
    Factor(
        "liquidity.illiquidity", 1, liquidity_kernel.illiquidity, liquidity_kernel.MeasureConfig,
        {"asset": Sample, "level": Sample}, one, family="measure",
    ),
    __name__,
)  # fmt: skip
SEASON = register(
    Factor(
        "season.less_mean", 1, season_kernel.update, season_kernel.SeasonConfig, _LEVEL, season_kernel.lookback,
        ring=season_kernel.ring_of, family="shock",
    ),
    __name__,
)  # fmt: skip
CHANGE, LAG = (
    register(
        Factor(
            f"shock.{name}", 1, update, shock_kernel.ChangeConfig, _LEVEL, shock_kernel.step_back,
            shock_kernel.ChangeState, family="shock",
        ),
        __name__,
    )
    for name, update in (("change", shock_kernel.change), ("lag", shock_kernel.lag))
)  # fmt: skip
AUTO = register(
    Factor(
        "shock.auto", 1, shock_kernel.auto, shock_kernel.AutoConfig, _LEVEL, shock_kernel.auto_lookback,
        shock_kernel.AutoState, shock_kernel.auto_ring, family="shock",
    ),
    __name__,
)  # fmt: skip
BLOCK_RETURN, BLOCK_VARIANCE = (
    register(
        Factor(
            f"block.{name}", version, update, block_kernel.BlockConfig, _ASSET, block_kernel.lookback,
            block_kernel.BlockState, family="block",
        ),
        __name__,
    )
    for name, version, update in (("return", 1, block_kernel.total), ("log_variance", 2, block_kernel.log_variance))
)  # fmt: skip
BLOCK_LEVEL = register(
    Factor("block.level", 1, block_kernel.latest, block_kernel.BlockConfig, _ASSET, one, family="block"), __name__
)
