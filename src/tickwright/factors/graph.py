"""The graph: sources and nodes, identities by content, ranks and look-backs that follow from the graph.

A node is declared once for all instruments. Its identity is a hash of the kernel's name and version, the whole
configuration, the identities of its named inputs and the layout of its output; equal nodes are one. Every node runs
once a slot, in the order of ranks, when all its inputs are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.factors.factor import Factor
from tickwright.factors.records import Estimate, Sample


def identity(content: Mapping[str, Any]) -> str:
    """Thirty-two hex digits of a canonical text."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Source:
    """Samples that come from outside. `settings` say all that they depend on but the data; texts and numbers.

    `lookback` is how many slots of prices one sample depends on.
    """

    name: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    lookback: int = 1

    @cached_property
    def id(self) -> str:
        """Identity by content."""
        return identity({"source": self.name, "settings": {k: repr(v) for k, v in self.settings.items()}})

    rank = 0
    output = Sample


@dataclass(frozen=True)
class Node:
    """A factor, its configuration, and what its ports are joined to. Raises ConfigError for ports that do not fit."""

    factor: Factor
    config: Any
    inputs: Mapping[str, Source | Node]

    output = Estimate

    def __post_init__(self) -> None:
        name = self.factor.name
        if not isinstance(self.config, self.factor.config):
            raise ConfigError(f"config of {name}", self.config, self.factor.config.__name__)
        if set(self.inputs) != set(self.factor.inputs):
            raise ConfigError(f"inputs of {name}", sorted(self.inputs), ", ".join(sorted(self.factor.inputs)))
        for port, giver in self.inputs.items():
            if self.factor.inputs[port] is Estimate and giver.output is not Estimate:
                raise ConfigError(f"input {port} of {name}", giver.output.__name__, "an Estimate, which a node gives")

    @cached_property
    def id(self) -> str:
        """Identity by content."""
        inputs = {port: giver.id for port, giver in self.inputs.items()}
        return identity({**self.factor.describe(self.config), "inputs": inputs})

    @cached_property
    def rank(self) -> int:
        """One more than the highest of its inputs."""
        return 1 + max(giver.rank for giver in self.inputs.values())

    @cached_property
    def own_lookback(self) -> int:
        """Slots of its inputs that a row depends on."""
        return int(self.factor.lookback(self.config))

    @cached_property
    def lookback(self) -> int:
        """Slots of the data that a row depends on: its own on top of the longest of its inputs."""
        return self.own_lookback - 1 + max(giver.lookback for giver in self.inputs.values())


@dataclass(frozen=True)
class Graph:
    """What the wanted nodes need, each once, in the order of execution. Raises ConfigError when nothing is wanted."""

    wanted: tuple[Node, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", tuple(self.wanted))
        if not self.wanted:
            raise ConfigError("graph", "no node", "one at least")

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node once, by rank and identity."""
        found = {n.id: n for w in self.wanted for n in _below(w) if isinstance(n, Node)}
        return tuple(sorted(found.values(), key=lambda node: (node.rank, node.id)))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every source once, by name. Raises ConfigError where two sources have one name."""
        found = {n.id: n for w in self.wanted for n in _below(w) if isinstance(n, Source)}
        names = [source.name for source in found.values()]
        if len(set(names)) < len(names):
            raise ConfigError("sources", sorted(names), "another name for every source")
        return tuple(sorted(found.values(), key=lambda source: source.name))

    @cached_property
    def id(self) -> str:
        """Identity of the whole, by its wanted nodes in order."""
        return identity({"graph": [node.id for node in self.wanted]})

    @cached_property
    def lookback(self) -> int:
        """The longest of all."""
        return max(node.lookback for node in self.wanted)

    @cached_property
    def stages(self) -> tuple[tuple[Node, ...], ...]:
        """Nodes in runs that need no other instrument, and sections, each alone: a run may be split by instruments."""
        stages: list[list[Node]] = []
        for node in self.nodes:
            if node.factor.section or not stages or stages[-1][0].factor.section:
                stages.append([])
            stages[-1].append(node)
        return tuple(map(tuple, stages))


def _below(node: Source | Node) -> Iterator[Source | Node]:
    yield node
    if isinstance(node, Node):
        for giver in node.inputs.values():
            yield from _below(giver)
