"""Where and of what a measurement was made."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.measure import ROOT, Row

PACKAGES = ("tickwright", "numpy", "numba", "llvmlite", "polars", "pyarrow", "databento-dbn", "hftbacktest")


def machine() -> Row:
    """Processor, cores, memory, system, Python, and how busy it is."""
    return {
        "cpu": _first(Path("/proc/cpuinfo"), r"^model name\s*:\s*(.+)$") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_kb": int(_first(Path("/proc/meminfo"), r"^MemTotal:\s+(\d+) kB") or 0),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": list(os.getloadavg()),
    }


def versions() -> Row:
    """Installed versions of what matters; null where a package is absent."""
    found: Row = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def commit() -> Row:
    """The git commit, and whether files differ from it; nulls outside a checkout."""
    head, status = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    return {"commit": head, "dirty": None if status is None else bool(status)}


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _first(file: Path, pattern: str) -> str | None:
    if not file.exists():
        return None
    match = re.search(pattern, file.read_text(), re.MULTILINE)
    return match[1] if match else None
