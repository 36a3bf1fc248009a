"""Which cell to choose, the frontier of the others, and what the choice is worth if the market is another one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tickwright.core.errors import ConfigError
from tickwright.learn.planning.ask import MOST_PARTICIPATION, PlanAsk
from tickwright.learn.planning.surface import Cell, surface
from tickwright.learn.regimes import AXES, shifted
from tickwright.venue.sim.reactive.parameters import FP

Report = Callable[[str, int, int], None]
FACTORS = (0.5, 2.0)
RISK_AVERSIONS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
"""λ, 1/bps, for which the choice is shown beside the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Recommended:
    """The best cell for a risk aversion."""

    risk_aversion: float
    cell: Cell


@dataclass(frozen=True, slots=True)
class Shifted:
    """What becomes of the cells if one thing is another: the order's size, or an axis of the market."""

    axis: str
    factor: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was found."""

    asked: PlanAsk
    seed: int
    cells: tuple[Cell, ...]
    chosen: Recommended
    by_risk: tuple[Recommended, ...]
    frontier: tuple[Cell, ...]
    shifts: tuple[Shifted, ...]
    notes: tuple[str, ...]


def best_of(cells: Sequence[Cell], risk_aversion: float) -> Recommended:
    """The cell with the least mean + λ variance; of equals the first."""
    return Recommended(risk_aversion, min(cells, key=lambda cell: cell.objective(risk_aversion)))


def frontier_of(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Cells that no other one beats in mean and deviation both, by rising deviation."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=lambda cell: (cell.sd, cell.cost.value)):
        if not kept or cell.cost.value < kept[-1].cost.value:
            kept.append(cell)
    return tuple(kept)


def planned(
    asked: PlanAsk, seed: int = 1, threads: int = 1, report: Report = lambda what, done, total: None,
    factors: Sequence[float] = FACTORS,
) -> Plan:  # fmt: skip
    """Simulate the surface, choose, and try the chosen urgency where things are otherwise. Raises ConfigError where no
    horizon has volume enough."""
    total = len(asked.horizons) * len(asked.urgencies)
    cells = tuple(surface(asked, seed, threads, lambda done: report("surface", done, total)))
    if not cells:
        raise ConfigError(
            "quantity", asked.quantity,
            f"at most {MOST_PARTICIPATION:.0%} of the volume forecast over {asked.horizons[-1]:g} s",
        )  # fmt: skip
    chosen = best_of(cells, asked.risk_aversion)
    axes = ("size", *(AXES if isinstance(asked.market, FP) else ("volume",)))
    shifts = []
    for n, (axis, factor) in enumerate((a, f) for a in axes for f in factors):
        report(f"{factor:g} times {axis}", n, len(axes) * len(factors))
        other = replace(_other(asked, axis, factor), urgencies=(chosen.cell.urgency,))
        shifts.append(Shifted(axis, factor, tuple(surface(other, seed, threads))))
    return Plan(
        asked, seed, cells, chosen, tuple(best_of(cells, risk) for risk in RISK_AVERSIONS), frontier_of(cells),
        tuple(shifts), tuple(_notes(asked, cells, chosen)),
    )  # fmt: skip


def _other(asked: PlanAsk, axis: str, factor: float) -> PlanAsk:
    if axis == "size":
        return replace(asked, quantity=max(1, round(asked.quantity * factor)))
    return replace(asked, market=shifted(asked.market, axis, factor))


def _notes(asked: PlanAsk, cells: Sequence[Cell], chosen: Recommended) -> list[str]:
    notes = []
    left_out = [h for h in asked.horizons if h not in {cell.horizon for cell in cells}]
    if left_out:
        notes.append(
            f"not looked at: {', '.join(f'{h:g} s' for h in left_out)}, in which the order is more than "
            f"{MOST_PARTICIPATION:.0%} of the volume forecast"
        )
    edges = {min(c.horizon for c in cells): "shortest", max(c.horizon for c in cells): "longest"}
    if chosen.cell.horizon in edges:
        notes.append(
            f"the horizon chosen is the {edges[chosen.cell.horizon]} of those looked at; a better one may lie beyond it"
        )
    near = [
        cell for cell in cells
        if cell is not chosen.cell
        and abs(cell.objective(asked.risk_aversion) - chosen.cell.objective(asked.risk_aversion))
        < math.hypot(cell.objective_error(asked.risk_aversion), chosen.cell.objective_error(asked.risk_aversion))
    ]  # fmt: skip
    if near:
        notes.append(f"{len(near)} other cells are as good within one standard error: the choice among them is chance")
    return notes
