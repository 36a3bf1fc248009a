"""The order over the market: bid and ask as steps, our fills on them, displayed depth beneath."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed, reference
from tickwright.app.report.data import Fills, Market, ParentView

_LARGEST = 16.0  # pixels across the largest fill


def figure(parent: ParentView, market: Market, zone: str) -> dict[str, Any]:
    """Quotes, depth and fills between a little before the parent's start and a little after its end."""
    shapes, notes = [], []
    marks = [(parent.start, "arrival", False), (parent.end, "deadline", True)]
    if parent.decision < parent.start:
        marks.insert(0, (parent.decision, "decision", True))
    for moment, label, left in marks:
        shape, note = theme.rule_at(moment, label, left)
        shapes.append(shape)
        notes.append(note)
    largest = max((float(p.fills.sizes.max()) for p in parent.policies if len(p.fills.sizes)), default=1.0)
    fills = [t for p in parent.policies for t in _fills(p.policy, p.fills, largest, market)]
    begin = min(parent.start, parent.decision)
    pad = 0.02 * (parent.end - begin)
    room = 0.06 * (parent.end - begin) if parent.decision < parent.start else pad  # for the label on the left
    return {
        "data": [*_depth(market), *_quotes(market), *fills],
        "layout": theme.layout(
            430,
            xaxis=theme.clock_axis(zone, range=[begin - room, parent.end + pad]),
            yaxis=theme.axis(
                f"price ({market.currency})", tickformat=f",.{market.decimals}f", range=_span(parent, market)
            ),
            shapes=shapes,
            annotations=notes,
            hovermode="closest",
        ),
    }


def _span(parent: ParentView, market: Market) -> list[float]:
    """The prices that quotes and fills reach, a little wider: the depth grid is wider still."""
    inside = (market.times >= min(parent.decision, parent.start)) & (market.times <= parent.end)
    bid, ask = market.bid[inside], market.ask[inside]
    prices = [bid[np.isfinite(bid)], ask[np.isfinite(ask)], *(p.fills.prices for p in parent.policies)]
    every = np.concatenate([p for p in prices if len(p)] or [np.array([0.0, 1.0])])
    low, high = float(every.min()), float(every.max())
    pad = max(0.06 * (high - low), 2 * 10.0**-market.decimals)
    return [low - pad, high + pad]


def _quotes(market: Market) -> list[dict[str, Any]]:
    lines = []
    for name, colour in (("bid", theme.BID), ("ask", theme.ASK)):
        lines.append(
            {
                "type": "scatter", "mode": "lines", "name": f"best {name}",
                "x": reference(f"{market.key}.times"), "y": reference(f"{market.key}.{name}"),
                "line": {"shape": "hv", "color": colour, "width": 1.2},
                "hovertemplate": f"best {name} %{{y:,.{market.decimals}f}}<extra></extra>",
            }
        )  # fmt: skip
    return lines


def _depth(market: Market) -> list[dict[str, Any]]:
    if market.depth is None:
        return []
    shown = market.depth.lots[market.depth.lots > 0]
    ceiling = float(np.log10(1 + np.quantile(shown, 0.99))) if len(shown) else 1.0
    top = 10**ceiling - 1
    marks: list[float] = [mark for mark in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000) if mark <= top] or [
        round(top, 2)
    ]
    return [
        {
            "type": "heatmap",
            "name": "displayed depth",
            "x": reference(f"{market.key}.depth_times"),
            "y": reference(f"{market.key}.depth_prices"),
            "z": reference(f"{market.key}.depth_log"),
            "customdata": reference(f"{market.key}.depth_lots"),
            "zmin": 0,
            "zmax": ceiling,
            "colorscale": theme.DEPTH_SCALE,
            "colorbar": {
                "title": {"text": "displayed<br>quantity", "font": {"size": 11, "color": theme.MUTED}},
                "thickness": 10, "len": 0.7, "outlinewidth": 0, "tickfont": {"size": 10},
                "tickvals": [float(np.log10(1 + mark)) for mark in marks],
                "ticktext": [f"{mark:,}" for mark in marks],
            },
            "hovertemplate": "depth at %{y:,." + str(market.decimals) + "f}: %{customdata:,.0f}<extra></extra>",
        }
    ]  # fmt: skip


def _fills(policy: str, fills: Fills, largest: float, market: Market) -> list[dict[str, Any]]:
    traces = []
    for taking, label, symbol, inside, edge in (
        (True, "fill, taking", "triangle-up", theme.INK, "#ffffff"),
        (False, "fill, making", "circle", "#ffd166", theme.INK),
    ):
        chosen = fills.taker == taking
        if not chosen.any():
            continue
        extra = np.column_stack([fills.sizes[chosen], fills.ahead[chosen]])
        traces.append(
            {
                "type": "scatter", "mode": "markers", "name": label, "meta": {"policy": policy},
                "x": packed(fills.times[chosen]), "y": packed(fills.prices[chosen]), "customdata": packed(extra, "f4"),
                "marker": {
                    "symbol": symbol, "color": inside, "line": {"color": edge, "width": 1},
                    "size": packed(fills.sizes[chosen], "f4"), "sizemode": "area",
                    "sizeref": 2 * largest / _LARGEST**2, "sizemin": 5, "opacity": 0.95,
                },
                "hovertemplate": f"<b>{label}</b><br>%{{customdata[0]:,.6~f}} at %{{y:,.{market.decimals}f}}"
                "<br>%{x|%H:%M:%S.%L}<br>ahead in queue: %{customdata[1]:,.6~f}<extra></extra>",
            }
        )  # fmt: skip
    return traces


def shared_arrays(market: Market) -> dict[str, Any]:
    """What `figure` refers to by name: one copy a market."""
    table = {
        f"{market.key}.times": packed(market.times),
        f"{market.key}.bid": packed(market.bid),
        f"{market.key}.ask": packed(market.ask),
        f"{market.key}.volume_times": packed(market.volume_times),
        f"{market.key}.volume": packed(market.volume),
    }
    if market.depth is not None:
        table |= {
            f"{market.key}.depth_times": packed(market.depth.times),
            f"{market.key}.depth_prices": packed(market.depth.prices),
            f"{market.key}.depth_lots": packed(market.depth.lots, "f4"),
            f"{market.key}.depth_log": packed(np.log10(1 + market.depth.lots), "f4"),
        }
    return table
