"""Trained policies that need no training, and the smallest episodes: what the tests of the benchmark play."""

import numpy as np

from tickwright.learn.artefact import save
from tickwright.strategy.learned.actions import ACTIONS, KEEP
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.layout import OBSERVED
from tickwright.strategy.learned.network import Network
from tickwright.venue.sim.reactive.parameters import FP, content_hash


def network(seed=1, favourite=None):
    """Random weights; with a favourite that action above all others, wherever it is legal."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.0, 0.3, (OBSERVED, ACTIONS)).astype(np.float32)
    bias = np.zeros(ACTIONS, np.float32)
    if favourite is not None:
        weights[:] = 0.0
        bias[favourite] = 1.0
    return Network(np.zeros(OBSERVED, np.float32), np.ones(OBSERVED, np.float32), ((weights, bias),))


def trained(seed=1, favourite=None, steps=30_000, market=None, **config):
    """As `tickwright train` leaves it."""
    manifest = {"config": {"seed": seed, "steps": steps, "algorithm": "ppo", **config}, "seeds": {"run": seed}}
    return TrainedPolicy(
        network(seed, favourite), (content_hash(market or FP()),), 5.0, 150.0,
        {"steps": 30, "risk_aversion": [0.0, 0.0]}, {"steps": steps}, manifest,
    )  # fmt: skip


def write(folder, seeds=(1,), favourite=None, **more):
    """Files folder/seed-N/policy.twp; the first."""
    for seed in seeds:
        target = folder / f"seed-{seed}" / "policy.twp"
        target.parent.mkdir(parents=True)
        save(trained(seed, favourite, **more), target)
    return folder / f"seed-{seeds[0]}" / "policy.twp"


def waiting(folder, seeds=(1,)):
    """Do nothing, and are swept at the deadline: takers of all."""
    return write(folder, seeds, favourite=KEEP)
