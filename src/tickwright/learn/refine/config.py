"""What a refinement is asked to do, as a frozen record; `app.config_file` turns TOML into it and back."""

from __future__ import annotations

from dataclasses import dataclass, field

from tickwright.learn.benchmark.config import GATE, REPLAY, BenchmarkConfig, ReplayConfig
from tickwright.learn.benchmark.scenarios import HEADLINE, SHELL
from tickwright.learn.bounds import number, whole

QUICK_STEPS, FULL_STEPS = 20_480, 2_000_000
QUICK_DAYS, LEAST_DAYS, MOST_DAYS = 2, 4, 16
ENOUGH_ORDERS = 480
"""Simulated for each set of parameters: from there on the run's own orders are what is not sure."""
QUICK_BOOKS, FULL_BOOKS = 64, 2_048


@dataclass(frozen=True, slots=True)
class RefineConfig:
    """A refinement.

    Parameters
    ----------
    market
        The market whose parameters the fills correct, as `--market` names it: `fp` or `fp:FILE`.
    seed, threads
        Of everything; results do not depend on the threads.
    quick
        A look: a short training, few episodes, and the verdict says so.
    days
        Simulated days on which the run's orders are worked again, for each set of parameters; 0: as many as make 480
        orders of them, from 4 to 16, or 2 in a look.
    least_orders, least_fills
        Below which nothing is recalibrated.
    largest_factor
        By which a parameter moves at most, up or down.
    steps
        Decisions of the training; 0: 2 000 000, or 20 480 in a look.
    divergence
        Nats: mean Kullback-Leibler divergence of the new policy from the old one, over states that the old one comes
        to, beyond which the training ends and the last policy below is kept.
    states
        Of these.
    leash
        Weight of the old policy's actions in the training's loss.
    learning_rate, learning_rate_end
        Of the training, at its start, and the share of it at its end.
    headline, cell
        Episodes on which both are compared, in the market itself and in each regime; 0: as a benchmark has them.
    worse
        Share of its cost by which no regime may be worse, at the upper end of the interval.
    without_replay
        Whether a policy that was seen on no recorded day may get as far as `would-pass`; it is never promoted.
    gate
        Whether the market's gate is carried out, and the new policy's in it; without, nobody is promoted.
    gate_books
        Books of it; 0: as a benchmark has them.
    replay
        Recorded days, as a benchmark has them.

    Raises ConfigError.
    """

    market: str = "fp"
    seed: int = 1
    threads: int = 1
    quick: bool = False
    days: int = 0
    least_orders: int = 8
    least_fills: int = 50
    largest_factor: float = 2.0
    steps: int = 0
    divergence: float = 0.05
    states: int = 8_192
    leash: float = 0.01
    learning_rate: float = 2e-4
    learning_rate_end: float = 0.05
    headline: int = 0
    cell: int = 0
    worse: float = 0.02
    without_replay: bool = False
    gate: bool = True
    gate_books: int = 0
    replay: ReplayConfig = field(default_factory=ReplayConfig)

    def __post_init__(self) -> None:
        whole("", self, days=(0, 1_000), least_orders=(4, 10**6), least_fills=10**9, steps=(0, 2**40))
        whole("", self, states=(64, 10**7))
        number("", self, divergence=(0, 10), leash=(0, 1e6), learning_rate=(0, 1), learning_rate_end=(0, 1))
        number("", self, worse=(0, 1), largest_factor=(1, 10))
        _ = self.benchmark  # checks what they share

    @property
    def benchmark(self) -> BenchmarkConfig:
        """What the comparison is, as a benchmark is told it."""
        parts = (HEADLINE, SHELL, *([GATE] if self.gate else []), *([REPLAY] if self.replay.days else []))
        return BenchmarkConfig(
            seed=self.seed, threads=self.threads, quick=self.quick, headline=self.headline, cell=self.cell,
            gate_books=self.gate_books,
            parts=parts, tune=False, replay=self.replay,
        )  # fmt: skip

    @property
    def training_steps(self) -> int:
        """Decisions."""
        return self.steps or (QUICK_STEPS if self.quick else FULL_STEPS)

    def days_for(self, orders: int) -> int:
        """Simulated for each set of parameters."""
        if self.days or self.quick:
            return self.days or QUICK_DAYS
        return min(max(-(-ENOUGH_ORDERS // max(orders, 1)), LEAST_DAYS), MOST_DAYS)

    @property
    def books(self) -> int:
        """Warmed-up books that episodes of the comparison begin from."""
        return QUICK_BOOKS if self.quick else FULL_BOOKS
