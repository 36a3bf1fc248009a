"""The betas that come with Tickwright, each a kernel with its name and version."""

from __future__ import annotations

from tickwright.factors.beta import (
    dimson_kernel,
    ewma_kernel,
    ols_kernel,
    realised_kernel,
    scholes_williams_kernel,
    section_kernel,
    two_pass_kernel,
)
from tickwright.factors.beta.lagged import LaggedConfig
from tickwright.factors.beta.section_kernel import BlumeConfig, SectionConfig
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.factor import Factor
from tickwright.factors.records import Estimate, Sample
from tickwright.factors.registry import register

_PAIR = {"asset": Sample, "market": Sample}


def window_of(config: WindowConfig) -> int:
    """A row depends on the slots of its window."""
    return config.window


def one(config: object) -> int:
    """A row depends on its own slot."""
    return 1


OLS = register(
    Factor(
        "beta.ols", 1, ols_kernel.update, WindowConfig, _PAIR, window_of, ols_kernel.OlsState, ols_kernel.ring_of,
        lanes=True, family="beta",
    ),
    __name__,
)  # fmt: skip
TWO_PASS = register(
    Factor(
        "beta.two_pass", 1, two_pass_kernel.update, WindowConfig, _PAIR, window_of, two_pass_kernel.RingState,
        two_pass_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip
EWMA = register(
    Factor(
        "beta.ewma", 1, ewma_kernel.update, WindowConfig, _PAIR, window_of, two_pass_kernel.RingState,
        two_pass_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip
DIMSON = register(
    Factor(
        "beta.dimson", 2, dimson_kernel.update, LaggedConfig, _PAIR, dimson_kernel.lookback,
        two_pass_kernel.RingState, dimson_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip
SCHOLES_WILLIAMS = register(
    Factor(
        "beta.scholes_williams", 1, scholes_williams_kernel.update, WindowConfig, _PAIR,
        scholes_williams_kernel.lookback, two_pass_kernel.RingState, scholes_williams_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip
REALISED = register(
    Factor(
        "beta.realised", 1, realised_kernel.update, WindowConfig, _PAIR, window_of, realised_kernel.SessionState,
        family="beta",
    ),
    __name__,
)  # fmt: skip
BIPOWER = register(
    Factor(
        "beta.bipower", 2, realised_kernel.update_bipower, WindowConfig, _PAIR, window_of,
        realised_kernel.SessionState, family="beta",
    ),
    __name__,
)  # fmt: skip
BASKET = register(
    Factor(
        "benchmark.leave_one_out", 1, section_kernel.leave_one_out, SectionConfig,
        {"asset": Sample, "weight": Sample}, one, section=True, family="benchmark",
    ),
    __name__,
)  # fmt: skip
BLUME = register(
    Factor("beta.blume", 1, section_kernel.blume, BlumeConfig, {"beta": Estimate}, one, family="beta"), __name__
)
VASICEK = register(
    Factor(
        "beta.vasicek", 1, section_kernel.vasicek, SectionConfig, {"beta": Estimate}, one, section=True, family="beta"
    ),
    __name__,
)
