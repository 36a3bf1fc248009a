"""The tables of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from tickwright.app.report.data import ParentView, PolicyView
from tickwright.app.report.figures.comparison import components_bps
from tickwright.app.report.figures.components import LABELS
from tickwright.app.report.numbers import NOT_AVAILABLE, exact, fixed, label_of, leaves, percent, unit_of

Cell = tuple[str, str]  # text, explanation shown on hover


def headline(parent: ParentView) -> str:
    """Policies as rows, cheapest first: shortfall and its parts, benchmarks, quality of fills."""
    views = sorted(parent.policies, key=lambda view: Decimal(view.row["shortfall"]["total"]))
    names = [name for name in LABELS if any(name in components_bps(parent, view) for view in views)]
    columns: list[tuple[str, str, Callable[[PolicyView], Cell]]] = [
        ("filled", "%", lambda v: (percent(float(v.row["filled"]) / float(v.row["ordered"])), f"{v.row['filled']}")),
        ("average price", "", lambda v: (fixed(v.row["average_price"], 4), exact(v.row["average_price"]))),
        ("shortfall", "bp", lambda v: (fixed(v.row["shortfall_bps"], 2), f"{v.row['shortfall']['total']} in currency")),
        *((LABELS[name], "bp", _component(parent, name)) for name in names),
        ("vs arrival", "bp", _benchmark("arrival")),
        ("vs interval VWAP", "bp", _benchmark("interval_vwap")),
        ("markout 1s", "bp", lambda v: _nested(v.row, "markout_bps", "1s")),
        ("maker share", "%", lambda v: (percent(v.row.get("maker_share")), _reason(v.row, "maker_share"))),
        ("participation", "%", lambda v: (percent(v.row.get("participation"), 2), _reason(v.row, "participation"))),
    ]
    head = _heads([(name, unit) for name, unit, _ in columns])
    body = ""
    for view in views:
        cells = "".join(_cell(*cell(view), strong=name == "shortfall") for name, _unit, cell in columns)
        body += f"<tr><th>{escape(view.policy)}</th>{cells}</tr>"
    return f'<table class="numbers"><thead><tr><th>policy</th>{head}</tr></thead><tbody>{body}</tbody></table>'


def _component(parent: ParentView, name: str) -> Callable[[PolicyView], Cell]:
    def cell(view: PolicyView) -> Cell:
        return fixed(components_bps(parent, view).get(name), 2), ""

    return cell


def _benchmark(name: str) -> Callable[[PolicyView], Cell]:
    return lambda view: _nested(view.row, "slippage_bps", name)


def _nested(row: dict[str, Any], group: str, name: str) -> Cell:
    value = row[group].get(name)
    return (fixed(value, 2), "") if value is not None else (NOT_AVAILABLE, _reason(row, f"{group}.{name}"))


def _reason(row: dict[str, Any], name: str) -> str:
    return "" if row.get(name) is not None else str(row["missing"].get(name, "not computed"))


def _cell(text: str, title: str, strong: bool = False) -> str:
    hint = f' title="{escape(title)}"' if title else ""
    kind = ' class="key"' if strong else ' class="na"' if text == NOT_AVAILABLE else ""
    return f"<td{kind}{hint}>{escape(text)}</td>"


def group_headline(rows: Sequence[dict[str, Any]]) -> str:
    """Policies over all parent orders, cheapest first; a table a currency, for amounts of two cannot be ranked."""
    currencies = dict.fromkeys(row["currency"] for row in rows)
    return "".join(_group_headline([row for row in rows if row["currency"] == c]) for c in currencies)


def _group_headline(rows: Sequence[dict[str, Any]]) -> str:
    ranked = sorted(rows, key=lambda row: Decimal(row["shortfall"]["total"]))
    body = ""
    for row in ranked:
        parts = row["shortfall"]
        texts = [
            (str(row["orders"]), ""),
            (percent(row["fulfil_rate"]), _reason(row, "fulfil_rate")),
            (fixed(row["shortfall_bps"], 2), f"{parts['total']} {row['currency']}"),
            *((fixed(parts[name], 2), "") for name in ("delay", "trading", "opportunity", "fees", "total")),
            _nested(row, "slippage_bps", "arrival"),
            _nested(row, "slippage_bps", "interval_vwap"),
            _nested(row, "markout_bps", "1s"),
            (percent(row["maker_share"]), _reason(row, "maker_share")),
            (fixed(row["cvar95_bps"], 2), ""),
        ]
        cells = "".join(_cell(text, title, strong=i == 2) for i, (text, title) in enumerate(texts))
        body += f"<tr><th>{escape(row['policy'])}</th>{cells}</tr>"
    money = escape(str(rows[0]["currency"]))
    heads = (
        ("orders", ""), ("filled", "%"), ("shortfall", "bp"), ("delay", money), ("trading", money),
        ("opportunity", money), ("fees", money), ("total", money), ("vs arrival", "bp"), ("vs interval VWAP", "bp"),
        ("markout 1s", "bp"), ("maker share", "%"), ("CVaR 95%", "bp"),
    )  # fmt: skip
    return f'<table class="numbers"><thead><tr><th>policy</th>{_heads(heads)}</tr></thead><tbody>{body}</tbody></table>'


def venues(parent: ParentView) -> str:
    """What each policy traded where; nothing where the market names no venue."""
    rows = [view.row for view in parent.policies]
    if not any(row.get("venues") for row in rows):
        return ""
    body = ""
    for row in rows:
        for name, part in row["venues"].items():
            texts = [percent(part["share"]), part["made"], part["taken"], part["mid"]]
            texts += [fixed(part["spread"], 2), fixed(part["fees"], 2)]
            cells = "".join(_cell(text, "") for text in texts)
            body += f"<tr><th>{escape(row['policy'])}, {escape(name)}</th>{cells}</tr>"
    money = escape(str(rows[0]["currency"]))
    heads = _heads((("share", "%"), ("made", ""), ("taken", ""), ("at mid", ""), ("spread", money), ("fees", money)))
    return f'<table class="numbers"><thead><tr><th>policy, venue</th>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _heads(columns: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<th>{escape(name)}{f'<small>{unit}</small>' if unit else ''}</th>" for name, unit in columns)


def groups(rows: Sequence[dict[str, Any]]) -> str:
    """Policies over all parent orders: ratios of sums, every figure of result.json's `policies`."""
    if not rows:
        return ""
    return _columns("figure", [str(row.get("policy", "")) for row in rows], rows, skip=("policy",))


def comparisons(rows: Sequence[dict[str, Any]]) -> str:
    """Policies less the baseline, with interval and p-values."""
    body = ""
    for row in rows:
        interval = row["interval_bps"]
        between = f"{fixed(interval['low'], 2)} to {fixed(interval['high'], 2)}" if interval else NOT_AVAILABLE
        texts = (
            fixed(row["difference_bps"], 2),
            between,
            str(row["pairs"]),
            fixed(row["p"], 3),
            fixed(row["p_adjusted"], 3),
        )
        body += f"<tr><th>{escape(row['policy'])}</th>{''.join(_cell(t, '') for t in texts)}</tr>"
    heads = ("difference<small>bp</small>", "95 % interval<small>bp</small>", "orders", "p", "p, adjusted")
    head = "".join(f"<th>{name}</th>" for name in heads)
    title = f"less {escape(rows[0]['baseline'])}"
    return f'<table class="numbers"><thead><tr><th>{title}</th>{head}</tr></thead><tbody>{body}</tbody></table>'


def details(parent: ParentView) -> str:
    """Every figure of result.json for one parent order: figures as rows, policies as columns."""
    rows = [view.row for view in parent.policies]
    return _columns("figure", [view.policy for view in parent.policies], rows, skip=("policy",))


def _columns(corner: str, names: Sequence[str], rows: Sequence[dict[str, Any]], skip: tuple[str, ...]) -> str:
    flat = [leaves(row) for row in rows]
    every = dict.fromkeys(path for row in flat for path in row if path[0] not in skip)
    # Single figures first, so that none seems to belong to the group above it.
    paths = sorted(every, key=lambda path: len(path) > 1)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body, group = "", ""
    for path in paths:
        if _is_text(path):
            continue
        if len(path) > 1 and path[0] != group:
            body += f'<tr class="group"><th colspan="{len(names) + 1}">{escape(label_of(path[:1]))}</th></tr>'
        group = path[0]
        unit = unit_of(path)
        name = label_of(path[1:] if len(path) > 1 else path)
        cells = "".join(_cell(exact(row.get(path)), "") for row in flat)
        body += f"<tr><th>{escape(name)}{f' <small>{unit}</small>' if unit else ''}</th>{cells}</tr>"
    return f'<table class="numbers wide"><thead><tr><th>{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table>'


def _is_text(path: tuple[str, ...]) -> bool:
    """Reasons and notes are sentences; they stand below the tables, not in them."""
    return any(key in ("missing", "markout_missing", "notes") for key in path)


def missing(parent: ParentView) -> str:
    """`n/a` with its reason, once for all the policies that share it, and the notes of the rows."""
    notes: dict[str, list[str]] = {}
    absent: dict[tuple[str, str], list[str]] = {}
    for view in parent.policies:
        for note in view.row["notes"]:
            notes.setdefault(str(note), []).append(view.policy)
        for path, reason in view.row["missing"].items():
            absent.setdefault((label_of(tuple(path.split("."))), str(reason)), []).append(view.policy)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (name, reason), who in absent.items():
        together.setdefault((reason, tuple(who)), []).append(name)
    lines = [*notes.items()]
    lines += [
        (f"{NOT_AVAILABLE}, {reason}: {', '.join(names)}.", list(who)) for (reason, who), names in together.items()
    ]
    every = len(parent.policies)
    items = ""
    for text, who in lines:
        whose = "" if len(who) == every else f" <small>({escape(', '.join(who))})</small>"
        items += f"<li>{escape(text)}{whose}</li>"
    return f'<ul class="notes">{items}</ul>' if items else ""
