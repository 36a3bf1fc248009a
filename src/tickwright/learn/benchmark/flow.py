"""A benchmark from its configuration to its document.

1. The policies are read, the scenarios laid out, and the hash of their test seeds is registered and told, before
   anything is played.
2. The heuristic is tuned for each headline on as many episodes as are known of the policies.
3. Every scenario is played by its entries, cell by cell (`measure`); its rows are made of the cells (`rows`).
4. The gates of the headlines' markets, with the heuristic and each policy in them (`gates`); recorded days (`replay`).
5. The targets and the verdict are read off the document (`targets`, `verdict`), which is a function of configuration,
   policies, data and code: no clock, no path, no number of threads is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tickwright.core.ids import fingerprint
from tickwright.core.rng import derive
from tickwright.learn.benchmark import gates, measure, seeds
from tickwright.learn.benchmark.cells import Cell, Store
from tickwright.learn.benchmark.config import (
    BASELINES,
    FULL_BUDGET,
    FULL_CELL,
    FULL_HEADLINE,
    GATE,
    QUICK_BUDGET,
    REPLAY,
    BenchmarkConfig,
)
from tickwright.learn.benchmark.contenders import Contender, chosen, contenders
from tickwright.learn.benchmark.manifest import manifest_of
from tickwright.learn.benchmark.matched import THE_MEAN, Point, at_matched_risk
from tickwright.learn.benchmark.measure import HEADLINE_NAMES, UNTUNED, Entry, Measurer, Report
from tickwright.learn.benchmark.reading import notes
from tickwright.learn.benchmark.replay import RULES, replayed
from tickwright.learn.benchmark.rows import AGAINST, BEST_SIMPLE, SEVERAL, SIMPLE, Table, near_zero, worst
from tickwright.learn.benchmark.scenarios import FRONTIER, HEADLINE, MAKERS, Scenario, identity, tight, wide
from tickwright.learn.benchmark.targets import targets
from tickwright.learn.benchmark.verdict import claims, not_shown
from tickwright.learn.policies import Numbers
from tickwright.learn.policies.baseline import HEURISTIC

SCHEMA = "tickwright.benchmark/1"
_LEAST_TUNING = 512

Say = Callable[[str], None]


def benchmark(
    config: BenchmarkConfig,
    policies: Sequence[Path],
    folder: Path,
    report: Report = lambda what, done, total: None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """The document. Cells are kept in the folder, so that a benchmark that was interrupted goes on where it stopped.

    Raises ConfigError, also where Optuna is not installed, FileFormatError for a policy of another schema,
    StorageError.
    """
    given = contenders(policies)
    if config.tune:
        measure.require_tuner()
    digest = seeds.commitment(config.seed)
    tested = fingerprint(sorted(contender.trained.fingerprint for contender in given))
    registered = seeds.register(folder, config.seed, digest, tested)
    say(f"test seeds: sha256 {digest[:16]}…, known before anything is played")
    store = Store(folder)
    bench = _Bench(config, given, store, report)
    scenarios = bench.scenarios()
    played = [seeds.test_seed(config.seed, name) for name in seeds.NAMES]
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "quick": config.quick,
        "complete": _complete(config),
        "parts": list(config.parts),
        "episodes": {"headline": config.headline_episodes, "cell": config.cell_episodes},
        "seeds": [contender.seed for contender in given],
        "test_seeds": {
            **registered,
            "committed": seeds.HASH if config.seed == seeds.DEFAULT_SEED else None,
            "trained_with": seeds.trained_with(played, [contender.trained.manifest for contender in given]),
        },
        "policies": [contender.to_json() for contender in given],
        "tuning": bench.tuning,
        "scenarios": scenarios,
        "gates": bench.gates() if GATE in config.parts else {},
        "replay": bench.replay() if REPLAY in config.parts else [],
    }
    document["targets"] = [target.to_json() for target in targets(document)]
    document["claims"], document["not_shown"] = claims(document), not_shown(document)
    document["notes"] = notes(document)
    document["manifest"] = manifest_of(config, document)["fingerprint"]
    return document


def _complete(config: BenchmarkConfig) -> bool:
    """Whether it is as large as a claim needs."""
    return config.headline_episodes >= FULL_HEADLINE and config.cell_episodes >= FULL_CELL and config.books >= 2_048


class _Bench:
    """The scenarios of a benchmark, and who plays them."""

    def __init__(
        self, config: BenchmarkConfig, given: Sequence[Contender], store: Store, report: Report
    ) -> None:  # fmt: skip
        self._config, self._given, self._store, self._report = config, given, store, report
        self._measurer = Measurer(config, store, report)
        self._headlines = [tight(), *([wide()] if config.wide else [])]
        self.tuning: dict[str, Any] = {}
        self._tuned: dict[str, tuple[str, Numbers]] = {}
        self._runs: dict[str, list[Cell]] = {}
        self._points: dict[str, list[Point]] = {}
        """By headline: what the policies did in it, and the heuristic's frontier, itself first."""

    def scenarios(self) -> list[dict[str, Any]]:
        """Every scenario's table, headlines first."""
        found = []
        for base in self._headlines:
            self._tune(base, base.name, self._budget)
            if HEADLINE in self._config.parts:
                found.append(self._headline(base))
        for kind, make in MAKERS.items():
            if kind in self._config.parts:
                found += [
                    self._other(scenario, base, n) for base in self._headlines for n, scenario in enumerate(make(base))
                ]
        for scenario in found:
            if scenario["kind"] == HEADLINE:
                scenario["matched_risk"] = self._matched(scenario)
        return found

    def _matched(self, scenario: dict[str, Any]) -> dict[str, Any] | None:
        """Of a headline's table, once its frontier was played; None without a policy."""
        runs = self._runs[scenario["name"]]
        if not runs:
            return None
        seed = derive(self._config.seed, f"benchmark/{scenario['name']}")
        tick = 1e4 / scenario["episode"]["mid_price"]
        return at_matched_risk(runs, self._points[scenario["name"]], seed, scenario["market"]["near_zero_bps"], tick)

    def gates(self) -> dict[str, Any]:
        """The verdicts on the headlines' markets, by name."""
        config = self._config
        found = {}
        for base in self._headlines:
            entries = [self._heuristic(base.name, 0), *(measure.contender(c, 0) for c in chosen(self._given, base)[0])]
            found[base.name] = gates.judged(base, entries, config, self._store, self._report)
        return found

    def replay(self) -> list[dict[str, Any]]:
        """The recorded days, with what was tuned on the simulator, frozen."""
        rules = dict(RULES)
        for base in self._headlines:
            of = "" if base.name == self._headlines[0].name else f", of {base.name}"
            if base.name in self._tuned:
                rules[f"{HEURISTIC}{of}"] = self._tuned[base.name]
            told = self.tuning.get(f"{base.name}: {measure.TUNED_LEAVE}")
            if told is not None:
                rules[f"{measure.TUNED_LEAVE}{of}"] = told["name"], Numbers(**told["numbers"])
        return replayed(self._given, self._config, self._store, self._report, rules=rules)

    # -- the heuristic -------------------------------------------------------------------------------------------------

    @property
    def _budget(self) -> int:
        """Episodes that the heuristic may be tuned on: of the policies as many as are known of."""
        config = self._config
        if config.budget:
            return config.budget
        budget = max((contender.least_episodes for contender in self._given), default=0) or FULL_BUDGET
        return max(min(budget, QUICK_BUDGET) if config.quick else budget, _LEAST_TUNING)

    def _tune(self, scenario: Scenario, name: str, budget: int) -> None:
        if not self._config.tune:
            self.tuning[name] = None
            return
        told = self._measurer.tuned(scenario, max(budget, _LEAST_TUNING))
        self.tuning[name] = told | {"budget": budget}
        self._tuned[name] = told["name"], Numbers(**told["numbers"])

    def _heuristic(self, name: str, episodes: int) -> Entry:
        """With the schedule that was found best too, under the one name."""
        which, numbers = self._tuned.get(name, (HEURISTIC, None))
        return measure.baseline(which, episodes, numbers, shown=HEURISTIC)

    def _leave(self, base: Scenario, episodes: int) -> list[Entry]:
        """Submit-and-leave, tuned on as many episodes."""
        if not self._config.tune:
            return []
        told = self._measurer.tuned_leave(base, max(self._budget, _LEAST_TUNING))
        self.tuning[f"{base.name}: {measure.TUNED_LEAVE}"] = told | {"budget": self._budget}
        return [measure.baseline(told["name"], episodes, Numbers(**told["numbers"]), shown=measure.TUNED_LEAVE)]

    # -- tables --------------------------------------------------------------------------------------------------------

    def _headline(self, base: Scenario) -> dict[str, Any]:
        """The six of the headline table, and every other baseline on the first of the same episodes."""
        config = self._config
        many, few = config.headline_episodes, config.cell_episodes
        entries = [
            *(measure.baseline(name, many) for name in HEADLINE_NAMES), self._heuristic(base.name, many),
            *(measure.contender(contender, many) for contender in chosen(self._given, base)[0]),
        ]  # fmt: skip
        if BASELINES in config.parts:
            entries += [*measure.further(few), *self._leave(base, few), *measure.bounds(many)]
        return self._table(base, base, entries, "headline", best_simple=True)

    def _other(self, scenario: Scenario, base: Scenario, number: int) -> dict[str, Any]:
        episodes = self._config.cell_episodes
        tuned_for, hurried = base.name, measure.baseline("ac/post-then-cross", episodes)
        if scenario.kind == FRONTIER:
            tuned_for, hurried = scenario.name, measure.hurried(number, episodes)
            self._tune(scenario, scenario.name, self._budget)
        entries = [
            *(measure.baseline(name, episodes) for name in HEADLINE_NAMES[:-1]), hurried,
            self._heuristic(tuned_for, episodes),
            *(measure.contender(contender, episodes) for contender in chosen(self._given, base)[0]),
        ]  # fmt: skip
        return self._table(scenario, base, entries, scenario.kind)

    def _table(
        self, scenario: Scenario, base: Scenario, entries: Sequence[Entry], told: str, best_simple: bool = False
    ) -> dict[str, Any]:
        facts, cells = self._measurer.cells(scenario, entries, told)
        by_name = {entry.name: cell for entry, cell in zip(entries, cells, strict=True)}
        rivals = {name: by_name[name] for name in dict.fromkeys((*AGAINST, *SIMPLE))}
        near = near_zero(facts["spread"], scenario.config.mid_price)
        best = None
        if best_simple:
            best = _best_simple(entries, cells)
            rivals[BEST_SIMPLE] = by_name[best]
        table = Table(rivals, derive(self._config.seed, f"benchmark/{scenario.name}"), near)
        rows = [
            table.row(entry.name, entry.kind, [cell]) for entry, cell in zip(entries, cells, strict=True)
        ]  # fmt: skip
        own = [row for row in rows if row["kind"] == measure.POLICY]
        runs = [by_name[row["policy"]] for row in own]
        if scenario.kind == HEADLINE:
            self._runs[base.name], self._points[base.name] = runs, [Point(THE_MEAN, by_name[HEURISTIC])]
        elif scenario.kind == FRONTIER and base.name in self._points:
            self._points[base.name].append(Point(scenario.name.partition(": ")[2], by_name[HEURISTIC]))
        if len(own) > 1:
            rows += [table.row(SEVERAL, "several", runs), worst(own)]
        return {
            "name": scenario.name,
            "kind": scenario.kind,
            "base": scenario.base,
            "what": scenario.what,
            "varies": scenario.varies,
            "market_hash": scenario.market_hash,
            "gate_known_to_pass": scenario.gate_known,
            "trained_here": self._trained(base, scenario),
            "market": facts | {"near_zero_bps": near},
            "episode": {name: value for name, value in identity(scenario.config).items() if name != "markets"},
            "best_simple": best,
            "rows": rows,
        }

    def _trained(self, base: Scenario, scenario: Scenario) -> dict[str, Any] | None:
        """Whether the policies were trained in this very market, and in its base's."""
        own, in_base = chosen(self._given, base)
        if not own:
            return None
        here = all(scenario.market_hash in contender.trained.markets for contender in own)
        low, high = min(c.risk_aversion[0] for c in own), max(c.risk_aversion[1] for c in own)
        risk = scenario.config.risk_aversion[1]
        return {"market": here, "base": in_base, "risk_aversion": risk == 0.0 or low <= risk <= high}


def _best_simple(entries: Sequence[Entry], cells: Sequence[Cell]) -> str:
    """The cheapest baseline that nobody has tuned, on the episodes that all have played."""
    simple = [
        (cell, entry.name) for entry, cell in zip(entries, cells, strict=True)
        if entry.kind == measure.BASELINE and entry.name != HEURISTIC and (entry.name == UNTUNED or "/" in entry.name)
    ]  # fmt: skip
    count = min(len(cell.shortfall) for cell, _ in simple)
    costs = [(float(_known(cell.first(count)).mean()), name) for cell, name in simple]
    return min(costs)[1]


def _known(cell: Cell) -> Any:
    costs = cell.costs
    return costs[costs == costs]
