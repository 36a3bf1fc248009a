"""One measured run in a fresh process: `python -m bench.child CASE '{"argument": ...}'` prints one JSON line last.

A fresh process has no other run's caches, compiled code or heap in it. The peak of resident memory is the kernel's own
account of this process image (VmHWM): getrusage would also hold the parent's, from before `exec`.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import time
from pathlib import Path

CASES = {
    "flow": ("bench.flow", "write"),
    "reference": ("bench.reference", "run"),
    "book": ("bench.ours", "book"),
    "engine": ("bench.ours", "engine"),
    "agreement": ("bench.agreement", "run"),
    "dbn": ("bench.dbn", "write"),
    "ingest_dbn": ("bench.ingest", "dbn"),
    "ingest_lobster": ("bench.ingest", "lobster"),
    "itch": ("bench.itch", "write"),
    "ingest_itch": ("bench.itch", "ingest"),
    "binance": ("bench.binance", "compare"),
    "ready": ("bench.ours", "ready"),
    "market_flow": ("bench.market", "flow"),
    "market_steps": ("bench.market", "steps"),
    "market_environment": ("bench.market", "environment"),
    "learner": ("bench.learner", "compare"),
    "factors_batch": ("bench.factors", "run_batch"),
    "factors_peers": ("bench.factors", "run_peers"),
    "factors_stream": ("bench.factors", "run_stream"),
    "factors_feed": ("bench.factors", "run_feed"),
    "factors_section": ("bench.factors", "run_section"),
    "features_ours": ("bench.features", "run_ours"),
    "features_polars": ("bench.features", "run_polars"),
    "memory_day": ("bench.memory", "write_day"),
    "memory_ingest": ("bench.memory", "ingest"),
    "memory_load": ("bench.memory", "load"),
    "memory_replay": ("bench.memory", "replay"),
}


def peak_memory() -> int:
    """Most bytes this process ever held in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        match = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if match:
            return int(match[1]) * 1024
    import resource

    # Kilobytes on Linux and the BSDs, bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run the case named on the command line."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    module, function = CASES[name]
    result = getattr(importlib.import_module(module), function)(**arguments)
    result["peak_bytes"] = peak_memory()
    result["process_cpu_s"] = time.process_time()  # from the interpreter's first instruction
    print(json.dumps(result))


if __name__ == "__main__":
    main()
