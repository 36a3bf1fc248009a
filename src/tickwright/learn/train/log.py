"""What a training tells on its way: one line of JSON an update, and TensorBoard's files where that is installed.

`metrics.jsonl` holds nothing of the clock, so that the same training writes the same bytes; `timing.jsonl` holds that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

METRICS, TIMING, BOARD = "metrics.jsonl", "timing.jsonl", "tensorboard"


class Log:
    """The logs of a training in a folder; `since` drops the lines of a former run beyond so many steps."""

    def __init__(self, folder: Path, since: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, TIMING):
            _keep(folder / name, since)
        self._metrics = (folder / METRICS).open("a", encoding="utf-8")
        self._timing = (folder / TIMING).open("a", encoding="utf-8")
        self._board = _board(folder / BOARD, since)
        self._last: tuple[float, int] | None = None

    def write(self, steps: int, kind: str, values: Mapping[str, Any]) -> None:
        """One line: the steps so far, and numbers by name under `kind`."""
        self._metrics.write(json.dumps({"steps": steps, kind: dict(values)}, sort_keys=True, allow_nan=False) + "\n")
        self._metrics.flush()
        now = time.monotonic()
        if self._last is not None and steps > self._last[1]:
            speed = (steps - self._last[1]) / (now - self._last[0])
            self._timing.write(json.dumps({"steps": steps, "steps_per_second": round(speed)}) + "\n")
            self._timing.flush()
        if self._last is None or steps > self._last[1]:
            self._last = now, steps
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{kind}/{name}", value, steps)

    def close(self) -> None:
        """End the files."""
        self._metrics.close()
        self._timing.close()
        if self._board is not None:
            self._board.close()


def board_note() -> tuple[str, ...]:
    """What a person has to be told of TensorBoard: nothing where its files are written."""
    if find_spec("tensorboard") is not None:
        return ()
    return ("TensorBoard is not installed (pip install tensorboard), so nothing is written for it",)


def _keep(path: Path, since: int | None) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True) if since is not None and path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["steps"] <= (since or 0)]
    path.write_text("".join(kept), "utf-8")


def _board(folder: Path, since: int | None) -> Any:
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=since)
