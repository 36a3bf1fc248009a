"""Figures of an order that say what the market is like, the same from a recorded run and from a simulated one.

| figure | what | moved most by |
|---|---|---|
| impact | bps that the mid goes our way within ten seconds of a fill, by lots | scale of impact |
| adverse | bps that the mid goes against a quote within ten seconds of its fill, by quotes | share of the informed |
| fill rate | share of the quotes at rest that were filled | market orders |
| forced | share of the order that was taken in its last moments | all of them |

They are read off a row of result.json (`tca.report`) and the order's FILL rows. A figure that the row has not is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tickwright.core.records import TAKER
from tickwright.core.units import SECOND

FIGURES = ("impact", "adverse", "fill rate", "forced")
HORIZON = "10s"
LAST_MOMENTS = 0.02
"""Share of an order's time in which a take counts as forced; at least a second and a tenth, before which a policy's own
final crossing does not begin by default."""


def figures_of(row: Mapping[str, Any], fills: np.ndarray) -> np.ndarray:
    """float64 (figures,) of one order: its row of result.json, and its fills."""
    quotes, times = row["quotes"], row["times_ns"]
    asked = quotes["filled"] + quotes["unfilled"]
    drift = quotes["drift_filled_bps"].get(HORIZON)
    last = max(LAST_MOMENTS * (times["deadline"] - times["start"]), 1.1 * SECOND)
    late = (fills["liquidity"] == TAKER) & (fills["ts_decided"] >= times["deadline"] - last)
    lots = int(fills["size"].sum())
    found = (
        row["price_impact_bps"].get(HORIZON),
        drift,
        quotes["filled"] / asked if asked else None,
        int(fills["size"][late].sum()) / lots if lots else None,
    )
    return np.array([np.nan if value is None else value for value in found], np.float64)


def known(table: np.ndarray) -> np.ndarray:
    """Orders that have every figure: rows of a table (orders, figures)."""
    found: np.ndarray = table[np.isfinite(table).all(axis=1)]
    return found


def mean_and_covariance(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over orders, and the covariance of these means. Orders count as independent."""
    return table.mean(axis=0), np.atleast_2d(np.cov(table, rowvar=False, ddof=1)) / len(table)


def told(means: np.ndarray, covariance: np.ndarray) -> dict[str, list[float]]:
    """Each figure with its standard error."""
    errors: Sequence[float] = np.sqrt(np.diag(covariance)).tolist()
    return {name: [float(m), e] for name, m, e in zip(FIGURES, means, errors, strict=True)}
