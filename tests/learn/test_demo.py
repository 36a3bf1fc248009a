"""The policy that comes with the package: of the default market, by the recipe in examples/, and found by its name."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tickwright.core.errors import FileFormatError
from tickwright.learn.artefact import NetworkPolicy, load
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.policies import Baseline, compare, evaluate
from tickwright.run.roster import rosters
from tickwright.strategy.learned.container import SHIPPED
from tickwright.strategy.policies import parse_policy
from tickwright.venue.sim.reactive.parameters import FP, content_hash

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "examples" / "train_ppo.toml"
SHORT_STEPS = 61_440
SHORT = "1e211451f8d68379"
"""Of the policy that two updates of the recipe leave, on x86-64 with AVX-512."""


def test_it_is_of_the_default_market_and_small():
    policy = load("demo")
    assert policy.markets == (content_hash(FP()),)
    assert (SHIPPED / "demo.twp").stat().st_size < 200_000
    assert (SHIPPED / "demo.md").is_file()


def test_its_manifest_is_the_recipe():
    """Every number of the example stands in the manifest of the policy, so that nobody changes one alone."""
    given = tomllib.loads(RECIPE.read_text("utf-8"))
    told = load("demo").manifest["config"]
    given.pop("threads"), given.pop("markets")  # by content, and of no effect
    for name, value in given.items():
        found = told[name] if not isinstance(value, dict) else {key: told[name][key] for key in value}
        assert found == value, name


def test_a_run_finds_it_by_its_name():
    """`rl:demo` is the file of the package, from any folder; another name that is no file is refused."""
    (found,) = rosters([parse_policy("twap/rl:demo")]).values()
    assert found.first.policy.fingerprint == load(SHIPPED / "demo.twp").fingerprint
    with pytest.raises(FileFormatError):
        rosters([parse_policy("rl:demonstration")])


def test_it_costs_less_than_taking():
    """Paired, on a seed of this test: a policy that does worse than market orders would be no demonstration."""
    config = EpisodeConfig(templates=64)
    own, take = (evaluate(config, p, 2_048, 5_150) for p in (NetworkPolicy.of("demo"), Baseline("twap/take")))
    paired = compare(own, take)
    assert paired.difference.interval[1] < -0.25
    assert np.mean(own["forced"] / own["quantity"]) < 0.015


@pytest.mark.slow
def test_the_recipe_leaves_the_same_bytes(tmp_path):
    """A short version of it: the fingerprint that it had when the demo was trained, where the versions are the same."""
    pytest.importorskip("torch")
    from tickwright.app.config_file import build, read
    from tickwright.learn.train import TrainConfig, train
    from tickwright.learn.train.manifest import manifest_of

    config = build(TrainConfig, read(RECIPE))
    if manifest_of(config.with_markets())["versions"] != load("demo").manifest["versions"]:
        pytest.skip("other versions than those that the demo was trained with")
    train(replace(config, steps=SHORT_STEPS), tmp_path)
    assert load(tmp_path / "policy.twp").fingerprint == SHORT
