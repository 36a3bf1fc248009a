"""`python -m bench [--quick] [--only PART] …`: measure, compare, write `bench/results.json`; PARTS are below."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from bench import factors, facts, features, itch, learner, market, memory, replay, startup, table, targets
from bench.flow import FlowLaw
from bench.measure import ROOT, ChildError, Row, in_child, summary
from bench.settings import ENTRY_LATENCY, RESPONSE_LATENCY, STEP, WARM_ROWS

AGREEMENT_ROWS = 1_000_000
BINANCE_UPDATES = 3_000
"""depth updates; with their trades about 215 000 rows, three seconds of the converter."""
PARTS = ("replay", "ingest", "itch", "binance", "market", "learner", "factors", "features", "memory", "startup")
NOTES = (
    "Times are CPU seconds of the whole process between the first and the last event: loading, building and "
    "compiling are apart, in the runs.",
    "hftbacktest's rows are converted and loaded before its clock starts; Tickwright's tape is compiled before its "
    "own, and 'with tape' adds that to every run.",
    "Fills need not agree. Both give price-time priority by order, and agree fill for fill while queues are deeper "
    "than market orders (tests/bench). hftbacktest's L3 queue model has no trade-through: an order at a better price "
    "than a trade stays unfilled unless its own queue is hit or the opposite side rests on it; Tickwright fills it.",
    "An order off the touch is cancelled and sent anew with hftbacktest, replaced with Tickwright: the place in the "
    "queue is the same, the number of messages is not.",
    "'no orders' has a Tickwright tick level a side that looks every step, so that the desk's book is kept as "
    "hftbacktest keeps it; without anybody to look, Tickwright leaves it alone.",
)


def measure_ingest(folder: Path, quick: bool, rounds: int) -> Row:
    """DBN of two sizes, plain and zstd, and LOBSTER where the shared data are."""
    sizes = (100_000,) if quick else (2_000_000, 10_000_000)
    result: Row = {}
    for suffix in (".dbn", ".dbn.zst"):
        for size in sizes:
            file = folder / f"flow-{size}{suffix}"
            in_child("dbn", file=str(file), records=size)
            result[f"dbn {suffix} {size}"] = _ingested("ingest_dbn", file, folder, rounds)
            file.unlink()
    lobster = shared_data() / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
    if lobster.is_file() and not quick:
        result["lobster GOOG 10"] = _ingested("ingest_lobster", lobster, folder, rounds)
    return result


def shared_data() -> Path:
    """The folder of recorded data, which need not be there."""
    return Path(os.environ.get("TICKWRIGHT_DATA") or ROOT.parent / "shared" / "data")


def _ingested(case: str, file: Path, folder: Path, rounds: int) -> Row:
    rows = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as catalog:
            rows.append(in_child(case, file=str(file), catalog=catalog))
    told: Row = {"records": rows[0]["records"], "file_bytes": rows[0]["file_bytes"]}
    for name in ("wall_s", "cpu_s", "records_per_s", "records_per_cpu_s"):
        told[name] = summary([row[name] for row in rows])
    told["peak_bytes"] = max(row["peak_bytes"] for row in rows)
    return told


def measure_replay(folder: Path, arguments: argparse.Namespace) -> Row:
    """A large book and, unless quick, a small one."""
    reference = not arguments.without_reference
    if arguments.quick:
        return {"small book": replay.measure(folder, FlowLaw(rows=150_000, orders=1_000), 1, reference)}
    rounds, rows = arguments.rounds, arguments.rows
    return {
        "large book": replay.measure(folder, FlowLaw(rows=rows), rounds, reference),
        "small book": replay.measure(folder, FlowLaw(rows=rows, orders=1_000), rounds, reference),
    }


def measure_binance(quick: bool, rounds: int) -> Row:
    """Raw lines of Binance by us and by hftbacktest's converter, in turns in one process."""
    return in_child("binance", updates=100 if quick else BINANCE_UPDATES, rounds=rounds)


def main() -> int:
    """Measure what was asked for → exit code 0, or 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: shows that it runs")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; repeat for several (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every run (default: 3)")
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of a flow (default: 3000000)")
    parser.add_argument("--memory", type=float, default=20, metavar="MILLION", help="events of a long day (20)")
    parser.add_argument("--without-reference", action="store_true", help="leave hftbacktest out; no ratios then")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results.json", metavar="FILE")
    arguments = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 140)
    wanted = arguments.only or PARTS
    if {"replay", "binance"} & set(wanted) and not arguments.without_reference and find_spec("hftbacktest") is None:
        console.print("hftbacktest is not installed: pip install -e '.\\[bench]', or pass --without-reference")
        return 1
    if "learner" in wanted and find_spec("stable_baselines3") is None:
        if arguments.only:
            console.print("stable-baselines3 is not installed: pip install 'tickwright\\[rl]'")
            return 1
        wanted = [part for part in wanted if part != "learner"]
        console.print("learner: left out, stable-baselines3 is not installed")
    results: Row = {
        "schema": "tickwright.bench/1", "quick": arguments.quick, "machine": facts.machine(),
        "versions": facts.versions(), **facts.commit(), "notes": list(NOTES),
        "settings": {
            "step_ns": STEP, "entry_latency_ns": ENTRY_LATENCY, "response_latency_ns": RESPONSE_LATENCY,
            "warm_rows": WARM_ROWS, "law": asdict(FlowLaw()),
        },
    }  # fmt: skip
    try:
        with tempfile.TemporaryDirectory(prefix="tickwright-bench-") as name:
            folder = Path(name)
            if "replay" in wanted:
                results["replay"] = measure_replay(folder, arguments)
                if not arguments.without_reference:
                    results["agreement"] = replay.agreement(AGREEMENT_ROWS)
            if "ingest" in wanted:
                results["ingest"] = measure_ingest(folder, arguments.quick, 1 if arguments.quick else 3)
            if "itch" in wanted:
                rounds = 1 if arguments.quick else 3
                results["ingest"] = results.get("ingest", {}) | itch.measure(folder, arguments.quick, rounds)
            if "binance" in wanted and not arguments.without_reference:
                results["binance"] = measure_binance(arguments.quick, 1 if arguments.quick else 3)
            if "market" in wanted:
                results["market"] = market.measure(arguments.quick, not arguments.without_reference)
            if "learner" in wanted:
                results["learner"] = learner.measure(arguments.quick)
            if "factors" in wanted:
                results["factors"] = factors.measure(arguments.quick)
            if "features" in wanted:
                results["features"] = features.measure(folder, arguments.quick, shared_data())
            if "memory" in wanted:
                events = 100_000 if arguments.quick else round(arguments.memory * 1e6)
                results["memory"] = memory.measure(folder, events)
            if "startup" in wanted:
                results["startup"] = startup.measure(folder, arguments.quick)
    except ChildError as failure:
        console.print(f"[red]a measured run failed[/red]: {failure}", highlight=False)
        return 1
    results["machine"]["load_average_after"] = list(os.getloadavg())
    results["targets"] = targets.compare(results, judged=not arguments.quick)
    arguments.out.write_text(json.dumps(results, indent=1) + "\n")
    table.show(results, console)
    for note in NOTES if "replay" in wanted else ():
        console.print(f"• {note}", highlight=False)
    console.print(f"\nwritten to {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
