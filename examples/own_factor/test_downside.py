"""The checks that every factor is to pass."""

from pathlib import Path

import pytest

from tickwright.app.commands.factor_values import factory_of
from tickwright.factors.beta.cases import made_market
from tickwright.factors.checks import CHECKS

CASE = factory_of(Path(__file__).with_name("downside.toml")).case(*made_market(seed=1))


@pytest.mark.parametrize("check", CHECKS.values())
def test_downside_passes_every_check(check):
    """No look-ahead, no memory beyond the window, and one result from batch, stream and restart."""
    assert check(CASE).passed
