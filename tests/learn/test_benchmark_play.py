"""Episodes with their costs taken apart: the same episodes as ever, and parts that add up to the last half tick."""

from dataclasses import replace

import numpy as np
import pytest

from tickwright.core.errors import ConfigError
from tickwright.learn import EpisodeConfig
from tickwright.learn.benchmark.play import PARTS, Ground
from tickwright.learn.policies import Baseline, Numbers, evaluate
from tickwright.strategy.learned.actions import INSIDE, KEEP, POST
from tickwright.venue.sim.reactive.parameters import FP, QL, Pool

CONFIGS = {
    "fees": EpisodeConfig(maker_fee=-0.1, taker_fee=0.2, templates=2, warmup=2_000),
    "latency": EpisodeConfig(latency=7, templates=2, warmup=2_000),
    "few steps, another family": EpisodeConfig(markets=(QL(),), steps=4, messages=40, templates=2, warmup=2_000),
}
POLICIES = ("twap/take", "twap/post-then-cross", "random", "once/leave")


class Waiting:
    """Keeps, whatever it sees."""

    name = "waiting"

    def decide(self, batch):
        return np.full(batch.count, KEEP)


class TickInside:
    """Submit-and-leave at the best by its actions, and a tick inside by its aim, where there is room."""

    name = "tick inside"
    decide = staticmethod(Baseline("once/leave").decide)

    def aim(self, batch, actions):
        sight = batch.episodes["sight"]
        return np.where((actions >= POST) & (actions < INSIDE) & (sight["ask"] - sight["bid"] >= 2), 1, 0)


def test_an_aim_moves_no_half_spread():
    """Half-spreads are of the touch that was seen: the parts of an aimed order are those of the action it comes to."""
    config = EpisodeConfig(markets=(FP.small_tick(),), templates=2, warmup=2_000)
    with Ground(config, 96, 3) as ground:
        one, two = ground.play(TickInside()), ground.play(Baseline("once/leave", Numbers(offset=1)))
    for a, b in zip(one, two, strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_parts_add_up_exactly(name):
    """Whole half ticks times lots: the parts' sum is the shortfall without fees, as the episode's own account has it;
    and the episodes are `evaluate`'s, byte for byte."""
    config = CONFIGS[name]
    with Ground(config, 96, 3) as ground:
        for policy in (*map(Baseline, POLICIES), Baseline("once/leave", Numbers(offset=-2))):
            scores, split, whole = ground.play(policy)
            assert (scores == evaluate(config, policy, 96, 3)).all()
            parts = sum(whole[part] for part in PARTS[:-1])
            paid = 2.0 * (scores["shortfall"] - scores["fees"]) * scores["quantity"] * scores["arrival"] / 1e4
            assert np.abs(paid - np.rint(paid)).max() < 1e-3
            assert (np.rint(paid).astype(np.int64) == parts).all()
            assert np.allclose(sum(split[part] for part in PARTS), scores["shortfall"], atol=1e-9)


def test_a_dark_pool_is_refused_by_name():
    """Fills at the mid of the pool would be in no part of the cost."""
    base = FP()
    market = replace(base, flow=replace(base.flow, pool=Pool()))
    with pytest.raises(ConfigError, match="a dark pool"):
        Ground(EpisodeConfig(markets=(market,), templates=2, warmup=2_000), 4, 1)


def test_who_waits_moves_nothing_before_the_deadline():
    """Nobody trades, so the market is the one without us: drift is the order times its whole move, spread is half of
    what is seen at the deadline, and nothing rests."""
    config = EpisodeConfig(templates=2, warmup=2_000)
    with Ground(config, 64, 5) as ground:
        scores, _, whole = ground.play(Waiting())
        idle = ground._without_us(lambda done, total: None)
    move = (idle[:, config.steps] - idle[:, 0]) * scores["side"] * scores["quantity"]
    assert (scores["forced"] == scores["quantity"]).all()
    assert (whole["drift"] == move).all()
    assert (whole["adverse_selection"] == 0).all()
    assert (whole["spread"] >= scores["quantity"]).all()


def test_threads_and_fewer_episodes_change_nothing():
    """The first rows of more episodes, over any number of threads."""
    config, policy = EpisodeConfig(steps=5, templates=2, warmup=2_000), Baseline("ac/peg")
    with Ground(config, 60, 9) as alone, Ground(config, 60, 9, threads=3) as shared:
        one, two, few = alone.play(policy), shared.play(policy), alone.play(policy, 20)
    for a, b, c in zip(one, two, few, strict=True):
        assert (a == b).all()
        assert (a[:20] == c).all()


def test_passive_fills_are_in_the_spread():
    """Who rests earns half-spreads that the market then takes back: adverse selection above zero, on average."""
    with Ground(EpisodeConfig(templates=4, warmup=2_000), 256, 2) as ground:
        _, split, _ = ground.play(Baseline("once/leave"))
        _, crossed, _ = ground.play(Baseline("twap/take"))
    assert split["spread"].mean() < 0.0 < split["adverse_selection"].mean()
    assert (crossed["adverse_selection"] == 0.0).all()
    assert crossed["spread"].min() > 0.0
