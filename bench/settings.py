"""What both engines are given alike: durations in nanoseconds, and memory that was touched before."""

import numpy as np

STEP = 100_000_000
"""between two looks of the quoting strategy."""
ENTRY_LATENCY = 100_000
RESPONSE_LATENCY = 100_000
WARM_ROWS = 60_000
"""rows of the run that compiles and warms, before the measured one."""


def touch_memory(rows: int) -> None:
    """Write to as much memory as a flow takes and give it back.

    A virtual machine is given its memory when it first writes to it, at several times the cost of the work measured
    here (86 ns a row were seen); who runs first would pay for all. So each process pays before its clock starts.
    """
    np.ones(rows * 8, np.int64)
