"""One palette and one chart layout for every figure. The page's own style sheet is `page.css`."""

from __future__ import annotations

from typing import Any

INK = "#1c2530"
MUTED = "#66717e"
RULE = "#d9dee4"
FAINT = "#eef1f4"
BID = "#1f6f8b"
ASK = "#b5532a"
GOOD = "#2f7d5b"
BAD = "#b23b3b"
TOTAL = "#4a5765"
VOLUME = "#93a1b0"

COMPONENTS = {
    "delay": "#9aa4af",
    "spread": "#2f6ea3",
    "impact": "#d07a2d",
    "timing": "#7fa650",
    "trading": "#2f6ea3",
    "opportunity": "#a3496f",
    "fees": "#6f63a6",
}
POLICIES = ("#1f6f8b", "#b5532a", "#5f8a3a", "#7a5aa6", "#b08900", "#a3496f", "#4a5765", "#2b9a92")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

LEGEND = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 11}}

DEPTH_SCALE = [[0.0, "#ffffff"], [0.2, "#f4f6f8"], [0.6, "#dfe5ea"], [0.85, "#bcc7d1"], [1.0, "#8595a5"]]


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis: thin rules, title close by, ticks outside."""
    return {
        "title": {"text": title, "font": {"size": 12, "color": MUTED}, "standoff": 8},
        "showline": True,
        "linecolor": RULE,
        "gridcolor": FAINT,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": RULE,
        "tickfont": {"size": 11, "color": INK},
        "automargin": True,
        **more,
    }


def clock_axis(zone: str, **more: Any) -> dict[str, Any]:
    """A time axis in exchange-local time."""
    stops = [
        {"dtickrange": [None, 1000], "value": "%H:%M:%S.%L"},
        {"dtickrange": [1000, 60000], "value": "%H:%M:%S"},
        {"dtickrange": [60000, None], "value": "%H:%M"},
    ]
    return axis(f"exchange time ({zone})", type="date", tickformatstops=stops, hoverformat="%H:%M:%S.%L", **more)


def layout(height: int, **more: Any) -> dict[str, Any]:
    """The layout that all figures start from; `height` in pixels."""
    return {
        "height": height,
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 64, "r": 24, "t": 16, "b": 48},
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "bgcolor": "#ffffff", "bordercolor": RULE},
        "legend": LEGEND,
        "dragmode": "zoom",
        **more,
    }


def rule_at(x: float, label: str, left: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """A vertical dotted line over the whole height, its label at the top on the right or left: (shape, annotation)."""
    shape = {
        "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
        "line": {"color": MUTED, "width": 1, "dash": "dot"},
    }  # fmt: skip
    note = {
        "xref": "x", "yref": "paper", "x": x, "y": 1, "text": label, "showarrow": False,
        "xanchor": "right" if left else "left", "yanchor": "top",
        "xshift": -3 if left else 3, "font": {"size": 10, "color": MUTED}, "bgcolor": "rgba(255,255,255,0.8)",
    }  # fmt: skip
    return shape, note
