"""`tickwright plan`: simulate what an order will cost, and tell, store and draw the choice."""

from __future__ import annotations

import json as formats
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tickwright.app import first_use, terminal
from tickwright.app.report import plan as page
from tickwright.core.errors import ConfigError
from tickwright.data.intake import stored_name
from tickwright.data.store.disk import whole_files
from tickwright.learn.planning import Cell, Plan, PlanAsk, planned
from tickwright.run.parameters_file import chosen_market
from tickwright.venue.sim.reactive.parameters import content_hash
from tickwright.venue.sim.reactive.session import MID_PRICE

SCHEMA = "tickwright.plan/1"
FILES = ("report.html", "plan.json")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    instrument: str
    side: str
    quantity: int
    out: Path | None
    model: str | None
    parameters: Path | None
    horizons: str | None
    urgencies: str | None
    risk_aversion: float | None
    placement: str | None
    episodes: int | None
    seed: int
    json: bool


def plan(asked: Asked) -> None:
    """Plan, write the two files and tell the choice."""
    if asked.out is not None and asked.out.exists() and not asked.out.is_dir():
        raise ConfigError("--out", str(asked.out), "a folder")
    instrument = stored_name(asked.instrument)
    request = _request(asked)
    first_use.say(*first_use.PLAN)
    with terminal.progress() as report:
        found = planned(request, asked.seed, min(2, os.cpu_count() or 1), report)
    text = formats.dumps(to_json(found, instrument), indent=2, sort_keys=True, allow_nan=False) + "\n"
    if asked.out is not None:
        texts = dict(zip(FILES, (page.render(found, instrument), text), strict=True))
        with whole_files([asked.out / name for name in texts]) as drafts:
            for draft, content in zip(drafts, texts.values(), strict=True):
                draft.write_text(content, "utf-8")
    if asked.json:
        print(text, end="")
    else:
        _tell(found, instrument, asked.out)


def _request(asked: Asked) -> PlanAsk:
    market = chosen_market(asked.model, asked.parameters)
    given: dict[str, Any] = {
        "horizons": None if asked.horizons is None else tuple(60 * x for x in _numbers("--horizons", asked.horizons)),
        "urgencies": None if asked.urgencies is None else _numbers("--urgencies", asked.urgencies),
        "risk_aversion": asked.risk_aversion,
        "placement": asked.placement,
        "episodes": asked.episodes,
    }
    return PlanAsk(
        asked.side, asked.quantity, market.parameters, mid_price=market.mid_price or MID_PRICE,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(name, text, "numbers with commas between them") from error


def to_json(found: Plan, instrument: str) -> dict[str, Any]:
    """plan.json."""
    asked = found.asked
    return {
        "schema": SCHEMA,
        "instrument": instrument,
        "side": asked.side,
        "quantity": asked.quantity,
        "model": asked.market.name,
        "market_hash": content_hash(asked.market),
        "placement": asked.placement,
        "episodes": asked.episodes,
        "steps": asked.steps,
        "seed": found.seed,
        "recommended": {"risk_aversion": found.chosen.risk_aversion, **_cell(found.chosen.cell)},
        "by_risk_aversion": [{"risk_aversion": r.risk_aversion, **_cell(r.cell)} for r in found.by_risk],
        "frontier": [_cell(cell) for cell in found.frontier],
        "surface": [_cell(cell) for cell in found.cells],
        "shifts": [
            {"axis": s.axis, "factor": s.factor, "surface": [_cell(cell) for cell in s.cells]} for s in found.shifts
        ],
        "notes": list(page.notes(found)),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    row = asdict(cell)
    cost = row.pop("cost")
    names = {
        "horizon": "horizon_s", "sd": "sd_bps", "cvar": "cvar95_bps", "forced": "forced_share", "made": "maker_share",
        "spread": "spread_bps", "volatility": "volatility_bps",
    }  # fmt: skip
    told = {names.get(name, name): value for name, value in row.items()}
    return {**told, "mean_bps": cost["value"], "ci95": list(cell.cost.interval)}


def _tell(found: Plan, instrument: str, out: Path | None) -> None:
    print(page.title(found, instrument))
    heads = ("", "horizon", "schedule", "part. %", "mean bps", "95 % interval", "sd bps", "CVaR 95 % bps")
    rows = [
        (
            "→" if cell == found.chosen.cell else "", page.span(cell.horizon), page.schedule(cell),
            f"{100 * cell.participation:.1f}", f"{cell.cost.value:.2f}", page.interval(cell), f"{cell.sd:.2f}",
            f"{cell.cvar:.2f}",
        )
        for cell in found.cells
    ]  # fmt: skip
    right = ("part. %", "mean bps", "sd bps", "CVaR 95 % bps")
    terminal.listing(rows, heads, right=right, keys=("", "horizon", "95 % interval"))
    print(page.words(found))
    for note in page.notes(found):
        print(f"note: {note}")
    if out is not None:
        print(f"report: {out / FILES[0]}")
