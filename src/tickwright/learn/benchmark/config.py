"""What a benchmark is asked to do, as frozen records; `app.config_file` turns TOML into them and back."""

from __future__ import annotations

from dataclasses import dataclass, field

from tickwright.core.errors import ConfigError
from tickwright.learn.benchmark.scenarios import ENVELOPE, FRONTIER, HEADLINE, SHELL

BASELINES, GATE, REPLAY = "baselines", "gate", "replay"
PARTS_OF = (HEADLINE, BASELINES, FRONTIER, ENVELOPE, SHELL, GATE, REPLAY)
FULL_HEADLINE, FULL_CELL = 50_000, 20_000
"""Episodes that a claim needs, in the headline and elsewhere."""
QUICK_HEADLINE, QUICK_CELL, QUICK_BUDGET = 4_096, 512, 16_384
FULL_BUDGET = 100_000
LEAST_SEEDS = 5
"""Training seeds that a claim needs."""


@dataclass(frozen=True, slots=True)
class ReplayDay:
    """A recorded day of an instrument in a catalog."""

    instrument: str
    date: str


@dataclass(frozen=True, slots=True)
class ReplayConfig:
    """Recorded days that the policy is replayed on.

    Parameters
    ----------
    catalog
        Folder of the tick catalog, or its address; empty without a replay.
    days
        Which.
    starts
        Orders of each side a day, at start times spread evenly over it.
    share
        Of the day's volume over an order's horizon, that an order has.
    seconds
        An order's horizon; 0: that of the policy's training, or 150 s.
    impact, impact_decay
        Of what we take, as `tickwright execute` has them: ticks a lot, and the time in which it decays to 1/e.
    """

    catalog: str = ""
    days: tuple[ReplayDay, ...] = ()
    starts: int = 24
    share: float = 0.05
    seconds: float = 0.0
    impact: float = 0.0
    impact_decay: str = "60s"

    def __post_init__(self) -> None:
        if bool(self.catalog) != bool(self.days):
            raise ConfigError("replay", "a catalog or days alone", "--catalog, --instrument and --date together")
        if not 1 <= self.starts <= 10_000:
            raise ConfigError("replay.starts", self.starts, "1 to 10000")
        if not 0.0 < self.share <= 0.5:
            raise ConfigError("replay.share", self.share, "a share of the volume, above 0, at most 0.5")
        if not 0.0 <= self.seconds < 1e6:
            raise ConfigError("replay.seconds", self.seconds, "seconds, 0 or more")
        if not self.impact >= 0.0:
            raise ConfigError("replay.impact", self.impact, "ticks a lot, 0 or more")


@dataclass(frozen=True, slots=True)
class BenchmarkConfig:
    """A benchmark.

    Parameters
    ----------
    seed
        Of the test episodes, and of everything else.
    threads
        That the episodes are split over; results do not depend on it.
    quick
        A look: few episodes, and every page says so.
    headline, cell
        Episodes of a headline row, and of every other; 0: 50 000 and 20 000, or 4 096 and 512 in a look.
    parts
        Of `PARTS_OF`, what is measured.
    wide
        Whether the wide market is a headline too.
    tune
        Whether the heuristic is tuned (needs Optuna).
    budget
        Episodes that it may be tuned on; 0: as many as are known that the policy was trained and validated on, or
        100 000 without one, and at most 16 384 in a look.
    gate_books
        Books of the gate; 0: 2048, or 256 in a look.
    replay
        See its class.

    Raises ConfigError.
    """

    seed: int = 1
    threads: int = 1
    quick: bool = False
    headline: int = 0
    cell: int = 0
    parts: tuple[str, ...] = PARTS_OF
    wide: bool = False
    tune: bool = True
    budget: int = 0
    gate_books: int = 0
    replay: ReplayConfig = field(default_factory=ReplayConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise ConfigError("--seed", self.seed, "a whole number from 0 to 2^63 - 1")
        if not 1 <= self.threads <= 256:
            raise ConfigError("--threads", self.threads, "1 to 256")
        for name in ("headline", "cell", "budget"):
            if not 0 <= getattr(self, name) <= 10**8:
                raise ConfigError(name, getattr(self, name), "a whole number from 0 to 100000000")
        if 1 in (self.headline, self.cell):
            raise ConfigError("headline, cell", 1, "at least 2 episodes")
        if self.gate_books < 0 or self.gate_books % 2 or 0 < self.gate_books < 4:
            raise ConfigError("gate_books", self.gate_books, "an even number, 4 or more; or 0")
        for part in self.parts:
            if part not in PARTS_OF:
                raise ConfigError("--only", part, f"one of {', '.join(PARTS_OF)}")
        if not self.parts:
            raise ConfigError("--only", "nothing", f"one or more of {', '.join(PARTS_OF)}")

    @property
    def headline_episodes(self) -> int:
        """Of a headline row."""
        return self.headline or (QUICK_HEADLINE if self.quick else FULL_HEADLINE)

    @property
    def cell_episodes(self) -> int:
        """Of every other."""
        return min(self.cell or (QUICK_CELL if self.quick else FULL_CELL), self.headline_episodes)

    @property
    def books(self) -> int:
        """Of the gate."""
        return self.gate_books or (256 if self.quick else 2_048)
