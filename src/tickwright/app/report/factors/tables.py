"""Tables of the page of stored factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import polars as pl

from tickwright.app.report.factors.views import OK, FactorView, apart, coverage
from tickwright.app.report.numbers import fixed, percent
from tickwright.factors.records import Status
from tickwright.factors.rows import STATUSES
from tickwright.factors.store.compare import COUNTS, total

MOST = 15
"""Lines of a table that stand open; the rest is folded away."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is a name, the others are numbers or short words."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def folded(heads: Sequence[str], rows: Sequence[Sequence[str]], what: str) -> str:
    """A table whose first lines stand open."""
    shown = rows if len(rows) <= MOST + 3 else rows[:MOST]
    rest = rows[len(shown) :]
    more = f"<details><summary>{len(rest):,} more {what}</summary>{table(heads, rest)}</details>" if rest else ""
    return table(heads, shown) + more


def coverage_table(view: FactorView) -> str:
    """Symbols by coverage, least first, with the share of every status that occurs."""
    share = coverage(view)
    others = [k for k in range(len(STATUSES)) if k != OK and (view.status == k).any()]
    order = np.argsort(share, kind="stable")
    names = [STATUSES[k].replace("_", " ") for k in others]
    heads = ("symbol", "rows", "with a value, %", *(f"{name}, %" for name in names), "longest time without, slots")
    rows = [
        (
            view.symbols[i], f"{int((view.status[i] >= 0).sum()):,}", percent(float(share[i]), 2),
            *(percent(float((view.status[i] == k).mean()), 2) for k in others), f"{_longest(view.status[i]):,}",
        )
        for i in order.tolist()
    ]  # fmt: skip
    return folded(heads, rows, "symbols")


def _longest(status: np.ndarray) -> int:
    """The longest run of slots without a value after the first one that has one."""
    ok = np.flatnonzero(status == OK)
    if not len(ok):
        return len(status)
    after = [*ok.tolist(), len(status)]
    return int(max(np.diff(after) - 1))


def section_table(view: FactorView, at: int) -> str:
    """Sectors at one slot: how many, median, quartiles, median error, mean R² is not stored by symbol here."""
    grouped: dict[str, list[int]] = {}
    for i, symbol in enumerate(view.symbols):
        if np.isfinite(view.value[i, at]):
            grouped.setdefault(view.sectors.get(symbol) or "sector not known", []).append(i)
    everything = sorted(i for held in grouped.values() for i in held)
    rows = [
        (name, *_line(view, held, at))
        for name, held in sorted(grouped.items(), key=lambda g: -float(np.median(view.value[g[1], at])))
    ]
    rows.append(("all", *_line(view, everything, at)))
    heads = ("sector", "symbols", "lower quartile", "median", "upper quartile", "mean", "median error")
    return table(heads, rows)


def _line(view: FactorView, held: Sequence[int], at: int) -> tuple[str, ...]:
    value, error = view.value[list(held), at], view.stderr[list(held), at]
    known = error[np.isfinite(error)]
    quarters = np.quantile(value, (0.25, 0.5, 0.75))
    return (
        f"{len(held):,}", *(fixed(float(q), 3) for q in quarters), fixed(float(value.mean()), 3),
        fixed(float(np.median(known)) if len(known) else None, 3),
    )  # fmt: skip


def compared_table(frame: pl.DataFrame) -> str:
    """Live against backfill: the whole, then symbols with the most that differs."""
    whole = total(frame)
    columns = COUNTS
    heads = (
        "",
        *(name.replace("_", " ") for name in columns),
        "mismatch rate",
        "largest difference",
        "first difference",
    )
    worst = frame.with_columns(bad=pl.col("mismatched") + pl.col("live_only") + pl.col("backfill_only")).sort(
        "bad", "within", descending=True, maintain_order=True
    )
    lines = [
        (
            row["symbol"], *(f"{row[name]:,}" for name in columns), _rate(row["mismatch_rate"]),
            "" if row["max_difference"] is None else f"{row['max_difference']:.3g}",
            "" if row["first_ts"] is None else f"{row['first_column']}, {np.datetime64(row['first_ts'], 'ns')!s:.16}",
        )
        for row in worst.iter_rows(named=True)
    ]  # fmt: skip
    largest = frame["max_difference"].max()
    first = (
        "all symbols", *(f"{whole[name]:,}" for name in columns), _rate(whole["mismatch_rate"]),
        f"{largest:.3g}" if isinstance(largest, float) else "", "",
    )  # fmt: skip
    return folded(heads, [first, *lines], "symbols")


def _rate(rate: float | int | None) -> str:
    return "no common row" if rate is None else f"{100 * rate:.4f} %"


def checks_table(view: FactorView) -> str:
    """Look-ahead, start and parity of this very configuration."""
    rows = [
        (
            o.check,
            "passed" if o.passed else "FAILED",
            f"{o.compared:,}",
            o.difference or ("" if o.compared else "no values"),
        )
        for o in view.checks
    ]
    return table(("check", "outcome", "rows compared", "first difference"), rows)


def bands_line(view: FactorView) -> str:
    """In words, whether the bands are as wide as they should be."""
    found = apart(view)
    if found is None:
        return "Too short a span, or no standard errors, to hold windows that do not overlap against their bands."
    pairs, outside = found
    return (
        f"Of {pairs:,} pairs of neighbouring windows that do not overlap, {100 * outside:.1f} % differ by more than "
        "their 95 % band; were betas constant and the errors right it would be 5 %."
    )


def warmup_note(view: FactorView) -> str:
    """How much of the span is warm-up, which no setting would fill."""
    share = float((view.status == int(Status.WARMUP)).mean())
    return f"{100 * share:.1f} % of the slots are warm-up of {view.horizon:,} slots." if share else ""
