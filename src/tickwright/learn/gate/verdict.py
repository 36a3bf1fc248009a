"""Gate A: every check of one market, and of a policy in it where one is given, and the verdict.

1. `Sizes` says how much is measured: `full` for a verdict that counts, `quick` for a look and for the tests.
2. `run_gate` goes through the groups in order. A group that cannot be carried out, as where a market stops, is a check
   that failed and says why; the others go on.
3. `Verdict` is the list of checks, as plain values for gate.json and as rows for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.rng import derive
from tickwright.learn.gate import adversary, audit, dark, impact, optima, optima_book, programs, quoting, reward, watch
from tickwright.learn.gate.check import Check
from tickwright.learn.gate.policy import policy_checks
from tickwright.learn.policies.port import Policy
from tickwright.venue.sim.reactive.parameters import FP, Parameters, content_hash

SCHEMA = "tickwright.gate/1"

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


MOST_TAPES = 2_048
"""Books whose tapes stand in memory together: 25 bytes a market order of each."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `books`, in pairs, is how many seeds the costs and programs have; `impact_books` those of
    the metaorders, `tape_books` those of what the market does by itself; the adversary and the counts have sizes of
    their own."""

    books: int = 2_048
    impact_books: int = 2_048
    tape_books: int = 512
    market_orders: int = 8_000
    """Of each book's tape."""
    horizons: tuple[int, ...] = impact.HORIZONS
    audit_books: int = 16
    audit_actions: int = 3_000
    quoting_books: int = 64
    quoting_steps: int = 1_000_000
    paths: int = 16_384
    """Futures in which a schedule is searched."""
    optima_books: int = 256
    """Books in which it is searched where there is a book."""
    round_trips: int = 1_000
    episodes: int = 64
    budget: adversary.Budget = field(default_factory=adversary.Budget)

    def __post_init__(self) -> None:
        if self.books < 4 or self.books % 2:
            raise ConfigError("seeds", self.books, "an even number, 4 or more")

    @staticmethod
    def full(books: int = 2_048) -> Sizes:
        """For a verdict that counts: some minutes on one core."""
        return Sizes(books=books, impact_books=books, tape_books=min(MOST_TAPES, max(4, books // 4)))

    @staticmethod
    def quick(books: int = 256) -> Sizes:
        """For a look: well below a minute, with intervals to match."""
        return Sizes(
            books=books,
            impact_books=4 * books,  # with fewer the exponent's error is as wide as its band
            tape_books=min(MOST_TAPES, 2 * books),
            market_orders=4_000,
            audit_books=2,
            audit_actions=600,
            quoting_books=8,
            quoting_steps=10_000,
            paths=4_096,
            optima_books=48,
            round_trips=100,
            episodes=16,
            budget=adversary.Budget(rounds=4, plans=32, books=32, chosen_books=256, judged_books=2_048),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checks of one market under one seed."""

    parameters: Parameters
    seed: int
    sizes: Sizes
    checks: tuple[Check, ...]
    policy: str | None = None
    """The policy that was judged in the market, if one was."""

    @property
    def passed(self) -> bool:
        """Whether every check did."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """What gate.json holds."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "model": self.parameters.name,
            "parameters_hash": content_hash(self.parameters),
            "policy": self.policy,
            "seed": self.seed,
            "books": self.sizes.books,
            "confidence": 0.95,
            "checks": [check.to_json() for check in self.checks],
        }

    def rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """(verdict, check, value, interval, band) as text."""
        for check in self.checks:
            low, high = check.interval
            yield (
                "pass" if check.passed else "FAIL", check.name, f"{check.value:.4g}", f"{low:.4g} … {high:.4g}",
                _band(check),
            )  # fmt: skip


def _band(check: Check) -> str:
    low, high = check.band
    if low is not None and low == high:
        return f"{low:g}"
    bounds = (("at least", low), ("at most", high))
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def groups_of(
    given: Parameters, sizes: Sizes, seed: int, report: Report
) -> list[tuple[str, Callable[[], list[Check]]]]:
    """The groups of checks in their order: what each is called in the progress, and how it is carried out."""

    def facts() -> list[Check]:
        tape = watch.record(given, sizes.tape_books, sizes.market_orders, derive(seed, "facts"))
        single = (watch.response_check, watch.signature_check, watch.drift_check)
        return [*(check(tape) for check in single), *watch.memory_checks(tape)]

    def costs() -> list[Check]:
        return [
            programs.passive_check(given, sizes.books, derive(seed, "passive")),
            *impact.child_checks(given, 4 * sizes.books, derive(seed, "child")),
        ]

    def trips() -> list[Check]:
        return [
            *programs.round_trip_checks(given, sizes.books, seed),
            *programs.pump_checks(given, sizes.books, seed),
            *(optima.closed_round_trip_checks(given, sizes.round_trips, seed) if isinstance(given, FP) else []),
        ]

    def metaorders(length: int) -> Callable[[], list[Check]]:
        return lambda: impact.metaorder_checks(given, length, sizes.impact_books, derive(seed, "impact"))

    def pool() -> list[Check]:
        return [dark.picked_off_check(given, sizes.tape_books, sizes.market_orders, derive(seed, "pool"))]

    def optima_in_books() -> list[Check]:
        books = sizes.optima_books
        return [
            *optima_book.obizhaeva_wang_book_checks(books, seed),
            *optima_book.almgren_chriss_book_checks(books, seed),
        ]

    return [
        ("what the market does by itself", facts),
        ("taking and resting", costs),
        *((f"metaorders, T = {length}", metaorders(length)) for length in sizes.horizons),
        ("conservation", lambda: audit.conservation_checks(given, sizes.audit_books, sizes.audit_actions, seed)),
        ("round trips and pumps", trips),
        ("adversary", lambda: [adversary.adversary_check(given, sizes.budget, seed, _told(report, "adversary"))]),
        ("optima", lambda: [*optima.obizhaeva_wang_checks(), *optima.almgren_chriss_checks(sizes.paths, seed)]),
        ("optima in a book", optima_in_books),
        ("quoting", lambda: quoting.quoting_checks(
            given, sizes.quoting_books, sizes.quoting_steps, seed, progress=_told(report, "quoting")
        )),
        ("rewards", lambda: reward.reward_checks(given, sizes.episodes, seed)),
        *([("the dark pool", pool)] if given.flow.pool else []),
    ]  # fmt: skip


def _told(report: Report, what: str) -> Callable[[int, int], None]:
    return lambda done, total: report(what, done, total)


def policy_group(
    given: Parameters, policy: Policy, sizes: Sizes, seed: int, report: Report
) -> tuple[str, Callable[[], list[Check]]]:
    """The checks of a policy in the market, as a group like the others."""
    name = f"policy {policy.name}"
    books, audited, states = sizes.books, sizes.audit_books, sizes.episodes
    return name, lambda: policy_checks(given, policy, books, audited, states, seed, _told(report, name))


def run_gate(
    given: Parameters,
    sizes: Sizes,
    seed: int = 1,
    report: Report = lambda what, done, total: None,
    policy: Policy | None = None,
) -> Verdict:
    """Carry out every check, of the market and, where one is given, of a policy in it. Same arguments, same verdict.
    Raises ConfigError for a market that an environment does not take."""
    checks: list[Check] = []
    groups = groups_of(given, sizes, seed, report)
    if policy is not None:
        groups = [*groups, policy_group(given, policy, sizes, seed, report)]
    for n, (name, carry_out) in enumerate(groups):
        report(name, n, len(groups))
        try:
            checks += carry_out()
        except CapacityError as error:
            detail = {"error": str(error)}
            checks.append(Check(name, False, float("nan"), (float("nan"), float("nan")), (None, None), "error", detail))
    return Verdict(given, seed, sizes, tuple(checks), None if policy is None else policy.name)
