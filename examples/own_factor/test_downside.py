"""The checks that every factor is to pass."""

from pathlib import Path

from tickwright.app.commands.factor_compute import factory_of
from tickwright.factors.beta.cases import made_market
from tickwright.factors.checks import CHECKS


def test_downside_passes_every_check():
    """No look-ahead, no memory beyond the window, and one result from batch, stream and restart."""
    case = factory_of(Path(__file__).with_name("downside.toml")).case(*made_market(seed=1))
    assert [check(case).difference for check in CHECKS.values()] == ["", "", ""]
    assert all(check(case).compared > 100 for check in CHECKS.values())
