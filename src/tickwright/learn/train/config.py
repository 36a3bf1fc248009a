"""What a training is asked to do, as frozen records; `app.config_file` turns TOML into them and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from tickwright.core.errors import ConfigError
from tickwright.learn.bounds import number, whole
from tickwright.learn.config import EpisodeConfig
from tickwright.run.reactive import named_market

ALGORITHMS = (
    "ppo", "tabular", "sb3-ppo", "sb3-dqn", "sb3-double-dqn", "sb3-qrdqn", "sb3-maskable-ppo", "sb3-recurrent-ppo",
)  # fmt: skip

DEVICES = ("cpu", "cuda", "auto")


@dataclass(frozen=True, slots=True)
class PpoConfig:
    """Proximal policy optimisation (Schulman and others, 2017), with masked categorical actions.

    Parameters
    ----------
    environments, rollout
        Episodes side by side, and steps of each between two updates.
    minibatch, epochs
        Steps of a gradient, and how often an update goes through all.
    clip, gae_lambda, gamma
        Of the ratio of probabilities; of generalised advantage estimation; the discount.
    learning_rate, learning_rate_end
        Of Adam at the start, and the share of it at the end; it falls in a straight line.
    entropy
        Weight of the entropy at the start; it falls to 0.
    value_weight, gradient_clip
        Weight of the value's squared error, and the largest norm of a gradient.
    reward_scale
        Rewards in basis points are multiplied by this.
    without_news
        Whether what the exogenous news cost is taken out of the rewards that are learned from: its mean is zero
        whatever is done, so the best policy stays the best and is seen sooner.
    hidden
        Widths of the hidden layers, of policy and of value.
    largest_divergence
        Kullback-Leibler divergence of one update beyond which the training is given up.
    """

    environments: int = 1024
    rollout: int = 30
    minibatch: int = 7680
    epochs: int = 4
    clip: float = 0.2
    gae_lambda: float = 0.97
    gamma: float = 1.0
    learning_rate: float = 1e-3
    learning_rate_end: float = 0.05
    entropy: float = 0.01
    value_weight: float = 0.5
    gradient_clip: float = 0.5
    reward_scale: float = 0.2
    without_news: bool = True
    hidden: tuple[int, ...] = (64, 64)
    largest_divergence: float = 1.0

    def __post_init__(self) -> None:
        whole("ppo", self, environments=2**20, rollout=2**20, minibatch=2**30, epochs=1000)
        number("ppo", self, clip=(0, 1), gae_lambda=(0, 1), gamma=(0, 1), learning_rate=(0, 1))
        number("ppo", self, learning_rate_end=(0, 1), entropy=(0, 10), value_weight=(0, 10), gradient_clip=(0, 1e6))
        number("ppo", self, reward_scale=(0, 1e6), largest_divergence=(0, 1e6))
        if not self.hidden or not all(1 <= width <= 1024 for width in self.hidden):
            raise ConfigError("ppo.hidden", self.hidden, "widths from 1 to 1024")
        if self.minibatch > self.environments * self.rollout:
            most = self.environments * self.rollout
            raise ConfigError("ppo.minibatch", self.minibatch, f"at most environments x rollout, {most}")


@dataclass(frozen=True, slots=True)
class ValidationConfig:
    """How the policy is judged on the way: `episodes` of a seed of their own, the best action always, each `every`
    steps. The training stops after `patience` of these without a better one (0: never)."""

    every: int = 500_000
    episodes: int = 8192
    patience: int = 0

    def __post_init__(self) -> None:
        whole("validation", self, every=2**40, episodes=2**24)
        if self.patience < 0:
            raise ConfigError("validation.patience", self.patience, "0 or more")


@dataclass(frozen=True, slots=True)
class TeacherConfig:
    """A policy to begin from: `policy` names it, as `passive`, `rl:FILE` or `package.module:function`.

    `steps` of its decisions are imitated in `epochs` passes, and the value learns what they earn. After that the
    training pays `leash` times the divergence from the teacher, which falls to 0 over the share `release` of the steps.
    """

    policy: str | None = None
    steps: int = 300_000
    epochs: int = 4
    leash: float = 0.0
    release: float = 0.5

    def __post_init__(self) -> None:
        whole("teacher", self, steps=2**40, epochs=1000)
        number("teacher", self, leash=(0, 1e6), release=(0, 1))


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the curriculum: the `share` of all steps that it lasts, and what is different in its episodes."""

    share: float
    participation: tuple[float, float] | None = None
    steps: int | None = None
    messages: int | None = None

    def __post_init__(self) -> None:
        number("stages", self, share=(0, 1))

    def of(self, episode: EpisodeConfig) -> EpisodeConfig:
        """The episodes of the stage. Raises ConfigError."""
        names = ("participation", "steps", "messages")
        other = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(episode, **other)


@dataclass(frozen=True, slots=True)
class TabularConfig:
    """Q-learning on buckets, backward in time (Nevmyvaka, Feng and Kearns, 2006).

    `columns` are the numbers of the observation that make the market's state, `edges` where each is cut; time and
    quantity left are cut into `times` and `lots`. Each of `rounds` plays a share of the steps with `explore` of the
    actions drawn, then goes over all that was seen, from the end of time to its beginning.
    """

    times: int = 10
    lots: int = 8
    columns: tuple[int, ...] = (5,)
    edges: tuple[float, ...] = (-0.4, 0.0, 0.4)
    rounds: int = 8
    explore: float = 0.3

    def __post_init__(self) -> None:
        whole("tabular", self, times=10_000, lots=10_000, rounds=10_000)
        number("tabular", self, explore=(0, 1))
        if not all(map(math.isfinite, self.edges)) or list(self.edges) != sorted(set(self.edges)):
            raise ConfigError("tabular.edges", self.edges, "finite numbers that rise")
        if not all(column >= 0 for column in self.columns):
            raise ConfigError("tabular.columns", self.columns, "places in an observation, from 0")


@dataclass(frozen=True, slots=True)
class LibraryConfig:
    """Settings of the algorithms of Stable-Baselines3; what is not here is the library's own default.

    The learning rate falls in a straight line to its share `learning_rate_end`. Of a network with memory the first of
    `hidden` is the size of the memory too. The time that `sb3-qrdqn` takes grows with the square of its `quantiles`.
    """

    environments: int = 64
    learning_rate: float = 1e-3
    learning_rate_end: float = 1.0
    hidden: tuple[int, ...] = (64, 64)
    buffer: int = 200_000
    exploration: float = 0.3
    quantiles: int = 200

    def __post_init__(self) -> None:
        whole("library", self, environments=2**20, buffer=2**30, quantiles=10_000)
        number("library", self, learning_rate=(0, 1), learning_rate_end=(0, 1), exploration=(0, 1))


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training.

    Parameters
    ----------
    algorithm
        One of `ALGORITHMS`: `ppo`, `tabular`, or one of Stable-Baselines3.
    steps
        Decisions in all episodes together; what falls over time falls over these.
    seed
        Of everything.
    threads
        That the episodes are split over; results do not depend on it.
    device
        That torch computes on: `cpu`, `cuda`, or `auto`, which is `cuda` where torch finds a GPU.
    tensorboard
        Whether files are written for TensorBoard; None: where it is installed.
    markets
        As `--market` names them: `fp`, or `fp:FILE`. Each episode draws one.
    checkpoint_every, keep
        Steps between two checkpoints, and how many stay.
    episode, ppo, validation, teacher, stages, tabular, library
        See their classes.

    Raises ConfigError.
    """

    algorithm: str = "ppo"
    steps: int = 10_000_000
    seed: int = 1
    threads: int = 2
    device: str = "cpu"
    tensorboard: bool | None = None
    markets: tuple[str, ...] = ("fp",)
    checkpoint_every: int = 1_000_000
    keep: int = 3
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    stages: tuple[Stage, ...] = ()
    tabular: TabularConfig = field(default_factory=TabularConfig)
    library: LibraryConfig = field(default_factory=LibraryConfig)

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ConfigError("algorithm", self.algorithm, f"one of {', '.join(ALGORITHMS)}")
        if self.device not in DEVICES:
            raise ConfigError("device", self.device, f"one of {', '.join(DEVICES)}")
        whole("", self, steps=2**40, threads=256, checkpoint_every=2**40, keep=1000)
        if not 0 <= self.seed < 2**63:
            raise ConfigError("seed", self.seed, "a whole number from 0 to 2^63 - 1")
        if self.stages and not math.isclose(sum(stage.share for stage in self.stages), 1.0):
            raise ConfigError("stages", sum(stage.share for stage in self.stages), "shares that add up to 1")
        for stage in self.stages:
            stage.of(self.episode)

    def with_markets(self) -> TrainConfig:
        """The same with the markets that it names put into its episodes. Raises ConfigError, also for a column that
        observations of these markets have not."""
        markets = tuple(named_market(text).parameters for text in self.markets)
        made = replace(self, episode=replace(self.episode, markets=markets))
        last = made.episode.observed - 1
        if self.algorithm == "tabular" and max(self.tabular.columns, default=0) > last:
            raise ConfigError("tabular.columns", self.tabular.columns, f"places in an observation, from 0 to {last}")
        return made

    def stage_at(self, steps: int) -> int:
        """Which stage holds after so many steps; 0 without stages."""
        end = 0.0
        for i, stage in enumerate(self.stages):
            end += stage.share
            if steps < end * self.steps:
                return i
        return max(len(self.stages) - 1, 0)

    def episodes_of(self, stage: int) -> EpisodeConfig:
        """The episodes of a stage."""
        return self.stages[stage].of(self.episode) if self.stages else self.episode
