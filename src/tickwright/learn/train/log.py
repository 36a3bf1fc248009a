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

from tickwright.core.errors import ConfigError

METRICS, TIMING, BOARD = "metrics.jsonl", "timing.jsonl", "tensorboard"
INSTALL = "pip install 'tickwright[tensorboard]'"


class Log:
    """The logs of a training in a folder; `since` drops the lines of a former run beyond so many steps. `board` says
    whether TensorBoard's files are written; None: where it is installed."""

    def __init__(self, folder: Path, since: int | None = None, board: bool | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, TIMING):
            _keep(folder / name, since)
        self._metrics = (folder / METRICS).open("a", encoding="utf-8")
        self._timing = (folder / TIMING).open("a", encoding="utf-8")
        self._board = _board(folder / BOARD, since) if with_board(board) else None
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


def with_board(asked: bool | None) -> bool:
    """Whether TensorBoard's files are written. Raises ConfigError where they are asked for and it is not installed."""
    installed = find_spec("tensorboard") is not None
    if asked and not installed:
        raise ConfigError("tensorboard", True, f"TensorBoard installed: {INSTALL}; or false")
    return installed if asked is None else asked


def board_note(asked: bool | None) -> tuple[str, ...]:
    """What a person has to be told of TensorBoard: nothing where its files are written, or not wanted."""
    if asked is not None or with_board(asked):
        return ()
    return (f"TensorBoard is not installed ({INSTALL}), so nothing is written for it",)


def _keep(path: Path, since: int | None) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True) if since is not None and path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["steps"] <= (since or 0)]
    path.write_text("".join(kept), "utf-8")


def _board(folder: Path, since: int | None) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=since)
