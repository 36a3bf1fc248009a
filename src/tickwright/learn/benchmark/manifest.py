"""What a benchmark was made from. Same manifest, same document: no clock, no host, no path enters it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tickwright.core.ids import fingerprint
from tickwright.learn.benchmark.cells import code_hash
from tickwright.learn.benchmark.config import BenchmarkConfig
from tickwright.run.manifest import source_commit, versions
from tickwright.strategy.learned.schema import action_schema, observation_schema

_LIBRARIES = ("numpy", "numba", "llvmlite", "optuna", "plotly")


def manifest_of(config: BenchmarkConfig, document: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration, policies, markets, recorded data, seeds, versions, code and commit, and a fingerprint over all."""
    asked = asdict(config)
    asked.pop("threads")  # results do not depend on it
    asked["replay"].pop("catalog")  # the content is named, not the place
    content: dict[str, Any] = {
        "schema": "tickwright.benchmark.manifest/1",
        "config": asked,
        "policies": [policy["fingerprint"] for policy in document["policies"]],
        "markets": {scenario["name"]: scenario["market_hash"] for scenario in document["scenarios"]},
        "inputs": {f"{day['instrument']} {day['date']}": day["data"] for day in document["replay"]},
        "test_seeds": document["test_seeds"]["hash"],
        "schemas": {"observation": observation_schema(), "action": action_schema()},
        "code": code_hash(),
        "versions": versions(*_LIBRARIES),
        "commit": source_commit(),
    }
    return content | {"fingerprint": fingerprint(content)}
