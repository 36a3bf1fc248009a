"""Qlib's SingleAssetOrderExecutionSimple beside our environment: run by an interpreter that has `pyqlib`, not ours.

`python peer_qlib.py` prints one JSON line: steps per CPU-second of an episode that trades evenly, by minutes a step, on
a made-up day of 240 one-minute bars. It takes bars as they are; no order of its own moves them.
"""

from __future__ import annotations

import json
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

MINUTES = 240
DAY = "2024-01-02"
STOCK = "SIM"
SECONDS = 3.0
"""CPU time a measurement, at least."""


def _write_day(folder: Path) -> None:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    times = pd.date_range(f"{DAY} 09:30", periods=MINUTES, freq="min")
    index = pd.MultiIndex.from_arrays(
        [[STOCK] * MINUTES, times, [pd.Timestamp(DAY)] * MINUTES], names=["instrument", "datetime", "date"]
    )
    close = 100.0 + rng.normal(0.0, 0.02, MINUTES).cumsum()
    frame = pd.DataFrame({"$close0": close, "$volume0": rng.integers(1_000, 9_000, MINUTES).astype(float)}, index)
    (folder / "backtest").mkdir()
    frame.to_pickle(folder / "backtest" / f"{STOCK}.pkl")


def _steps_per_cpu_s(folder: Path, minutes: int) -> float:
    import pandas as pd
    from qlib.backtest.decision import Order, OrderDir
    from qlib.rl.order_execution.simulator_simple import SingleAssetOrderExecutionSimple

    begin, end = pd.Timestamp(f"{DAY} 09:30"), pd.Timestamp(f"{DAY} 09:30") + pd.Timedelta(minutes=MINUTES)
    steps, began = 0, time.process_time()
    while (spent := time.process_time() - began) < SECONDS:
        simulator = SingleAssetOrderExecutionSimple(
            Order(STOCK, 10_000.0, OrderDir.BUY, begin, end), folder, ticks_per_step=minutes
        )
        while not simulator.done():
            simulator.step(10_000.0 * minutes / MINUTES)
            steps += 1
    return steps / spent


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_day(folder)
        found = {str(minutes): _steps_per_cpu_s(folder, minutes) for minutes in (1, 5, 30)}
    print(json.dumps({"version": version("pyqlib"), "steps_per_cpu_s": found}))


if __name__ == "__main__":
    main()
