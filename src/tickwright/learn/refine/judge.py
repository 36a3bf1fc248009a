"""Is the new policy better than the old one? Both on the same episodes, by the benchmark's own code.

| criterion | passes where |
|---|---|
| mean | the upper end of the paired 95 % interval of new less old is below zero, in the market itself |
| regimes | in every shell of the benchmark that upper end is at most `worse` (2 %) of the old policy's cost |
| tail | the upper end of the ratio of the CVaRs 95 % is at most 1 and a margin (2 %) |
| replay | on each recorded day, of 24 starts at least, that upper end is at most a tenth of what crossing costs |
| gate | the market passes its gate, and the new policy's round trips in it lose money |
| size | no look: as many episodes, and books of the gate, as a benchmark needs for a claim |
| cap | the divergence from the old policy is within its cap |
| seeds | neither was trained or validated on the episodes of the test |

All must pass. In the first four the burden is on the new policy: each rejects, at 2.5 %, that it is worse by the
margin, so together they err no more often than one of them, and none is corrected for their number (intersection–union
test: Berger, Technometrics 1982). That holds for one challenger; the others are no tests of that kind, and who tries
many challengers errs more often, which the verdict tells by their number. So each one meets episodes of its own.
The cost that `worse` is a share of counts as half a spread at least: a share of next to nothing is nothing.

A replay or a gate that was left out on request holds nobody back, and shows nothing: the verdict is `would-pass` then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tickwright.core.rng import derive
from tickwright.learn.benchmark import gates, measure, seeds
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.benchmark.config import FULL_CELL, FULL_HEADLINE, BenchmarkConfig
from tickwright.learn.benchmark.contenders import Contender
from tickwright.learn.benchmark.measure import Measurer, Report
from tickwright.learn.benchmark.replay import SHORT, replayed
from tickwright.learn.benchmark.rows import NEAR_SHARE, Table, near_zero
from tickwright.learn.benchmark.scenarios import HEADLINE, Scenario, identity, shells
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.refine.config import RefineConfig
from tickwright.strategy.learned.container import TrainedPolicy

BASE = "refined"
CHAMPION, CHALLENGER = "policy, champion", "policy, challenger"
"""As the benchmark's tables call them: rows of trained policies begin so."""
PROMOTED, WOULD_PASS, KEPT = "promoted", "would-pass", "kept"
TAIL_MARGIN = 0.02
"""By which the tail may be worse, at the upper end of the interval: it is wider than that of a mean."""
LEAST_STARTS = 24
"""Start times of a recorded day below which it says nothing."""
REPLAY_MARGIN = 0.1
"""Of what crossing at even times costs on a recorded day: by which it may be dearer, at the upper end."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the table above."""

    name: str
    passed: bool
    words: str
    shown: bool = True
    """Whether it was looked at; what was left out on request is passed and not shown."""


def judge(
    champion: tuple[Path, TrainedPolicy], challenger: tuple[Path, TrainedPolicy], episode: EpisodeConfig,
    config: RefineConfig, folder: Path, report: Report,
) -> dict[str, Any]:  # fmt: skip
    """The tables of the comparison and the criteria; what was played is kept in the folder, as by a benchmark."""
    old, new = Contender(CHAMPION, *champion), Contender(CHALLENGER, *challenger)
    asked, store = replace(config.benchmark, seed=test_seed(config.seed, old.trained, new.trained)), Store(folder)
    rounds = f"{config.seed}/{old.trained.fingerprint}"
    registered = seeds.register(folder, asked.seed, rounds, new.trained.fingerprint)
    registered["hash"] = seeds.commitment(asked.seed, (BASE, f"{BASE}/unseen"))
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
        "replay": replayed([old, new], asked, store, report, SHORT) if asked.replay.days else [],
        "gate": gates.judged(base, [measure.contender(new, 0)], asked, store, report) if config.gate else None,
        "test_seeds": registered | {
            "trained_with": seeds.trained_with(played, [old.trained.manifest, new.trained.manifest])
        },
    }  # fmt: skip
    return document


def test_seed(seed: int, champion: TrainedPolicy, challenger: TrainedPolicy) -> int:
    """Of the comparison: no challenger meets the episodes that another one was judged on, and it meets the same again
    after an interruption."""
    return derive(seed, f"refine/test/{champion.fingerprint}/{challenger.fingerprint}")


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
        _replay(document["replay"], config.without_replay), _gate(document["gate"]),
        _size(document["episodes"], config),
        Criterion(
            "cap", divergence <= config.divergence,
            f"{divergence:.4f} nats from the champion on average, {config.divergence:g} allowed",
        ),
        Criterion(
            "seeds", not document["test_seeds"]["trained_with"],
            f"of its own; challenger {document['test_seeds']['set']} of this champion in this folder"
            + ("; a policy was trained with one of them" if document["test_seeds"]["trained_with"] else ""),
        ),
    ]  # fmt: skip


def outcome(held_to: Sequence[Criterion]) -> str:
    """The verdict. Only `promoted` lets anybody into a registry."""
    if not all(one.passed for one in held_to):
        return KEPT
    return PROMOTED if all(one.shown for one in held_to) else WOULD_PASS


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
        "tail", high <= 1.0 + TAIL_MARGIN,
        f"CVaR 95 % is {found['ratio']:.4f} of the champion's ({low:.4f} to {high:.4f}), "
        f"{1.0 + TAIL_MARGIN:g} at most is asked for",
    )  # fmt: skip


def _replay(days: Sequence[dict[str, Any]], without: bool) -> Criterion:
    if not days:
        words = "no recorded day was given" + ("; allowed by --without-replay" if without else "")
        return Criterion("replay", without, words, shown=False)
    told, passed = [], True
    for day in days:
        rows = {row["policy"]: row for row in day["rows"]}
        found, starts = rows[CHALLENGER]["difference_to_first"], day["orders"] // 2  # a start has both sides
        (low, high), most = found["ci95"], REPLAY_MARGIN * max(rows[SHORT[0]]["mean_bps"], 0.0)
        passed &= high <= most and starts >= LEAST_STARTS
        told.append(
            f"{day['instrument']} {day['date']} {found['bps']:+.3f} bps ({low:+.3f} to {high:+.3f}), "
            f"{most:+.3f} at most is asked for; {starts} starts of {LEAST_STARTS}"
        )
    return Criterion("replay", passed, "; ".join(told))


def _gate(verdict: dict[str, Any] | None) -> Criterion:
    if verdict is None:
        words = "left out on request: whether the corrected market is fit is not known"
        return Criterion("gate", True, words, shown=False)
    failed = gates.failures(verdict)
    words = f"failed: {'; '.join(failed)}" if failed else "the market passes, and the challenger in it"
    return Criterion("gate", verdict["passed"], words)


def _size(episodes: dict[str, int], config: RefineConfig) -> Criterion:
    asked = [("headline", episodes["headline"], FULL_HEADLINE), ("cell", episodes["cell"], FULL_CELL)]
    if config.gate:
        asked.append(("gate_books", config.benchmark.books, BenchmarkConfig().books))
    few = [f"{name} {count:,} of {least:,}" for name, count, least in asked if count < least]
    few += ["a look (--quick)"] if config.quick else []
    return Criterion("size", not few, ", ".join(few) or f"{episodes['headline']:,} and {episodes['cell']:,} episodes")
