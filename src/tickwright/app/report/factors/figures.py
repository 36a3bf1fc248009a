"""Pictures of stored factors, as Plotly's dictionaries: coverage and status, paths with bands, sectors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed
from tickwright.app.report.factors.views import NO_ROW, OK, Z95, FactorView, coverage
from tickwright.core.time import zone
from tickwright.factors.records import Status
from tickwright.factors.rows import STATUSES

WARMUP = int(Status.WARMUP)
SHARE, WHY = "share with a value", "why there is none"
SELDOM = 0.05
"""Share of its slots that a cell may lack before its reason is drawn: the first bar of a session has no return."""
COLUMNS = 180
POINTS = 1500
"""Points of a path; beyond, every n-th slot is drawn as it stands."""
COLOURS = {
    "warmup": "#d3d9df", "ok": "#e9f1ec", "insufficient_obs": "#d9a441", "zero_variance": "#8d7bb8",
    "stale_benchmark": "#b23b3b", "gap": "#5d8fb3", "collinear": "#7d5a3c",
    "empty_side": "#4f9a94", "crossed": "#c46a9d",
}  # fmt: skip
_LINE, _LEAST, _MOST = 13, 240, 760
_TICKS = 9
_HELD = (0.02, 0.98)
"""Quantiles of a path that its axis holds."""


def coverage_map(view: FactorView) -> dict[str, Any]:
    """Symbols over time, least covered first: the share of slots with a value, or why most others have none."""
    order = np.argsort(coverage(view), kind="stable")
    names = [view.symbols[i] for i in order]
    edges = _edges(len(view.ts_event), COLUMNS)
    status = view.status[order]
    rows = np.add.reduceat((status != NO_ROW).astype(np.int64), edges, axis=1)
    ok = np.add.reduceat((status == OK).astype(np.int64), edges, axis=1)
    warm = np.add.reduceat((status == WARMUP).astype(np.int64), edges, axis=1)
    # What no setting would fill is not held against a symbol.
    share = np.where(rows > warm, ok / np.maximum(rows - warm, 1), np.nan)
    codes = [k for k in range(len(STATUSES)) if k != OK]
    counts = np.stack([np.add.reduceat((status == k).astype(np.int64), edges, axis=1) for k in codes])
    few = rows - ok <= SELDOM * rows
    reason = np.where(counts.max(axis=0) > 0, np.array(codes)[counts.argmax(axis=0)], OK)
    why = np.where(few, OK, reason).astype(float)
    why[rows == 0] = np.nan
    texts = labels(view)[edges].tolist()
    words = [[STATUSES[k].replace("_", " ") for k in line] for line in reason.tolist()]
    kinds = len(STATUSES)
    missing = np.round(100 * (1 - share), 1)
    data = [
        {
            "type": "heatmap", "x": texts, "y": names, "z": packed(share, "f4"), "zmin": 0, "zmax": 1,
            "colorscale": [[0, "#a8402f"], [0.5, "#e2b36b"], [0.9, "#efe9c9"], [1, "#5f9e80"]],
            "meta": {"policy": SHARE}, "colorbar": {"title": {"text": "share"}, "thickness": 10, "tickformat": ".0%"},
            "hovertemplate": "%{y}<br>from %{x}: %{z:.1%} of the slots behind the warm-up have a value<extra></extra>",
        },
        {
            "type": "heatmap", "x": texts, "y": names, "z": packed(why, "f4"), "zmin": 0, "zmax": kinds - 1,
            "meta": {"policy": WHY}, "colorscale": _steps([COLOURS[name] for name in STATUSES]),
            "text": words, "customdata": packed(missing, "f4"),
            "colorbar": {
                "thickness": 10, "tickvals": [(k + 0.5) * (kinds - 1) / kinds for k in range(kinds)],
                "ticktext": [name.replace("_", " ") for name in STATUSES],
            },
            "hovertemplate": "%{y}<br>from %{x}: %{customdata} % without a value, mostly %{text}<extra></extra>",
        },
    ]  # fmt: skip
    height = 116 + int(min(max(_LINE * len(names), _LEAST), _MOST))
    layout = theme.layout(
        height,
        xaxis=theme.axis("", type="category", showgrid=False, **_dates(texts, texts)),
        yaxis=theme.axis("", type="category", autorange="reversed", showgrid=False, nticks=min(len(names), 45)),
        plot_bgcolor="#d3d9df",
    )
    layout["margin"] = {"l": 70, "r": 24, "t": 34, "b": 48}
    return {"data": data, "layout": layout}


def status_share(view: FactorView) -> dict[str, Any]:
    """Of all symbols together, the share of each status over time."""
    edges = _edges(len(view.ts_event), COLUMNS)
    rows = np.maximum(np.add.reduceat((view.status != NO_ROW).sum(axis=0), edges), 1)
    x = labels(view)[edges].tolist()
    data = []
    for k in (OK, *(k for k in range(len(STATUSES)) if k != OK)):
        name = STATUSES[k]
        share = np.add.reduceat((view.status == k).sum(axis=0), edges) / rows
        if share.any():
            data.append(
                {
                    "type": "bar", "name": name.replace("_", " "), "x": x, "y": packed(share, "f4"),
                    "marker": {"color": theme.GOOD if k == OK else COLOURS[name], "line": {"width": 0}},
                    "hovertemplate": f"{name.replace('_', ' ')} from %{{x}}: %{{y:.2%}}<extra></extra>",
                }
            )  # fmt: skip
    layout = theme.layout(
        230, barmode="stack", bargap=0,
        xaxis=theme.axis("", type="category", **_dates(x, x)),
        yaxis=theme.axis("share of rows", range=[0, 1], tickformat=".0%"),
    )  # fmt: skip
    return {"data": data, "layout": {**layout, "margin": {"l": 70, "r": 24, "t": 34, "b": 40}}}


def paths(view: FactorView, chosen: list[int]) -> dict[str, Any]:
    """Each chosen symbol with its 95 % band over the section's middle half; below, the benchmark itself."""
    every = max(1, -(-len(view.ts_event) // POINTS))
    at = np.arange(len(view.ts_event) - 1, -1, -every)[::-1]
    x = packed(at.astype(float), "i4")
    texts = labels(view)[at].tolist()
    quarter = _quantiles(view.value[:, at])
    data = [_band("middle half of all symbols", at, quarter[0], quarter[2], "rgba(102,113,126,0.15)")]
    for i in chosen:
        name, value, band = view.symbols[i], view.value[i, at], Z95 * view.stderr[i, at]
        meta = {"policy": name}
        if np.isfinite(band).any():
            data.append({**_band("95 % band", at, value - band, value + band, "rgba(31,111,139,0.22)"), "meta": meta})
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": name, "x": x, "y": packed(value, "f4"), "meta": meta,
                "line": {"color": theme.BID, "width": 1.6}, "text": texts, "customdata": packed(band, "f4"),
                "hovertemplate": "%{text}: %{y:.4~g} ± %{customdata:.2~g}<extra></extra>", "connectgaps": False,
            }
        )  # fmt: skip
    below = view.benchmark_path is not None
    if view.benchmark_path is not None:
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": "benchmark", "x": x, "yaxis": "y2", "text": texts,
                "y": packed(100 * view.benchmark_path[at], "f4"), "line": {"color": theme.ASK, "width": 1.2},
                "hovertemplate": "%{text}: %{y:.2f} %<extra>benchmark</extra>",
            }
        )  # fmt: skip
    bands = [(view.value[i, at], Z95 * np.nan_to_num(view.stderr[i, at])) for i in chosen]
    drawn = [np.concatenate([value - band, value + band]) for value, band in bands]
    low, high = _reach([*drawn, quarter[[0, 2]].ravel()], view.slope)
    layout = theme.layout(
        470 if below else 360,
        xaxis=theme.axis("", **_dates(texts, at.tolist()), anchor="y2" if below else "y"),
        yaxis=theme.axis(view.definition.tags.family, domain=[0.34, 1] if below else [0, 1], range=[low, high]),
        shapes=[_rule(1.0)] if view.slope else [],
    )  # fmt: skip
    if below:
        layout["yaxis2"] = theme.axis("benchmark, %", domain=[0, 0.24])
    return {"data": data, "layout": {**layout, "margin": {"l": 70, "r": 24, "t": 34, "b": 40}}}


def sectors(view: FactorView, at: int) -> dict[str, Any]:
    """The section at one slot: every symbol with its 95 % interval, sectors by their median."""
    grouped: dict[str, list[int]] = {}
    for i, symbol in enumerate(view.symbols):
        if np.isfinite(view.value[i, at]):
            grouped.setdefault(view.sectors.get(symbol) or "sector not known", []).append(i)
    order = sorted(grouped, key=lambda name: float(np.median(view.value[grouped[name], at])))
    data = []
    for k, name in enumerate(order):
        held = np.array(sorted(grouped[name], key=lambda i: view.value[i, at]))
        value, band = view.value[held, at], Z95 * view.stderr[held, at]
        spread = np.linspace(-0.32, 0.32, len(held)) if len(held) > 1 else np.zeros(1)
        colour = theme.POLICIES[k % len(theme.POLICIES)]
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": name, "x": packed(value), "y": packed(k + spread),
                "text": [view.symbols[i] for i in held], "customdata": packed(np.nan_to_num(band)),
                "error_x": {"type": "data", "array": packed(np.nan_to_num(band)), "color": colour, "thickness": 0.6,
                            "width": 0},
                "marker": {"size": 5, "color": colour}, "showlegend": False,
                "hovertemplate": "%{text}: %{x:.4~g} ± %{customdata:.2~g}<extra>" + name + "</extra>",
            }
        )  # fmt: skip
        middle = float(np.median(value))
        data.append(
            {
                "type": "scatter", "mode": "lines", "x": [middle, middle], "y": [k - 0.42, k + 0.42],
                "showlegend": False, "line": {"color": theme.INK, "width": 2.5},
                "hovertemplate": f"median {middle:.4g}<extra>{name}</extra>",
            }
        )  # fmt: skip
    height = 90 + 16 * len(order) + int(min(9 * sum(map(len, grouped.values())), 900))
    layout = theme.layout(
        height,
        xaxis=theme.axis(view.definition.tags.family),
        yaxis=theme.axis(
            "", tickvals=list(range(len(order))), ticktext=[f"{name} ({len(grouped[name])})" for name in order],
            range=[-0.6, len(order) - 0.4], showgrid=False,
        ),
        shapes=[{**_rule(1.0), "xref": "x", "yref": "paper", "x0": 1, "x1": 1, "y0": 0, "y1": 1}]
        if view.slope else [],
    )  # fmt: skip
    return {"data": data, "layout": layout}


def _band(name: str, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> dict[str, Any]:
    """A filled band, one closed shape a stretch without a hole: it says nothing where there is nothing."""
    there = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    across, up = [], []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        part = slice(begin, end)
        across += [x[part], x[part][::-1], [np.nan]]
        up += [low[part], high[part][::-1], [np.nan]]
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": packed(np.concatenate([[np.nan], *across]), "f8"),
        "y": packed(np.concatenate([[np.nan], *up]), "f4"), "fill": "toself", "fillcolor": colour, "line": {"width": 0},
        "hoverinfo": "skip",
    }  # fmt: skip


def _dates(texts: Sequence[str], places: Sequence[Any]) -> dict[str, Any]:
    """Ticks where a date begins, a few of them."""
    dates = [text[:10] for text in texts]
    begun = [k for k in range(len(dates)) if k == 0 or dates[k] != dates[k - 1]]
    begun = begun[:: -(-len(begun) // _TICKS)]
    return {"tickmode": "array", "tickvals": [places[k] for k in begun], "ticktext": [dates[k] for k in begun]}


def _rule(y: float) -> dict[str, Any]:
    """One: the benchmark's own beta."""
    return {
        "type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y,
        "line": {"color": theme.MUTED, "width": 1, "dash": "dot"},
    }  # fmt: skip


def _quantiles(value: np.ndarray) -> np.ndarray:
    """(3, slots): quartiles of the symbols that have a value, NaN where fewer than four do."""
    out = np.full((3, value.shape[1]), np.nan)
    enough = np.isfinite(value).sum(axis=0) >= 4
    if enough.any():
        out[:, enough] = np.nanquantile(value[:, enough], (0.25, 0.5, 0.75), axis=0)
    return out


def _reach(drawn: Sequence[np.ndarray], slope: bool) -> tuple[float, float]:
    """Limits that hold all but the farthest fiftieth of each on either side, and of a slope the one.

    They are at most three times as far apart as those of all together: one wild window is not to flatten all.
    """
    known = [one for values in drawn if len(one := values[np.isfinite(values)])]
    if not known:
        return 0.0, 2.0
    low, high = np.quantile(np.concatenate(known), _HELD)
    each = np.array([np.quantile(one, _HELD) for one in known])
    low, high = max(each[:, 0].min(), 2 * low - high), min(each[:, 1].max(), 2 * high - low)
    room = 0.06 * max(high - low, 1e-9)
    low, high = float(low - room), float(high + room)
    return (min(low, 0.9), max(high, 1.1)) if slope else (low, high)


def _edges(count: int, columns: int) -> np.ndarray:
    return np.asarray(np.unique((np.arange(min(columns, count)) * count) // min(columns, count)))


def labels(view: FactorView) -> np.ndarray:
    """Dates, or times of the exchange within the day."""
    stamps = view.ts_event.astype("datetime64[ns]")
    if view.daily:
        return np.asarray(np.datetime_as_string(stamps, "D"))
    if not len(stamps) or view.definition.tags.grid == "slot":
        return view.ts_event.astype(str)
    days, first = np.unique(stamps.astype("datetime64[D]"), return_inverse=True)
    shift = np.array(
        [dt.datetime.combine(d, dt.time(12), zone(view.zone)).utcoffset() for d in days.tolist()], "timedelta64[s]"
    )
    return np.array([text.replace("T", " ") for text in np.datetime_as_string(stamps + shift[first], "m").tolist()])


def _steps(colours: list[str]) -> list[list[Any]]:
    n = len(colours)
    return [[(k + end) / n, colour] for k, colour in enumerate(colours) for end in (0, 1)]
