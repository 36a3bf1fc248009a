"""The two engines in turns on one flow, and their ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.flow import FlowLaw
from bench.measure import Row, in_child, ratio, summary, take_turns

STORES = ("roivector", "hashmap")
COMPARED = {
    "no orders": ("idle", "watch"),
    "quoting": ("quote", "quote"),
    "no orders, nobody looks": ("idle", "idle"),
    "bare book": ("idle", "book"),
}
"""Name: the reference's strategy, and the run of ours beside it. The first two do the same work on both sides; in the
others ours leaves out what hftbacktest cannot: the desk's own book, and then the whole engine."""


def measure(folder: Path, law: FlowLaw, rounds: int, with_reference: bool) -> Row:
    """Draw a flow, run everything `rounds` times in turns → times, outcomes and ratios.

    Ratios are CPU seconds of hftbacktest over ours, so above 1 means that Tickwright is faster. They divide by our
    replay alone, as hftbacktest's conversion and loading of data are left out too, and once more with the compiling
    of the tape counted as ours in every run.
    """
    facts = in_child("flow", folder=str(folder), reference=with_reference, **asdict(law))
    rows = take_turns(_runs(str(folder), with_reference), rounds)
    result: Row = {
        "law": asdict(law), "facts": facts, "runs": {name: _told(series) for name, series in rows.items()},
        "ratios": {},
    }  # fmt: skip
    for name, (strategy, ours) in COMPARED.items() if with_reference else ():
        names = [f"hftbacktest {strategy} {store}" for store in STORES]
        fastest = min(names, key=lambda store: result["runs"][store]["cpu_s"]["median"])
        base, against = rows[fastest], rows[f"tickwright {ours}"]
        result["ratios"][name] = {
            "reference": fastest, "ours": f"tickwright {ours}", "replay": ratio(base, against),
            "with_tape": ratio(base, against, extra="tape_s"),
        }  # fmt: skip
    return result


def agreement(rows: int) -> Row:
    """Fills of both engines, quoting, where market orders are too small to leave a level: they must be the same."""
    return in_child("agreement", rows=rows)


def _runs(folder: str, with_reference: bool) -> dict[str, Callable[[], Row]]:
    """Who runs, in the order of the turns: what is compared stands side by side."""
    runs: dict[str, Callable[[], Row]] = {}
    for strategy, ours in (("idle", ("book", "idle", "watch")), ("quote", ("quote",))):
        for store in STORES if with_reference else ():
            name = f"hftbacktest {strategy} {store}"
            runs[name] = partial(in_child, "reference", folder=folder, store=store, strategy=strategy)
        for case in ours:
            if case == "book":
                runs["tickwright book"] = partial(in_child, "book", folder=folder)
            else:
                runs[f"tickwright {case}"] = partial(in_child, "engine", folder=folder, strategy=case)
    return runs


def _told(series: list[Row]) -> Row:
    """One run's rounds: spread of the times, the counts (alike in every round), the memory."""
    first = series[0]
    told: Row = {name: first[name] for name in ("rows", "fills", "last_bid", "last_ask")}
    told |= {name: first[name] for name in ("sent", "cancelled", "replaced", "tape_rows") if name in first}
    for name in ("cpu_s", "wall_s", "tape_s", "build_s", "load_s", "compile_s"):
        if name in first:
            told[name] = summary([row[name] for row in series])
    told["ns_per_row"] = 1e9 * told["cpu_s"]["median"] / first["rows"]
    if "tape_s" in told:
        told["tape_ns_per_row"] = 1e9 * told["tape_s"]["median"] / first["rows"]
    told["peak_bytes"] = max(row["peak_bytes"] for row in series)
    return told
