"""The pattern of the day, before and after adjustment: what F8 and F9 take out before they look for shocks.

1. A measure is laid on sessions and minutes: the logarithm of volume, the size of the return, the return per notional.
2. Before: less its mean over all minutes of strictly earlier sessions. After: less its mean over the same minute of
   strictly earlier sessions. Both are so of one unit and centred, and neither has seen the session it is taken from.
3. Both are judged on the same cells, those that have `LEAST` earlier sessions. Bands are over sessions, since minutes
   of one session are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tickwright.core.tables import Missing
from tickwright.factors.grid import Grid

LEAST = 10
"""Earlier sessions that a cell needs."""
MEASURES = {
    "volume": "ln volume",
    "|r|": "size of the one-minute log return, bp",
    "illiquidity": "ln of the size of the return per notional, over minutes that moved",
}


@dataclass(frozen=True)
class Pattern:
    """One measure: curves by minute of the day with the error of each point, and what the minute explains."""

    name: str
    before: np.ndarray
    after: np.ndarray
    before_error: np.ndarray
    after_error: np.ndarray
    explained: tuple[float, float]
    """Share of the variance that the minute of the day explains, before and after."""
    echo: tuple[float, float]
    """Correlation with the same minute of the session before, before and after."""
    sessions: int
    symbols: int
    cells: int


def laid(rows: np.ndarray, grid: Grid, begin: int, sessions: int, tick: float) -> dict[str, np.ndarray]:
    """BAR rows of one symbol → (sessions, minutes) by measure, from the session `begin` on; NaN where there is none."""
    slots = grid.slots(rows["ts_event"])
    there = (slots >= 0) & (rows["missing"] & int(Missing.CLOSE | Missing.VOLUME) == 0)
    rows, slots = rows[there], slots[there]
    session, place = grid.sessions(slots) - begin, grid.places(slots)
    close = np.full((sessions, grid.bars_per_session), np.nan)
    volume = np.full(close.shape, np.nan)
    close[session, place], volume[session, place] = rows["close"] * tick, rows["volume"]
    size = np.full(close.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        size[:, 1:] = 1e4 * np.abs(np.diff(np.log(close), axis=1))
        moved, notional = (np.log(np.where(x > 0, x, np.nan)) for x in (size, volume * close))
        return {"volume": np.log(np.where(volume > 0, volume, np.nan)), "|r|": size, "illiquidity": moved - notional}


def adjusted(x: np.ndarray, least: int = LEAST) -> tuple[np.ndarray, np.ndarray]:
    """(less the mean of earlier sessions, less the mean of earlier sessions at the same minute), NaN where few."""
    there = np.isfinite(x)
    filled = np.where(there, x, 0.0)
    total, count = _earlier(filled), _earlier(there.astype(float))
    enough = count >= least
    with np.errstate(invalid="ignore", divide="ignore"):
        by_minute = np.where(enough, total / count, np.nan)
        whole = total.sum(axis=1, keepdims=True) / count.sum(axis=1, keepdims=True)
    return np.where(enough, x - whole, np.nan), x - by_minute


def _earlier(x: np.ndarray) -> np.ndarray:
    """Sums over strictly earlier rows."""
    return np.asarray(np.cumsum(x, axis=0) - x)


def pattern(name: str, panel: Mapping[str, np.ndarray]) -> Pattern | None:
    """`panel`: (sessions, minutes) by symbol. None where too few sessions came before."""
    made = [adjusted(x) for x in panel.values()]
    used = [pair for pair in made if np.isfinite(pair[1]).any()]
    if not used:
        return None
    curves, errors, explained, echo = [], [], [], []
    for k in (0, 1):
        stack = np.stack([pair[k] for pair in used])
        stack = np.where(np.isfinite(np.stack([pair[1] for pair in used])), stack, np.nan)
        by_session = _mean(stack, 0)
        sessions = np.isfinite(by_session).sum(axis=0)
        curve = _mean(by_session, 0)
        spread = np.sqrt(_mean((by_session - curve) ** 2, 0) / np.maximum(sessions - 1, 1))
        curves.append(curve)
        errors.append(np.where(sessions > 2, spread, np.nan))
        explained.append(_explained(stack))
        echo.append(_echo(stack))
    cells = int(np.isfinite(np.stack([pair[1] for pair in used])).sum())
    held = int(np.isfinite(np.stack([pair[1] for pair in used])).any(axis=(0, 2)).sum())
    return Pattern(
        name, curves[0], curves[1], errors[0], errors[1], (explained[0], explained[1]), (echo[0], echo[1]), held,
        len(used), cells,
    )  # fmt: skip


def _mean(x: np.ndarray, axis: int) -> np.ndarray:
    count = np.isfinite(x).sum(axis=axis)
    return np.where(count > 0, np.nansum(x, axis=axis) / np.maximum(count, 1), np.nan)


def _explained(stack: np.ndarray) -> float:
    """Share of the variance about the mean of each symbol that means by symbol and minute explain, less what chance
    alone would (adjusted R²); over all symbols together."""
    within = total = 0.0
    cells = groups = 0
    for x in stack:
        there = np.isfinite(x)
        minute = _mean(x, 0)
        within += float(np.nansum((x - minute) ** 2))
        total += float(np.nansum((x - np.nanmean(x)) ** 2)) if there.any() else 0.0
        cells, groups = cells + int(there.sum()), groups + int(there.any(axis=0).sum())
    freedom = cells - groups
    return 1.0 - (within / freedom) / (total / (cells - len(stack))) if freedom > 0 and total > 0 else float("nan")


def _echo(stack: np.ndarray) -> float:
    """Correlation with the same minute of the session before."""
    a, b = stack[:, 1:].ravel(), stack[:, :-1].ravel()
    there = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[there], b[there])[0, 1]) if there.sum() > 2 else float("nan")
