"""Training: a known optimum is found, what is written down goes on in the same bytes, and what breaks is named."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny_execution as tiny

from tickwright.core.errors import ConfigError, FileFormatError, TrainingError
from tickwright.learn import EpisodeConfig
from tickwright.learn.layout import End

torch = pytest.importorskip("torch")

from tickwright.learn.artefact import NetworkPolicy, load  # noqa: E402
from tickwright.learn.train import checkpoint as checkpoints  # noqa: E402
from tickwright.learn.train import market_notes, train  # noqa: E402
from tickwright.learn.train.config import (  # noqa: E402
    PpoConfig,
    Stage,
    TeacherConfig,
    TrainConfig,
    ValidationConfig,
)
from tickwright.learn.train.model import normalised  # noqa: E402
from tickwright.learn.train.normaliser import Normaliser  # noqa: E402
from tickwright.learn.train.ppo import Learner  # noqa: E402
from tickwright.learn.train.problem import MarketProblem  # noqa: E402
from tickwright.learn.train.rollout import Running, advantages_of, collect  # noqa: E402
from tickwright.learn.train.teachers import Passive, teacher_of  # noqa: E402
from tickwright.learn.train.trainer import Trainer  # noqa: E402
from tickwright.strategy.learned.actions import INSIDE  # noqa: E402
from tickwright.venue.sim.reactive.parameters import FP  # noqa: E402

TINY = TrainConfig(
    steps=500_000,
    seed=3,
    checkpoint_every=200_000,
    ppo=PpoConfig(environments=256, rollout=24, minibatch=1536, learning_rate=3e-3, reward_scale=0.3),
    validation=ValidationConfig(every=100_000, episodes=2048),
)
SMALL = TrainConfig(
    steps=8 * 96,
    seed=5,
    threads=2,
    checkpoint_every=2 * 96,
    episode=EpisodeConfig(steps=6, messages=20, templates=2, warmup=2_000),
    ppo=PpoConfig(environments=16, rollout=6, minibatch=48, epochs=2, hidden=(16,)),
    validation=ValidationConfig(every=3 * 96, episodes=32),
)


def trained(config, folder, **more):
    return Trainer(config, tiny.TinyProblem(config.seed), folder, {}, **more)


def contents(folder):
    return {file.name: file.read_bytes() for file in (folder / "policy.twp", folder / "metrics.jsonl")}


@pytest.mark.slow
def test_ppo_finds_the_optimum_of_a_small_problem(tmp_path):
    """The expected cost of the trained policy, exact by dynamic programming, is within 2 % of the optimum."""
    best = tiny.solve()
    done = trained(TINY, tmp_path).run()
    cost = tiny.solve(tiny.table_of(NetworkPolicy(done.network).decide))
    untrained = -done.first["reward"]
    assert best <= cost < 1.02 * best, (best, cost)
    assert untrained > 1.3 * best
    assert -done.best["reward"] == pytest.approx(cost, abs=4 * done.best["error"])


def test_resumed_is_uninterrupted(tmp_path):
    """Stopped twice and resumed, a training leaves the bytes of one that was not: policy, log and last checkpoint."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(SMALL, whole)
    train(SMALL, parts, until=200)
    assert json.loads((parts / "metrics.jsonl").read_text().splitlines()[-1])["steps"] < SMALL.steps
    train(SMALL, parts, resume=True, until=500)
    train(replace(SMALL, threads=1), parts, resume=True)
    assert contents(whole) == contents(parts)
    one, other = (checkpoints.read(checkpoints.stored(folder)[-1]) for folder in (whole, parts))
    assert one.about == other.about
    assert set(one.arrays) == set(other.arrays)
    assert all(one.arrays[name].tobytes() == other.arrays[name].tobytes() for name in one.arrays)
    assert len(checkpoints.stored(whole)) <= SMALL.keep


def test_lines_after_the_checkpoint_are_written_once(tmp_path):
    """A training that was killed after its last checkpoint goes on from there, and leaves no line twice."""
    train(SMALL, tmp_path / "whole")
    train(SMALL, tmp_path / "parts", until=400)
    last = checkpoints.stored(tmp_path / "parts")[-1]
    last.unlink()
    train(SMALL, tmp_path / "parts", resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")


def test_the_policy_names_its_training(tmp_path):
    result = train(SMALL, tmp_path)
    policy = load(tmp_path / "policy.twp")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest.pop("commit")  # of the folder alone: a policy may be kept in the source that it was trained by
    assert policy.manifest == manifest
    assert manifest["config"]["episode"]["steps"] == 6
    assert manifest["seeds"]["run"] == 5
    assert "torch" in manifest["versions"]
    assert policy.metrics["best"]["reward"] == result.best["reward"]
    assert policy.horizon_seconds == pytest.approx(6 * policy.step_seconds)
    assert len(policy.markets) == 1


def test_news_is_left_out_of_what_is_learned_from(tmp_path):
    """Returns of a rollout are those of reward plus news, step by step; the log tells rewards as they were."""
    problem = MarketProblem(SMALL)
    acting = lambda seen, masks: (np.zeros(16, np.int64), *np.zeros((2, 16), np.float32))  # noqa: E731
    found = {}
    for without in (True, False):
        episodes, running = problem.episodes(0, 16, "train/0"), Running(np.zeros(16))
        episodes.reset()
        config = replace(SMALL.ppo, without_news=without, rollout=5, reward_scale=1.0, gae_lambda=1.0, minibatch=16)
        found[without] = collect(problem, episodes, acting, config, running).returns.reshape(5, 16), running
        episodes.close()
    episodes = problem.episodes(0, 16, "train/0")
    episodes.reset()
    news = np.zeros((5, 16))
    for t in range(5):
        walk, task = episodes.markets["walk"].copy(), episodes.episodes["task"]
        episodes.step(np.zeros(16, np.int64))  # keeps: all is left
        news[t] = 1e4 * task["side"] * (episodes.markets["walk"] - walk) / task["arrival"]
    left_out = np.flip(np.cumsum(np.flip(news, 0), 0), 0)
    np.testing.assert_allclose(found[True][0] - found[False][0], left_out, atol=1e-4)
    assert np.abs(left_out).max() > 0.1
    np.testing.assert_array_equal(found[True][1].reward, found[False][1].reward)


def test_another_seed_is_another_policy(tmp_path):
    short = replace(SMALL, steps=96)
    train(short, tmp_path / "a")
    train(replace(short, seed=6), tmp_path / "b")
    assert (tmp_path / "a" / "policy.twp").read_bytes() != (tmp_path / "b" / "policy.twp").read_bytes()


def test_stages_have_episodes_of_their_own(tmp_path):
    """A curriculum changes the episodes, not the network; resumed within a later stage it ends in the same bytes."""
    stages = (Stage(0.5, steps=3, participation=(0.01, 0.02)), Stage(0.5))
    config = replace(SMALL, stages=stages)
    assert [config.stage_at(steps) for steps in (0, 383, 384, 10_000)] == [0, 0, 1, 1]
    assert config.episodes_of(0).steps == 3
    assert config.episodes_of(1) == config.episode
    train(config, tmp_path / "whole")
    train(config, tmp_path / "parts", until=600)
    train(config, tmp_path / "parts", resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")
    with pytest.raises(ConfigError, match="add up to 1"):
        replace(SMALL, stages=(Stage(0.5),))


def test_training_stops_where_validation_gets_no_better(tmp_path):
    still = replace(TINY, ppo=replace(TINY.ppo, learning_rate=0.0), validation=ValidationConfig(6144, 256, patience=3))
    done = trained(still, tmp_path).run()
    assert done.steps < TINY.steps
    assert "no better policy in 3 validations" in done.why


def test_what_diverges_is_named_and_the_last_checkpoint_kept(tmp_path):
    wild = replace(TINY, checkpoint_every=6144, ppo=replace(TINY.ppo, largest_divergence=1e-9))
    with pytest.raises(TrainingError, match="divergence") as caught:
        trained(wild, tmp_path / "a").run()
    assert "none" in caught.value.__notes__[0]
    run = trained(replace(TINY, checkpoint_every=6144), tmp_path / "b")
    run.run(6144)
    again = trained(replace(TINY, checkpoint_every=6144), tmp_path / "b", resume=True)
    with torch.no_grad():
        again._learner.model.actor[0].weight[0, 0] = float("nan")
    with pytest.raises(TrainingError) as caught:
        again.run()
    kept = checkpoints.stored(tmp_path / "b")[-1]
    assert str(kept) in caught.value.__notes__[0]
    assert np.isfinite(checkpoints.read(kept).arrays["model.actor.0.weight"]).all()


class _Half:
    """A teacher for the small problem: take one lot a step."""

    def decide(self, batch):
        return np.where(batch.masks[:, 1], 1, 0)


def test_a_teacher_is_imitated(tmp_path):
    """After cloning alone the policy does what the teacher does; a leash keeps it nearer than none."""
    config = replace(TINY, steps=6144, teacher=TeacherConfig(policy="x", steps=60_000, epochs=4))
    done = trained(replace(config, ppo=replace(config.ppo, learning_rate_end=1.0)), tmp_path, teacher=_Half())
    done.run(0)
    choose = tiny.table_of(NetworkPolicy(done._network()).decide)
    reached = [(t, i, s) for t in range(tiny.STEPS) for i in (tiny.LOTS - t,) for s in range(2)]
    assert [choose(*state) for state in reached] == [1] * len(reached)

    def away(leash):
        longer = replace(TINY, steps=36_000, teacher=replace(config.teacher, leash=leash, release=1.0))
        run = trained(longer, tmp_path / str(leash), teacher=_Half())
        assert run._leash() == leash
        run.run()
        seen = np.concatenate([tiny.seen(t, np.array([tiny.LOTS - t]), s) for t in range(tiny.STEPS) for s in range(2)])
        learner = run._learner
        log_probs, _ = learner.model(
            normalised(seen, learner.mean, learner.scale), torch.ones(len(seen), tiny.ACTIONS, dtype=torch.bool)
        )
        return -float(log_probs[:, 1].mean().detach())

    assert away(5.0) < away(0.0)


def test_teachers_by_name():
    masks = np.zeros((2, 20), np.bool_)
    masks[0, [0, 2, 3, 6, 13]] = True
    masks[1, 0] = True
    batch = type("Seen", (), {"masks": masks})()
    assert Passive().decide(batch).tolist() == [INSIDE - 1, 0]
    assert teacher_of(TeacherConfig()) is None
    assert isinstance(teacher_of(TeacherConfig("passive")), Passive)
    named = teacher_of(TeacherConfig("tickwright.learn.train.teachers:Passive"))
    assert isinstance(named, Passive)
    for wrong in ("nobody", "nowhere.at.all:it", "tickwright.learn:nothing"):
        with pytest.raises(ConfigError, match=r"teacher\.policy"):
            teacher_of(TeacherConfig(wrong))
    with pytest.raises(FileFormatError):
        teacher_of(TeacherConfig("rl:missing.twp"))
    for wrong in ("os:getcwd", "os:sep", "tickwright.core.instrument:Instrument"):
        with pytest.raises(ConfigError, match=rf"teacher\.policy: got '{wrong}'"):
            teacher_of(TeacherConfig(wrong))
    for wrong, why in (("os:fspath", "TypeError"), ("builtins:len", r"it gave \(\)"), ("builtins:id", r"it gave \(\)")):
        teacher = teacher_of(TeacherConfig(wrong))
        with pytest.raises(ConfigError, match=rf"teacher\.policy: got '{wrong}'.* for each \({why}"):
            teacher.decide(type("Seen", (list,), {"masks": masks})())


def test_advantages_by_hand():
    """Generalised advantage estimation is the sum of discounted errors of the value, up to the end of the episode."""
    rng = np.random.default_rng(2)
    steps, rows, gamma, lam = 7, 5, 0.9, 0.8
    rewards, values = rng.normal(size=(2, steps, rows))
    over, after = rng.random((steps, rows)) < 0.3, rng.normal(size=rows)
    got = advantages_of(rewards, values, over, after, gamma, lam)
    for k in range(rows):
        for t in range(steps):
            total, weight = 0.0, 1.0
            for u in range(t, steps):
                following = after[k] if u == steps - 1 else values[u + 1, k]
                total += weight * (rewards[u, k] + gamma * following * (not over[u, k]) - values[u, k])
                if over[u, k]:
                    break
                weight *= gamma * lam
            assert got[t, k] == pytest.approx(total)


def test_a_market_that_stops_cuts_an_episode_and_ends_none(tmp_path):
    """A fault is worth the value of the last observation; an end is worth nothing more."""

    class Stopping(tiny.TinyBatch):
        def step(self, actions):
            got = super().step(actions)
            ends = got.ends.copy()
            ends[ends != End.RUNNING] = End.FAULT
            return replace(got, ends=ends, rewards=np.zeros(self.count))

    def act(observations, masks):
        ones = np.ones(len(masks), np.float32)
        return np.where(masks[:, 3], 3, 0), ones, 2.0 * ones

    running = Running(np.zeros(4))
    config = PpoConfig(environments=4, rollout=2, minibatch=8, reward_scale=1.0, gae_lambda=1.0)
    got = collect(tiny.TinyProblem(), Stopping(4, 1), act, config, running)
    np.testing.assert_allclose(got.returns, 2.0)
    assert running.means() == {"episodes": 0.0, "faults": 4.0}
    ended = collect(tiny.TinyProblem(), tiny.TinyBatch(4, 1), act, config, Running(np.zeros(4)))
    assert (ended.returns[4:] < 0).all()


def test_normalisation_is_that_of_all_rows():
    rng = np.random.default_rng(1)
    rows = rng.normal(3.0, 2.0, (500, 4)) * [1, 10, 0.01, 0]
    running = Normaliser(4)
    for part in np.split(rows, [7, 30, 31, 400]):
        running.add(part)
    mean, scale = running.frozen()
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scale[:3], 1 / rows.std(axis=0)[:3], rtol=1e-5)
    assert scale[3] == 0.0


def test_actions_are_drawn_as_likely_as_the_policy_says():
    learner = Learner(PpoConfig(environments=1, rollout=1, minibatch=1), 3, 5, 1)
    with torch.no_grad():
        learner.model.actor[-1].bias[:] = torch.tensor([0.0, 1.0, 2.0, 0.5, -1.0])
        learner.model.actor[-1].weight.zero_()
    masks = np.ones((40_000, 5), np.bool_)
    masks[:, 2] = False
    actions, log_probs, _ = learner.act(np.zeros((40_000, 3), np.float32), masks)
    wanted = np.exp([0.0, 1.0, -np.inf, 0.5, -1.0])
    wanted /= wanted.sum()
    shares = np.bincount(actions, minlength=5) / len(actions)
    np.testing.assert_allclose(shares, wanted, atol=0.01)
    np.testing.assert_allclose(np.exp(log_probs), wanted[actions], rtol=1e-5)


def test_a_folder_of_another_configuration_is_not_resumed(tmp_path):
    with pytest.raises(ConfigError, match="a folder with a checkpoint"):
        train(SMALL, tmp_path, resume=True)
    train(SMALL, tmp_path, until=96)
    with pytest.raises(ConfigError, match="the configuration that it was begun with"):
        train(replace(SMALL, seed=9), tmp_path, resume=True)


def test_a_checkpoint_that_was_cut_short_is_named_with_the_last_whole_one(tmp_path):
    """What is said can be done: without the damaged ones the training goes on from the whole one."""
    train(SMALL, tmp_path, until=96)
    (whole,) = checkpoints.stored(tmp_path)
    later = [whole.with_name(f"{steps:012d}.npz") for steps in (500, 600)]
    for cut in later:
        cut.write_bytes(whole.read_bytes()[:-300])
    with pytest.raises(FileFormatError, match="a whole checkpoint") as caught:
        train(SMALL, tmp_path, resume=True)
    assert caught.value.file == str(later[1])
    assert f"{whole} is one: rm {later[0]} {later[1]}, and the same tickwright train with --resume" in str(caught.value)
    for cut in later:
        cut.unlink()
    assert train(SMALL, tmp_path, resume=True, until=192).steps == 192
    for kept in checkpoints.stored(tmp_path):
        kept.write_bytes(kept.read_bytes()[:-300])
    with pytest.raises(FileFormatError, match="into another folder begins anew"):
        train(SMALL, tmp_path, resume=True)


@pytest.mark.parametrize("given", ["plain", "large_tick"])
def test_a_market_that_pays_who_waits_is_told(given):
    """Nobody reads of a gain in a market with the old fault without its note; the default has none."""
    config = replace(TrainConfig(), episode=EpisodeConfig(markets=(getattr(FP, given)(),)))
    assert [("gate --policy" in note, "pays who is patient" in note) for note in market_notes(config)] == (
        [(True, True)] if given == "plain" else []
    )
