"""A line on stderr before a command that has to compile first, since that takes a minute in silence."""

from __future__ import annotations

import sys

from tickwright.core.kernel import is_compiled

NOTICE = "compiling for the first use, a minute or two; later runs start at once"

EXECUTE = ("run.loop.advance",)
EXECUTE_LIVE = ("venue.sim.reactive.live.turn", *EXECUTE)
INGEST_BINANCE = ("data.binance.scan_kernel.scan",)
INGEST_ITCH = ("data.itch.kernel.decode",)
SIMULATE = ("venue.sim.reactive.driver.run_rows",)
GATE = ("learn.gate.plans._carry_out", "learn.episode.step_rows")
BENCHMARK = ("learn.benchmark.kernel.tallied_rows", "learn.policies.kernel.decide_rows")
DEMO = (*SIMULATE, *BENCHMARK, *EXECUTE)
GATE_POLICY = (*GATE, "learn.policies.kernel.decide_rows")
PLAN = ("learn.episode.step_rows", "learn.policies.kernel.decide_rows")
TRAIN = ("learn.episode.step_rows",)
REFINE = (*EXECUTE_LIVE, *TRAIN, "learn.benchmark.kernel.tallied_rows")
FACTORS = ("factors.sources.returns_kernel.take",)
FEATURES = ("factors.features.book_kernel.advance",)
CALIBRATE = ("calibrate.kernel.measure",)
VERIFY_WINDOW = ("book.verify.check_transitions",)
VERIFY_ORDERS = ("book.verify.watch",)
VERIFY_DEPTH = ("book.verify_depth_kernel.compare",)
CHECK = ("data.quality.duplicates.mark_repeats",)
CHECK_TOPS = ("data.quality.tops.watch_tops",)
CHECK_ORDERS = ("run.quality.orders.walk",)
CHECK_LEVELS = ("run.quality.levels.walk_levels",)
"""Kernels by what needs them: those that compile for long, and that every run of the kind comes to.

One that a run may do without would have the line stand before every run.
"""


def say(*kernels: str) -> None:
    """Print the line when one of the kernels, as `run.loop.advance`, is not compiled yet."""
    if not all(is_compiled(*name.rsplit(".", 1)) for name in kernels):
        print(NOTICE, file=sys.stderr, flush=True)
