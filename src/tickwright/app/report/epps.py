"""The page of beta by length of bar: why least squares on short bars is wrong, in pictures. Loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any

from tickwright.app.report import page, theme
from tickwright.app.report.numbers import fixed
from tickwright.core.units import MINUTE, SECOND, Nanos
from tickwright.factors.tick.epps import SLOW, Point, Signature, Slope

EVERY_TICK = "every tick"
HAYASHI_YOSHIDA = "Hayashi\N{EN DASH}Yoshida"
_AT_EVERY_TICK = 0.05
"""Seconds at which the picture has what is of every tick."""
_SURE = 2
"""Standard errors of a band."""
_HEIGHT = 420
_SLOPES = {"bars": ("least squares on bars of the last price", theme.ASK, "rgba(181,83,42,0.14)"),
           "ticks": (HAYASHI_YOSHIDA, theme.BID, "rgba(31,111,139,0.16)")}  # fmt: skip


def length_text(length: Nanos) -> str:
    """`0.1 s`, `30 s`, `5 min`."""
    return f"{length // MINUTE} min" if length >= MINUTE else f"{length / SECOND:.3g} s"


def slope_text(slope: Slope | None) -> str:
    """Value ± standard error."""
    return "" if slope is None else f"{fixed(slope.value, 2)} ± {fixed(slope.stderr, 2)}"


def render(signatures: Sequence[tuple[str, Signature]]) -> str:
    """The page of titled signatures, the first one first. A function of them alone."""
    figures: page.Figures = {}
    first = signatures[0][1]
    title = f"Beta of {first.asset} to {first.benchmark} by length of bar"
    body = (
        f"<header><h1>{escape(title)}</h1><p>On short bars one of two prices is mostly an old one, and the beta of "
        f"least squares falls to nought (Epps, 1979). {HAYASHI_YOSHIDA} takes every tick at its own time.</p></header>"
        + "".join(_section(n, name, one, figures) for n, (name, one) in enumerate(signatures))
    )
    return page.assemble(title, body, figures)


def figure(signature: Signature) -> dict[str, Any]:
    """Both betas over the length of bar with bands of two standard errors, the truth, and the rules of a least bar."""
    data: list[dict[str, Any]] = []
    for name, (label, colour, shade) in _SLOPES.items():
        points = [(p.length / SECOND, s) for p in signature.points if (s := getattr(p, name)) is not None]
        if name == "ticks" and signature.every is not None:
            points.insert(0, (_AT_EVERY_TICK, signature.every))
        x = [at for at, _ in points]
        low, high = ([s.value + side * _SURE * s.stderr for _, s in points] for side in (-1, 1))
        data.append(
            {
                "type": "scatter", "mode": "lines", "x": [*x, *reversed(x)], "y": [*high, *reversed(low)],
                "fill": "toself", "fillcolor": shade, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False,
            }
        )  # fmt: skip
        data.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": label, "x": x, "y": [s.value for _, s in points],
                "customdata": [s.stderr for _, s in points], "line": {"color": colour, "width": 2},
                "marker": {"size": 6, "color": colour},
                "hovertemplate": "%{y:.2f} ± %{customdata:.2f}<extra>" + label + "</extra>",
            }
        )  # fmt: skip
    level, words = _level(signature)
    if level is not None:
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": words, "x": [_AT_EVERY_TICK, _x(signature)[-1]],
                "y": [level, level], "line": {"color": theme.INK, "width": 1, "dash": "dash"}, "hoverinfo": "skip",
            }
        )  # fmt: skip
    rules = [
        theme.rule_at(max(5 * gap / SECOND, _AT_EVERY_TICK), f"five {kind} gaps, {5 * gap / SECOND:.2g} s")
        for kind, gap in (("median", signature.median_gap), ("mean", signature.mean_gap))
    ]
    for k, (_, note) in enumerate(rules):
        note["x"] = log10(note["x"])  # a label on a logarithmic axis is placed by the exponent, a line is not
        note["y"] = 0.08 - 0.06 * k
        note["yanchor"] = "bottom"
    ticks = [_AT_EVERY_TICK, *(at for at in _x(signature) if at in (0.1, 1, 5, 10, 30, 60, 300, 1800))]
    names = [EVERY_TICK, *(length_text(round(at * SECOND)) for at in ticks[1:])]
    layout = theme.layout(
        _HEIGHT,
        xaxis=theme.axis(f"length of bar; of {HAYASHI_YOSHIDA}, of the stretch of which the last tick counts",
                         type="log", tickmode="array", tickvals=ticks, ticktext=names),
        yaxis=theme.axis("beta", rangemode="tozero"),
        shapes=[shape for shape, _ in rules], annotations=[note for _, note in rules],
    )  # fmt: skip
    return {"data": data, "layout": layout}


def _x(signature: Signature) -> list[float]:
    return [p.length / SECOND for p in signature.points if p.bars is not None]


def _level(signature: Signature) -> tuple[float | None, str]:
    if signature.truth is not None:
        return signature.truth, f"the truth, {fixed(signature.truth, 2)}"
    slow = signature.slow
    return (None if slow is None else slow.value), f"least squares on bars of {length_text(SLOW)}"


def _section(number: int, name: str, signature: Signature, figures: page.Figures) -> str:
    told = (
        f"{signature.ticks[0]:,} ticks of {signature.asset}, {signature.ticks[1]:,} of {signature.benchmark}, at "
        f"moments of their own; the slower ticks every {signature.median_gap / SECOND:.3g} s in the median and every "
        f"{signature.mean_gap / SECOND:.3g} s on average. Bands are two standard errors."
    )
    rows = "".join(_row(point) for point in signature.points)
    heads = f"<th>length</th><th>least squares on bars</th><th>{HAYASHI_YOSHIDA}</th>"
    every = f"<tr><th>{EVERY_TICK}</th><td></td><td>{slope_text(signature.every)}</td></tr>"
    return (
        f'<section><h2{" class=flow" if number == 0 else ""}>{escape(name)}</h2><p class="what">{escape(told)}</p>'
        + page.chart(f"epps{number}", figure(signature), figures)
        + '<details><summary>Every figure</summary><div class="scroll"><table class="numbers">'
        f"<thead><tr>{heads}</tr></thead><tbody>{every}{rows}</tbody></table></div></details></section>"
    )


def _row(point: Point) -> str:
    return (
        f"<tr><th>{length_text(point.length)}</th><td>{slope_text(point.bars)}</td>"
        f"<td>{slope_text(point.ticks)}</td></tr>"
    )
