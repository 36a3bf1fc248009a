"""The tables of a benchmark's page: one look for numbers, a dash for what is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tickwright.app.report.benchmark_figures import PARTS
from tickwright.app.report.numbers import MINUS, fixed, percent

Row = Mapping[str, Any]
DASH = "-"
NO_RATIO = "none"
_TONE = {"met": "good", "not met": "bad"}


def headline(rows: Sequence[Row]) -> str:
    """Every policy: what it cost, how sure that is, how it spreads, and against the two that count. Cheapest first by
    the paired difference to the heuristic, since further baselines have played fewer episodes."""
    heads = (
        ("policy", ""), ("episodes", ""), ("mean", "bp"), ("ticks", ""), ("median", "bp"), ("IQM", "bp"), ("sd", "bp"),
        ("CVaR 95 %", "bp"), ("forced", "%"), ("maker", "%"), ("less heuristic", "bp"), ("wins", "% against it"),
        ("less twap/take", "bp"),
    )  # fmt: skip
    return _numbers(heads, "".join(_headline_row(row) for row in sorted(rows, key=_paired)))


def _headline_row(row: Row) -> str:
    cells = [
        f"{row['episodes']:,}", f"{fixed(row['mean_bps'], 3)}<small>{_between(row['ci95'])}</small>",
        fixed(row["mean_ticks"], 3), fixed(row["median_bps"], 3), fixed(row["iqm_bps"], 3), fixed(row["sd_bps"], 2),
        fixed(row["cvar95_bps"], 2), percent(row["forced_share"], 2), percent(row["maker_share"]),
        _apart(row, "heuristic"),
        DASH if row["policy"] == "heuristic" else percent(row["win_rate_to"].get("heuristic")), _apart(row,
    "twap/take"), ]  # fmt: skip
    return _line(row, cells, key=1)


def _paired(row: Row) -> float:
    apart = row["difference_to"].get("heuristic")
    return float("inf") if apart is None else float(apart["bps"])


def ratios(rows: Sequence[Row], rivals: Sequence[str]) -> str:
    """Ratios of means, each beside its difference in bps and ticks."""
    heads = [("policy", "")]
    for rival in rivals:
        heads += [(f"/ {rival}", "ratio"), ("less it", "bp, ticks")]
    body = ""
    for row in sorted(rows, key=_paired):
        cells: list[str] = []
        for rival in rivals:
            apart = row["difference_to"].get(rival)
            if apart is None or row["policy"] == rival:
                cells += [DASH] * 2
                continue
            between, ratio = row["ratio_ci95"][rival], row["ratio_to"][rival]
            cells += [
                NO_RATIO if ratio is None else f"{fixed(ratio, 3)}<small>{_between(between)}</small>",
                f"{fixed(apart['bps'], 3, plus=True)}<small>{fixed(apart['ticks'], 3, plus=True)}</small>",
            ]  # fmt: skip
        body += _line(row, cells)
    return _numbers(heads, body)


def frontier(found: Sequence[Mapping[str, Any]]) -> str:
    """Risk aversions: mean, tail and objective of everybody."""
    heads = [("policy", "")]
    for scenario in found:
        risk = scenario["name"].partition(": ")[2]
        heads += [(risk, "mean, bp"), ("CVaR 95 %", "bp"), ("objective", "bp")]
    body = ""
    for row in found[0]["rows"]:
        if row["kind"] == "worst":
            continue
        cells = []
        for scenario in found:
            same = next(other for other in scenario["rows"] if other["policy"] == row["policy"])
            cells += [fixed(same["mean_bps"], 3), fixed(same["cvar95_bps"], 2), fixed(same["objective_bps"], 3)]
        body += _line(row, cells)
    return _numbers(heads, body)


def split(rows: Sequence[Row]) -> str:
    """The parts of the mean, with the half-widths of their intervals."""
    heads = [("policy", ""), ("mean", "bp"), *((label, "bp") for label, _ in PARTS.values())]
    body = ""
    for row in _cheapest(rows):
        if row["split_bps"] is None:
            continue
        wide = row["split_half_width_bps"]
        cells = [fixed(row["mean_bps"], 3)]
        cells += [
            fixed(row["split_bps"][part], 3) + (f" ±{fixed(wide[part], 3)}" if wide else "") for part in PARTS
        ]  # fmt: skip
        body += _line(row, cells, key=0)
    return _numbers(heads, body)


def scenarios(found: Sequence[Mapping[str, Any]], row_of: Any, names: Sequence[str]) -> str:
    """One line a scenario: the market as it was, costs of the main policies, and what the policy costs more."""
    heads = [
        ("scenario", ""), ("spread", "ticks"), ("depth", "lots"), ("move", "ticks"), *((name, "bp") for name in names),
        ("policy", "bp"), ("CVaR 95 %", "bp"), ("less heuristic", "bp"), ("/ heuristic", "ratio"),
    ]  # fmt: skip
    body = ""
    for scenario in found:
        rows = {row["policy"]: row for row in scenario["rows"]}
        own, market = row_of(scenario), scenario["market"]
        cells = [fixed(market["spread"], 2), fixed(market["depth"], 0), fixed(market["move"], 1)]
        cells += [fixed(rows[name]["mean_bps"], 3) for name in names]
        if own is None:
            cells += [DASH] * 4
        else:
            ratio = own["ratio_to"].get("heuristic")
            cells += [
                fixed(own["mean_bps"], 3), fixed(own["cvar95_bps"], 2), _apart(own, "heuristic"),
                NO_RATIO if ratio is None else fixed(ratio, 3),
            ]  # fmt: skip
        worse = own is not None and own["difference_to"].get("heuristic", {"bps": 0})["bps"] > 0
        what = f' title="{escape(scenario["what"])}"'
        kind = ' class="worse"' if worse else ""
        body += f"<tr{kind}><th{what}>{escape(scenario['name'])}</th>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"
    return _numbers(heads, body)


def targets(rows: Sequence[Mapping[str, str]]) -> str:
    """Must and stretch, each with its verdict."""
    body = "".join(
        f"<tr><td>{escape(row['quantity'])}</td><td>{escape(row['must'])}</td><td>{_verdict(row['verdict'])}</td>"
        f"<td>{escape(row['stretch'])}</td><td>{_verdict(row['stretch_verdict'])}</td><td>{words(row['value'])}</td>"
        f"<td>{escape(row['why'])}</td></tr>"
        for row in rows
    )
    heads = "".join(f"<th>{h}</th>" for h in ("quantity", "must", "", "stretch", "", "measured", "why"))
    return f'<table class="targets"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def checks(verdict: Mapping[str, Any]) -> str:
    """The checks of a gate, those that failed first."""
    groups = [("market", verdict["market"]["checks"])]
    groups += [(name, told["checks"]) for name, told in verdict["policies"].items()]
    lines = sorted(
        ((check["passed"], whose, check) for whose, part in groups for check in part), key=lambda line: line[0]
    )
    body = "".join(
        f"<tr><td>{_verdict('met' if passed else 'not met', 'pass' if passed else 'FAIL')}</td><td>{escape(whose)}</td>"
        f"<td>{escape(check['name'])}</td><td class='count'>{fixed(check['value'], 3)}</td>"
        f"<td>{_band(check['band'])}</td><td>{escape(check['rule'])}</td></tr>"
        for passed, whose, check in lines
    )
    heads = "".join(f"<th>{h}</th>" for h in ("", "of", "check", "value", "band", "rule"))
    return f'<table class="targets"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def replay(rows: Sequence[Row]) -> str:
    """A recorded day: costs by policy, as ratios of sums."""
    heads = (("policy", ""), ("cost", "bp"), ("sd of orders", "bp"), ("CVaR 95 %", "bp"), ("less twap/take", "bp"),
             ("95 % interval", "bp"), ("filled", "%"))  # fmt: skip
    body = "".join(
        _line(
            row,
            [
                fixed(row["mean_bps"], 2),
                fixed(row["sd_bps"], 2),
                fixed(row["cvar95_bps"], 2),
                fixed(row["difference_to_take_bps"], 2, plus=True),
                _between(row["difference_ci95"]),
                percent(row["filled"]),
            ],
            key=0,
        )
        for row in _cheapest(rows)
    )
    return _numbers(heads, body)


def words(text: str) -> str:
    """A sentence as a page shows it: true minus signs."""
    return escape(re.sub(r"(?<!\w)-(?=\d)", MINUS, text))


def _cheapest(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: float("inf") if row["mean_bps"] is None else row["mean_bps"])


def _line(row: Row, cells: Sequence[str], key: int = -1) -> str:
    kind = ' class="own"' if row["kind"] in ("policy", "several", "worst") else ""
    shown = "".join(
        f"<td{' class=' + chr(34) + 'key' + chr(34) if i == key else ''}>{c}</td>" for i, c in enumerate(cells)
    )
    of = f" <small>{escape(row['of'])}</small>" if "of" in row else ""
    return f"<tr{kind}><th>{escape(row['policy'])}{of}</th>{shown}</tr>"


def _apart(row: Row, rival: str) -> str:
    """A difference with its interval; red where the policy is surely dearer."""
    apart = row["difference_to"].get(rival)
    if apart is None or row["policy"] == rival:
        return DASH
    low, high = apart["ci95"]
    tone = "bad" if low > 0 else "good" if high < 0 else ""
    text = f"{fixed(apart['bps'], 3, plus=True)}<small>{_between(apart['ci95'])}</small>"
    return f'<span class="{tone}">{text}</span>' if tone else text


def _between(ends: Sequence[float | None]) -> str:
    return f"{fixed(ends[0], 3)} to {fixed(ends[1], 3)}"


def _band(band: Sequence[float | None]) -> str:
    low, high = band
    if low is not None and low == high:
        return f"{low:g}"
    return " and ".join(f"{word} {end:g}" for word, end in (("at least", low), ("at most", high)) if end is not None)


def _verdict(verdict: str, text: str | None = None) -> str:
    return f'<span class="badge {_TONE.get(verdict, "none")}">{escape(text or verdict)}</span>'


def _numbers(heads: Sequence[tuple[str, str]], body: str) -> str:
    head = "".join(f"<th>{escape(name)}{f'<small>{unit}</small>' if unit else ''}</th>" for name, unit in heads)
    return (
        f'<div class="scroll"><table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
