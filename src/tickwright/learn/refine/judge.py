"""Is the new policy better than the old one? Both on the same episodes, by the benchmark's own code.

| criterion | passes where |
|---|---|
| mean | the upper end of the paired 95 % interval of new less old is below zero, in the market itself |
| regimes | in every shell of the benchmark that upper end is at most `worse` (2 %) of the old policy's cost |
| tail | CVaR 95 % is not above the old one's |
| replay | on no recorded day is the new one surely dearer; without a day, only if that was allowed |
| gate | the market passes its gate, and the new policy's round trips in it lose money |
| cap | the divergence from the old policy is within its cap |
| seeds | neither was trained or validated on the episodes of the test |

All must pass, so none is corrected for their number (intersection–union test: Berger, Technometrics 1982). The cost
that `worse` is a share of counts as half a spread at least: a share of next to nothing is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tickwright.core.rng import derive
from tickwright.learn.benchmark import gates, measure, seeds
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.benchmark.contenders import Contender
from tickwright.learn.benchmark.measure import Measurer, Report
from tickwright.learn.benchmark.replay import replayed
from tickwright.learn.benchmark.rows import NEAR_SHARE, Table, near_zero
from tickwright.learn.benchmark.scenarios import HEADLINE, Scenario, identity, shells
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.refine.config import RefineConfig
from tickwright.strategy.learned.container import TrainedPolicy

BASE = "refined"
CHAMPION, CHALLENGER = "policy, champion", "policy, challenger"
"""As the benchmark's tables call them: rows of trained policies begin so."""
PROMOTED, KEPT = "promoted", "kept"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the table above."""

    name: str
    passed: bool
    words: str


def judge(
    champion: tuple[Path, TrainedPolicy], challenger: tuple[Path, TrainedPolicy], episode: EpisodeConfig,
    config: RefineConfig, folder: Path, report: Report,
) -> dict[str, Any]:  # fmt: skip
    """The tables of the comparison and the criteria; what was played is kept in the folder, as by a benchmark."""
    old, new = Contender(CHAMPION, *champion), Contender(CHALLENGER, *challenger)
    asked, store = config.benchmark, Store(folder)
    digest = seeds.commitment(asked.seed, (BASE, f"{BASE}/unseen"))
    registered = seeds.register(folder, asked.seed, digest, new.trained.fingerprint)
    base = Scenario(
        BASE, HEADLINE, BASE, replace(episode, templates=config.books), "the market as the fills have corrected it"
    )
    measurer = Measurer(asked, store, report)
    tables = [
        _table(scenario, old, new, measurer, asked.seed, asked.headline_episodes if n == 0 else asked.cell_episodes)
        for n, scenario in enumerate([base, *shells(base)])
    ]
    played = [seeds.test_seed(asked.seed, name) for name in (BASE, f"{BASE}/unseen")]
    document: dict[str, Any] = {
        "episodes": {"headline": asked.headline_episodes, "cell": asked.cell_episodes},
        "scenarios": tables,
        "replay": replayed([old, new], asked, store, report) if asked.replay.days else [],
        "gate": gates.judged(base, [measure.contender(new, 0)], asked, store, report) if config.gate else None,
        "test_seeds": registered | {
            "trained_with": seeds.trained_with(played, [old.trained.manifest, new.trained.manifest])
        },
    }  # fmt: skip
    return document


def _table(
    scenario: Scenario, old: Contender, new: Contender, measurer: Measurer, seed: int, episodes: int
) -> dict[str, Any]:
    entries = [measure.contender(one, episodes) for one in (old, new)]
    facts, cells = measurer.cells(scenario, entries, "comparing")
    near = near_zero(facts["spread"], scenario.config.mid_price)
    table = Table({CHAMPION: cells[0]}, derive(seed, f"refine/{scenario.name}"), near)
    return {
        "name": scenario.name,
        "kind": scenario.kind,
        "what": scenario.what,
        "market_hash": scenario.market_hash,
        "market": facts | {"near_zero_bps": near, "half_spread_bps": near / NEAR_SHARE},
        "episode": {name: value for name, value in identity(scenario.config).items() if name != "markets"},
        "rows": [
            table.row(entry.name, entry.kind, [cell]) for entry, cell in zip(entries, cells, strict=True)
        ],
    }  # fmt: skip


# -- criteria ----------------------------------------------------------------------------------------------------------


def criteria(document: dict[str, Any], divergence: float, config: RefineConfig) -> list[Criterion]:
    """The verdict's parts, read off the tables alone."""
    headline, *others = document["scenarios"]
    return [
        _mean(headline), _regimes(others, config.worse), _tail(headline),
        _replay(document["replay"], config.without_replay), *_gate(document["gate"]),
        Criterion(
            "cap", divergence <= config.divergence,
            f"{divergence:.4f} nats from the champion on average, {config.divergence:g} allowed",
        ),
        Criterion(
            "seeds", not document["test_seeds"]["trained_with"],
            f"set {document['test_seeds']['set']} that is tested with these seeds in this folder"
            + ("; a policy was trained with one of them" if document["test_seeds"]["trained_with"] else ""),
        ),
    ]  # fmt: skip


def apart(scenario: dict[str, Any]) -> dict[str, Any] | None:
    """What the challenger costs more than the champion, as a row has it."""
    found: dict[str, Any] | None = scenario["rows"][1]["difference_to"][CHAMPION]
    return found


def _mean(scenario: dict[str, Any]) -> Criterion:
    found = apart(scenario)
    if found is None:
        return Criterion("mean", False, "too few episodes in which no market stopped")
    low, high = found["ci95"]
    return Criterion(
        "mean", high < 0.0, f"{found['bps']:+.4f} bps ({low:+.4f} to {high:+.4f}), below zero is asked for"
    )


def worse_by(scenario: dict[str, Any]) -> float | None:
    """Upper end of the interval of how much dearer the challenger is, as a share of the champion's cost."""
    found, cost = apart(scenario), scenario["rows"][0]["mean_bps"]
    if found is None or cost is None:
        return None
    share: float = found["ci95"][1] / max(abs(cost), scenario["market"]["half_spread_bps"])
    return share


def _regimes(scenarios: Sequence[dict[str, Any]], most: float) -> Criterion:
    shares = {scenario["name"]: worse_by(scenario) for scenario in scenarios}
    failed = [
        f"{name} {'unknown' if share is None else f'{share:+.1%}'}"
        for name, share in shares.items() if share is None or share > most
    ]  # fmt: skip
    if failed:
        return Criterion("regimes", False, f"may be worse by more than {most:.0%}: {', '.join(failed)}")
    worst = max(shares, key=lambda name: shares[name] or -1.0)
    return Criterion(
        "regimes", True, f"in none of {len(shares)} worse by {most:.0%}; {worst}: {shares[worst]:+.1%} at most"
    )


def _tail(scenario: dict[str, Any]) -> Criterion:
    found = scenario["rows"][1]["cvar_ratio_to"][CHAMPION]
    if found is None:
        return Criterion("tail", False, "no ratio of CVaRs: too few episodes, or a tail near zero")
    low, high = found["ci95"]
    return Criterion(
        "tail", found["ratio"] <= 1.0, f"CVaR 95 % is {found['ratio']:.4f} of the champion's ({low:.4f} to {high:.4f})"
    )


def _replay(days: Sequence[dict[str, Any]], without: bool) -> Criterion:
    if not days:
        words = "no recorded day was given" + ("; allowed by --without-replay" if without else "")
        return Criterion("replay", without, words)
    told, passed = [], True
    for day in days:
        row = next(row for row in day["rows"] if row["policy"] == CHALLENGER)
        (low, high), bps = row["difference_to_first"]["ci95"], row["difference_to_first"]["bps"]
        passed &= low <= 0.0
        told.append(f"{day['instrument']} {day['date']} {bps:+.3f} bps ({low:+.3f} to {high:+.3f})")
    return Criterion("replay", passed, "; ".join(told))


def _gate(verdict: dict[str, Any] | None) -> list[Criterion]:
    if verdict is None:
        return [Criterion("gate", True, "left out on request: whether the corrected market is fit is not known")]
    failed = gates.failures(verdict)
    words = f"failed: {'; '.join(failed)}" if failed else "the market passes, and the challenger in it"
    return [Criterion("gate", verdict["passed"], words)]
