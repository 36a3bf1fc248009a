"""Tags of a factor, and queries over them that resolve to a list of ids.

| tag | what |
|---|---|
| `family` | as beta; that of the kernel |
| `kind` | names of the kernels from the first estimate on, as ols or ols/vasicek |
| `benchmark` | what it is to, none where it needs nothing |
| `horizon` | slots of its longest window |
| `grid` | length of a bar, with the calendar where there is one, as 1min XNYS |
| `version` | of its last kernel |
| `stage` | research, candidate, production, retired; the one that may change |

All but the stage follow from the node, so that nobody types them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tickwright.core.errors import ConfigError
from tickwright.factors.graph import Graph, Node, identity
from tickwright.factors.grid import Grid

STAGES = ("research", "candidate", "production", "retired")
NONE = "none"
"""The benchmark of a factor that needs none."""
SeriesId = tuple[str, str]
"""(factor_id, benchmark): identities of nodes say nothing of whose returns came in."""


class Tags(msgspec.Struct, frozen=True):
    """What a factor is found by."""

    family: str
    kind: str
    benchmark: str
    horizon: str
    grid: str
    version: str
    stage: str = STAGES[0]


NAMES = Tags.__struct_fields__
Query = Mapping[str, Sequence[str]]
"""Allowed values by tag; a tag that is not named may be anything."""


class Definition(msgspec.Struct, frozen=True):
    """What rows were made by, in full: kept beside them."""

    factor_id: str
    tags: Tags
    settings: dict[str, Any]
    """The resolved configuration, every field with its value."""
    graph: list[dict[str, Any]]
    """Kernel, version, configuration and inputs of every node."""

    @property
    def digest(self) -> str:
        """Identity by content."""
        return identity(msgspec.to_builtins(self))

    @property
    def market(self) -> dict[str, Any]:
        """Settings of grid, session and benchmark: of a beta beside the market's those of its `market`."""
        joint = self.settings.get("market")
        return joint if isinstance(joint, dict) else self.settings

    @property
    def series(self) -> SeriesId:
        """The factor and what it is to."""
        return self.factor_id, self.tags.benchmark


def tags_of(node: Node, grid: Grid, benchmark: str = NONE, stage: str = STAGES[0]) -> Tags:
    """Tags of a node. Raises ConfigError for a stage that is none."""
    if stage not in STAGES:
        raise ConfigError("stage", stage, f"one of {', '.join(STAGES)}")
    longest = max(below.own_lookback for below in Graph((node,)).nodes)
    bars = " ".join(filter(None, (grid.text, grid.session)))
    return Tags(
        node.factor.family or NONE, _kind(node), benchmark or NONE, str(longest), bars, str(node.factor.version), stage
    )


def definition_of(
    node: Node, grid: Grid, settings: Mapping[str, Any], benchmark: str = NONE, stage: str = STAGES[0]
) -> Definition:
    """What to keep beside the rows of a node; `settings` is the resolved configuration."""
    described = [
        {
            **below.factor.describe(below.config), "id": below.id,
            "inputs": {port: giver.id for port, giver in below.inputs.items()},
        }
        for below in Graph((node,)).nodes
    ]  # fmt: skip
    return Definition(node.id, tags_of(node, grid, benchmark, stage), dict(settings), described)


def parse_query(given: Iterable[str]) -> dict[str, list[str]]:
    """`family=beta`, `benchmark=SPY`: one tag more than once allows any of its values. Raises ConfigError."""
    query: dict[str, list[str]] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not value or name not in NAMES:
            raise ConfigError("tag", text, f"NAME=VALUE with NAME one of {', '.join(NAMES)}")
        query.setdefault(name, []).append(value)
    return query


def matches(tags: Tags, query: Query) -> bool:
    """Whether every tag that the query names has one of its values. Raises ConfigError for an unknown tag."""
    for name in query:
        if name not in NAMES:
            raise ConfigError("tag", name, f"one of {', '.join(NAMES)}")
    return all(getattr(tags, name) in values for name, values in query.items())


def resolve(known: Mapping[SeriesId, Tags], query: Query) -> list[SeriesId]:
    """What matches, in the order of ids."""
    return sorted(series for series, tags in known.items() if matches(tags, query))


def _kind(node: Node) -> str:
    chain = [giver for giver in node.inputs.values() if isinstance(giver, Node) and giver.factor.family != "benchmark"]
    own = node.factor.name.removeprefix(f"{node.factor.family}.")
    return "/".join([*(_kind(giver) for giver in chain), own])
