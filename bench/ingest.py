"""Files into a fresh catalog: records a second and the peak of memory, at two sizes, for it must not grow with them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tickwright.data.ingest import IngestSummary, ingest_dbn, ingest_lobster


def dbn(file: str, catalog: str) -> dict[str, Any]:
    """One DBN file, hashing and committing included."""
    return _timed(lambda: ingest_dbn(file, catalog), file)


def lobster(file: str, catalog: str) -> dict[str, Any]:
    """One LOBSTER zip: messages and order-book rows."""
    return _timed(lambda: ingest_lobster(file, catalog), file)


def _timed(work: Any, file: str) -> dict[str, Any]:
    wall, began = time.perf_counter(), time.process_time()
    summary: IngestSummary = work()
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    return {
        "records": summary.rows, "wall_s": wall, "cpu_s": cpu, "records_per_s": summary.rows / wall,
        "records_per_cpu_s": summary.rows / cpu, "file_bytes": Path(file).stat().st_size,
        "instruments": list(summary.instruments),
    }  # fmt: skip
