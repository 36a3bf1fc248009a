"""What starting costs: the help, the kernels compiled for the first time, and the second run of what compiled."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import ROOT, ChildError, Row, in_child, summary


def command(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Row:
    """Run `tickwright …` to its end → wall and CPU seconds, peak bytes. Raises ChildError."""
    script = Path(sys.executable).with_name("tickwright")
    words = [str(script)] if script.exists() else [sys.executable, "-m", "tickwright.app"]
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*words, *arguments], cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL,
            stderr=errors,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            words_of_it = errors.read().decode(errors="replace").strip()[-1000:]
            raise ChildError(f"tickwright {' '.join(arguments)}: exit {process.returncode}\n{words_of_it}")
    # Kilobytes, except on macOS.
    scale = 1 if sys.platform == "darwin" else 1024
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * scale}


def measure(folder: Path, quick: bool) -> Row:
    """All of it. `ready` is import, kernels and a thousand events; `demo` is the whole embedded run.

    The quick form leaves out what starts with an empty kernel cache.
    """
    runs = 1 if quick else 5
    command(["--help"])  # byte code, once
    result: Row = {"help_s": summary([command(["--help"])["wall_s"] for _ in range(runs)])}
    if quick:
        result["ready_second_s"] = summary([_ready({})["wall_s"]])
        return result
    empty = {"XDG_CACHE_HOME": str(folder / "cold-kernels")}
    first = _ready(empty)
    again = [_ready(empty) for _ in range(runs)]
    result["ready_first_s"] = {**first, "compiled_bytes": _size(folder / "cold-kernels")}
    result["ready_second_s"] = summary([row["wall_s"] for row in again])
    result["ready_second_cpu_s"] = summary([row["cpu_s"] for row in again])
    result["ready_peak_bytes"] = again[0]["peak_bytes"]
    empty = {"XDG_CACHE_HOME": str(folder / "cold-demo")}
    result["demo_first"] = command(["demo", "--out", str(folder / "demo-1")], empty)
    result["demo_second"] = command(["demo", "--out", str(folder / "demo-2")], empty)
    return result


def _ready(environment: Mapping[str, str]) -> Row:
    began = time.perf_counter()
    row = in_child("ready", environment, rows=1000)
    # The interpreter's own start belongs to it, so the clock is the parent's.
    return {**row, "wall_s": time.perf_counter() - began, "cpu_s": row["process_cpu_s"]}


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
