"""The features of bars, each a kernel with its name and version; Kyle's lambda is `beta.ols` itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tickwright.factors.factor import Factor, no_ring
from tickwright.factors.features import variance_kernels
from tickwright.factors.features import window_kernels as kernels
from tickwright.factors.features.window_rows import (
    PAIR,
    TRIPLE,
    AmihudConfig,
    NoConfig,
    ReturnConfig,
    SpanConfig,
    TwoScaleConfig,
)
from tickwright.factors.records import Sample
from tickwright.factors.registry import register


def window_of(config: Any) -> int:
    """A row depends on the bars of its window."""
    return int(config.window)


def pairs_of(config: Any) -> int:
    """Numbers in the ring: one a bar, and whether it is there."""
    return PAIR * int(config.window)


def triples_of(config: Any) -> int:
    """Numbers in the ring: two a bar, and whether they are there."""
    return TRIPLE * int(config.window)


def two(config: Any) -> int:
    """A return depends on two bars."""
    return 2


def four(config: Any) -> int:
    """And keeps two numbers of each."""
    return 2 * PAIR


def one(config: Any) -> int:
    """A row depends on its own slot."""
    return 1


def _feature(
    name: str, update: Callable[..., None], ports: tuple[str, ...] = ("x",), config: type = SpanConfig,
    lookback: Callable[[Any], int] = window_of, ring: Callable[[Any], int] = pairs_of, version: int = 1,
) -> Factor:  # fmt: skip
    inputs = dict.fromkeys(ports, Sample)
    made = Factor(f"feature.{name}", version, update, config, inputs, lookback, ring=ring, family="feature")
    return register(made, __name__)


RETURN = _feature("return", kernels.one_return, config=ReturnConfig, lookback=two, ring=four)
MEAN = _feature("mean", kernels.mean)
EWMA = _feature("ewma", kernels.faded_mean)
VOLATILITY = _feature("volatility", variance_kernels.deviation)
REALISED = _feature("realised_variance", variance_kernels.realised, version=2)
BIPOWER = _feature("bipower_variance", variance_kernels.bipower, version=2)
TWO_SCALE = _feature("two_scale_variance", variance_kernels.two_scale, config=TwoScaleConfig)
TREND = _feature("trend", kernels.trend)
VWAP = _feature("vwap", kernels.share, ("part", "whole"), ring=triples_of)
VPIN = _feature("vpin", kernels.absolute_share, ("part", "whole"), ring=triples_of)
AMIHUD = _feature("amihud", kernels.amihud, ("x", "money"), AmihudConfig)
COLUMN = _feature("column", kernels.column, config=NoConfig, lookback=one, ring=no_ring)
TIME_OF_DAY = _feature(
    "time_of_day", kernels.time_of_day, ("bars",), config=NoConfig, lookback=one, ring=no_ring, version=2
)
