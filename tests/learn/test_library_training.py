"""Trainings by the libraries as `tickwright train` carries them out: what is logged, kept, refused, and computed on."""

import json
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import tiny_execution as tiny

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch

from tickwright.core.errors import ConfigError, TrainingError
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.artefact import load
from tickwright.learn.benchmark.contenders import contenders
from tickwright.learn.layout import End
from tickwright.learn.train import resolved, train
from tickwright.learn.train.config import (
    LibraryConfig,
    PpoConfig,
    TabularConfig,
    TrainConfig,
    ValidationConfig,
)
from tickwright.learn.train.library import NAMES, Model
from tickwright.learn.train.manifest import configuration
from tickwright.learn.train.others import train_other
from tickwright.learn.train.ppo import Learner
from tickwright.learn.train.problem import MarketProblem
from tickwright.learn.train.trainer import Trainer

SMALL = TrainConfig(
    algorithm="sb3-ppo",
    steps=384,
    seed=3,
    ppo=PpoConfig(environments=8, rollout=6, minibatch=48, epochs=2, hidden=(16,)),
    library=LibraryConfig(environments=8, hidden=(16,), buffer=1000),
    tabular=TabularConfig(times=tiny.STEPS, lots=tiny.LOTS, columns=(2,), edges=(0.0,), rounds=4),
    validation=ValidationConfig(every=96, episodes=32),
)
MARKET = replace(SMALL, episode=EpisodeConfig(steps=6, messages=20, templates=2, warmup=2_000))


def of(algorithm, config=SMALL):
    if algorithm in ("sb3-qrdqn", "sb3-maskable-ppo", "sb3-recurrent-ppo"):
        pytest.importorskip("sb3_contrib")
    return replace(config, algorithm=algorithm)


def lines(folder, kind):
    told = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in told if kind in line]


@pytest.mark.parametrize("algorithm", ["sb3-ppo", "sb3-dqn", "tabular"])
def test_the_log_counts_the_episodes(algorithm, tmp_path, monkeypatch):
    """As many as ended, counted where they are played; the budget of a benchmark's heuristic is taken from it."""
    ended = []

    class Counting(ExecutionBatch):
        def step(self, actions):
            got = super().step(actions)
            ended.append(int(((got.ends != End.RUNNING) & (got.ends != End.FAULT)).sum()))
            return got

    plain = MarketProblem.episodes

    def counted(self, stage, count, stream, **more):
        made = plain(self, stage, count, stream, **more)
        return Counting(MARKET.episode, count, 1) if stream == "train/0" else made

    monkeypatch.setattr(MarketProblem, "episodes", counted)
    train(of(algorithm, MARKET), tmp_path)
    told = lines(tmp_path, "train")
    assert sum(ended) > 40
    assert sum(line["train"]["episodes"] for line in told) == sum(ended)
    assert {"reward", "shortfall", "forced", "episodes"} <= set(told[0]["train"])
    if algorithm != "tabular":
        assert len(told) > 3
        assert "loss" in told[-1]["train"]
        (policy,) = contenders([tmp_path])
        judged = sum(line["validation"]["episodes"] for line in lines(tmp_path, "validation"))
        assert policy.episodes == sum(ended) + judged


def test_the_best_of_its_validations_is_kept(tmp_path):
    """And a training that gets no better ends, as ours does."""
    still = replace(MARKET, library=replace(MARKET.library, learning_rate=0.0))
    result = train(replace(still, validation=ValidationConfig(every=48, episodes=32, patience=3)), tmp_path / "still")
    assert result.why == "no better policy in 3 validations"
    assert result.steps < still.steps
    assert result.best["steps"] == 0
    train(MARKET, tmp_path / "moving")
    told = [line["validation"]["reward"] for line in lines(tmp_path / "moving", "validation")]
    assert len(told) == 5
    assert load(tmp_path / "moving" / "policy.twp").metrics["best"]["reward"] == max(told)


def test_the_same_seed_is_the_same_policy(tmp_path):
    """Byte for byte, policy and log."""
    for name in "ab":
        train(MARKET, tmp_path / name)
    for file in ("policy.twp", "metrics.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


class Broken(tiny.TinyProblem):
    """From step 30 on one number of what the episodes that are learned from give is none."""

    def __init__(self, what, value):
        super().__init__()
        self._what, self._value = what, value

    def episodes(self, stage, count, stream, *, restart=True):
        batch = super().episodes(stage, count, stream, restart=restart)
        if stream != "train/0":
            return batch
        plain, steps, what, value = batch.step, [0], self._what, self._value

        class Here(tiny.TinyBatch):
            @property
            def observations(self):
                seen = super().observations
                if what == "observation" and steps[0] > 30:
                    seen[2, 1] = value
                return seen

        def step(actions):
            steps[0] += 1
            got = plain(actions)
            rewards = got.rewards.copy()
            if what == "reward" and steps[0] > 30:
                rewards[2] = value
            return replace(got, rewards=rewards, observations=batch.observations)

        batch.__class__, batch.step = Here, step
        return batch


@pytest.mark.parametrize(
    ("algorithm", "what", "value"),
    [(name, "observation", np.nan) for name in ("ppo", "tabular", *NAMES)]
    + [("sb3-ppo", "observation", -np.inf)]
    + [(name, "reward", np.inf) for name in ("ppo", "tabular", "sb3-ppo", "sb3-dqn")],
)
def test_what_is_no_number_is_named_and_what_was_good_is_kept(algorithm, what, value, tmp_path):
    config = replace(of(algorithm), checkpoint_every=96)
    place = "observation 1 of row 2" if what == "observation" else "reward of row 2"
    given = config, Broken(what, value), tmp_path, {}
    run = Trainer(*given).run if algorithm == "ppo" else lambda: train_other(*given, lambda *a: None)
    with pytest.raises(TrainingError, match=f"{place}: got {value}, expected a finite number") as caught:
        run()
    (note,) = caught.value.__notes__
    kept = {"ppo": tmp_path / "checkpoints" / "000000000192.npz", "tabular": "none"}
    assert note.endswith(f"is {kept.get(algorithm, tmp_path / 'model.zip')}")
    if algorithm.startswith("sb3"):
        module, name = NAMES[algorithm]
        saved = getattr(import_module(module), name).load(tmp_path / "model.zip", device="cpu")
        assert all(bool(torch.isfinite(weights).all()) for weights in saved.policy.parameters())
    elif algorithm == "ppo":
        assert kept["ppo"].exists()
    for line in (tmp_path / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


@pytest.mark.parametrize("algorithm", NAMES)
def test_weights_that_are_no_numbers_are_named(algorithm):
    model = Model(of(algorithm), tiny.TinyBatch(8, 1))

    def spoil(steps, told):
        with torch.no_grad():
            next(model._model.policy.parameters()).fill_(float("nan"))
        return True

    with pytest.raises(TrainingError, match="not a number in"):
        model.learn(SMALL.steps, spoil)


@pytest.mark.parametrize("algorithm", ["sb3-ppo", "sb3-maskable-ppo", "sb3-recurrent-ppo"])
def test_a_policy_that_leaps_is_named(algorithm):
    config = of(algorithm)
    model = Model(replace(config, ppo=replace(config.ppo, largest_divergence=1e-12)), tiny.TinyBatch(8, 1))
    with pytest.raises(TrainingError, match=r"divergence: got .* in one update, expected 1e-12 at most"):
        model.learn(SMALL.steps)


def test_entropy_falls_to_nothing():
    """As `entropy` of the configuration says, whose weight it is."""
    model, seen = Model(SMALL, tiny.TinyBatch(8, 1)), []
    model.learn(SMALL.steps, lambda steps, told: seen.append((steps, model._model.ent_coef)) or True)
    assert model._model.ent_coef == pytest.approx(SMALL.ppo.entropy * 48 / 384)
    assert [weight for _, weight in seen] == sorted((weight for _, weight in seen), reverse=True)


def test_the_learning_rate_falls_to_its_share():
    config = replace(SMALL, library=replace(SMALL.library, learning_rate=0.01, learning_rate_end=0.1))
    schedule = Model(config, tiny.TinyBatch(8, 1))._model.lr_schedule
    assert [schedule(left) for left in (1.0, 0.5, 0.0)] == pytest.approx([0.01, 0.0055, 0.001])


def test_where_it_is_computed(monkeypatch):
    """One key for all algorithms: cuda is refused where there is none, auto takes what there is, and a policy says so
    where it is not the CPU; at their defaults the keys that came later change no configuration."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"device: got 'cuda', expected cpu or auto, or a GPU: torch .* finds none"):
        resolved(replace(SMALL, device="cuda"))
    with pytest.raises(ConfigError, match="device: got 'gpu', expected one of cpu, cuda, auto"):
        replace(SMALL, device="gpu")
    assert resolved(replace(SMALL, device="auto")).device == "cpu"
    usual = configuration(SMALL)
    assert "device" not in usual
    assert not {"learning_rate_end", "quantiles"} & set(usual["library"])
    assert usual == configuration(replace(SMALL, tensorboard=False, threads=1))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for asked in ("auto", "cuda"):
        assert configuration(resolved(replace(SMALL, device=asked)))["device"] == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("algorithm", ["ppo", "sb3-ppo", "sb3-dqn"])
def test_a_gpu_trains_and_goes_on(algorithm, tmp_path):
    config = replace(of(algorithm, MARKET), device="cuda")
    done = train(config, tmp_path, until=192 if algorithm == "ppo" else None)
    if algorithm == "ppo":
        done = train(config, tmp_path, resume=True)
    assert done.steps >= MARKET.steps
    assert load(tmp_path / "policy.twp").manifest["config"]["device"] == "cuda"


def test_the_learner_moves_what_it_is_given():
    """Model and arrays go to its device; torch's `meta`, which computes nothing, stands for a GPU."""
    learner = Learner(SMALL.ppo, 3, 5, 1, "meta")
    assert {weights.device.type for weights in learner.model.parameters()} == {"meta"}
    assert learner._tensor(np.zeros(3)).device.type == "meta"
    assert learner._seen(np.zeros((2, 3), np.float32)).device.type == "meta"


def test_tensorboard_where_it_is_asked_for(tmp_path, monkeypatch):
    if find_spec("tensorboard") is not None:
        train(replace(MARKET, tensorboard=True), tmp_path / "with")
        assert list((tmp_path / "with" / "tensorboard").glob("events*"))
    result = train(replace(MARKET, tensorboard=False), tmp_path / "without")
    assert not (tmp_path / "without" / "tensorboard").exists()
    assert not any("TensorBoard" in note for note in result.notes)
    from tickwright.learn.train import log

    monkeypatch.setattr(log, "find_spec", lambda name: None)
    for algorithm in ("ppo", "sb3-ppo"):
        with pytest.raises(ConfigError, match=r"pip install 'tickwright\[tensorboard\]'; or false"):
            train(replace(of(algorithm, MARKET), tensorboard=True), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    result = train(MARKET, tmp_path / "neither")
    assert any("pip install 'tickwright[tensorboard]'" in note for note in result.notes)
