"""What a check found, in the order and the words in which terminal and page tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickwright.run.quality.check import CheckResult

ORDER: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}
_MOST_NAMES = 4
_DONE: Mapping[str, str] = {"moved": "moved to their place in time", "removed": "removed"}
_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns"))


def worst_first(findings: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Findings by code, worst code first; within a code the largest count first."""
    by_code: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        by_code.setdefault(finding["code"], []).append(finding)
    groups = [sorted(group, key=lambda f: (-f["count"], f["instrument"], f["schema"])) for group in by_code.values()]
    return sorted(groups, key=lambda g: (ORDER[g[0]["severity"]], -sum(f["count"] for f in g), g[0]["code"]))


def noted(result: CheckResult) -> dict[str, list[str]]:
    """What could not be checked → the instruments and schemas of which that is true."""
    where: dict[str, list[str]] = {}
    for unit in result.units:
        for note in unit.notes:
            where.setdefault(note, []).append(f"{unit.unit.instrument.symbol} {unit.unit.schema}")
    return {note: list(dict.fromkeys(names)) for note, names in where.items()}


def named(where: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    shown = where if len(where) <= _MOST_NAMES + 1 else where[:_MOST_NAMES]
    more = f" and {len(where) - len(shown):,} more" if len(where) > len(shown) else ""
    return f"{', '.join(shown)}{more}"


def put_right_lines(answer: Mapping[str, Any]) -> list[str]:
    """What `--fix` did and left, a line each code; nothing where it was not asked for."""
    lines = []
    fixed: dict[str, list[dict[str, Any]]] = {}
    for entry in answer.get("fixed", ()):
        fixed.setdefault(entry["code"], []).append(entry)
    for code, entries in fixed.items():
        rows, first = sum(e["rows"] for e in entries), min(entries, key=lambda e: (e["first"]["ts"], e["instrument"]))
        place = f"{first['first']['time'][:23].removesuffix('Z')} row {first['first']['row']:,}"
        where = named([f"{e['instrument']} {e['schema']}" for e in entries])
        lines.append(f"fixed: {code}: {rows:,} row{'' if rows == 1 else 's'} {_DONE[entries[0]['what']]} in {where}; "
                     f"the first is {first['instrument']} {place}")  # fmt: skip
    lines += [f"left: {e['code']}: {e['count']:,} as found; {e['reason']}" for e in answer.get("left", ())]
    if "fixed" in answer and not fixed:
        lines.insert(0, "fixed: nothing; no fault is proven, and no version was written")
    return lines


def detailed(finding: Mapping[str, Any]) -> str:
    """The parts of a count, or how far it is off; empty where there is nothing more to say."""
    detail = dict(finding["detail"])
    told = []
    if "least_ns" in detail:
        told.append(f"by {_span(detail.pop('least_ns'))} to {_span(detail.pop('most_ns'))}")
    if "longest_ns" in detail:
        told.append(f"{detail.pop('times'):,} times, for {_span(detail.pop('longest_ns'))} at most")
    return ", ".join([*told, *(f"{name.replace('_', ' ')} {count:,}" for name, count in detail.items())])


def _span(ns: int) -> str:
    size, unit = next(((s, u) for s, u in _UNITS if ns >= s), _UNITS[-1])
    return f"{ns / size:.4g} {unit}"
