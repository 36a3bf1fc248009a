"""Gate A of each headline's market, and of the policies in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tickwright.core.errors import CapacityError
from tickwright.core.kernel import source_hash
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.benchmark.config import BenchmarkConfig
from tickwright.learn.benchmark.measure import Entry, Report
from tickwright.learn.benchmark.scenarios import Scenario
from tickwright.learn.gate import Sizes, run_gate, verdict
from tickwright.learn.gate.check import Check
from tickwright.learn.gate.verdict import policy_group
from tickwright.venue.sim.reactive.parameters import content_hash

_GATE_CODE = source_hash(Path(verdict.__file__).resolve())
"""A verdict of another gate is passed anew."""


def judged(
    scenario: Scenario, policies: Sequence[Entry], config: BenchmarkConfig, store: Store, report: Report
) -> dict[str, Any]:
    """The verdict on a headline's market, and on each policy in it."""
    sizes = (Sizes.quick if config.quick else Sizes.full)(config.books)
    market = scenario.config.markets[0]
    key: dict[str, Any] = {
        "market": content_hash(market),
        "books": sizes.books,
        "quick": config.quick,
        "seed": config.seed,
    }
    key["gate"] = _GATE_CODE
    report(f"gate: {scenario.name}", 0, 0)
    alone = store.get("gate", key, lambda: run_gate(market, sizes, config.seed, report).to_json())
    found: dict[str, Any] = {}
    for entry in policies:
        assert entry.policy is not None
        name, carry_out = policy_group(market, entry.policy, sizes, config.seed, report)

        def checks(name: str = name, carry_out: Any = carry_out) -> dict[str, Any]:
            report(f"gate: {scenario.name}, {name}", 0, 0)
            try:
                made = carry_out()
            except CapacityError as error:
                nothing = (math.nan, math.nan)
                made = [Check(name, False, math.nan, nothing, (None, None), "error", {"error": str(error)})]
            return {"passed": all(check.passed for check in made), "checks": [check.to_json() for check in made]}

        found[entry.name] = store.get("gate-policy", {**key, "who": entry.who}, checks)
    passed = bool(alone["passed"]) and all(one["passed"] for one in found.values())
    return {"passed": passed, "books": sizes.books, "quick": config.quick, "market": alone, "policies": found}


def failures(told_of: dict[str, Any]) -> list[str]:
    """The checks of a verdict that failed, in words."""
    groups = [("the market", told_of["market"]), *told_of["policies"].items()]
    return [f"{whose}: {check['name']}" for whose, told in groups for check in told["checks"] if not check["passed"]]
