"""What a person sees in the terminal: progress on stderr, summaries on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tickwright.app.failures import check_interrupted
from tickwright.app.report.numbers import NOT_AVAILABLE, fixed, percent

_WIDTH = 150
_PIPE = 1_000_000
"""Columns of a pipe: each line is as long as it needs."""
_NARROW = 12
"""Columns that a wrapped cell keeps at least, if its head is that long."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


@contextmanager
def progress() -> Iterator[Report]:
    """A bar on stderr while something long goes on; silent when stderr is not a terminal. Heeds Ctrl-C."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done, total: check_interrupted()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            check_interrupted()
            bar.update(task, description=what, completed=done, total=total or None)

        yield show


def summary(document: dict[str, Any], files: Sequence[Path]) -> None:
    """One table a parent order, policies as rows, cheapest first; then the notes and where the files are."""
    console = _console()
    # Columns that would be cut off say less than lines that wrap.
    console.width = max(_WIDTH, console.width)
    for rows in _by_parent(document["orders"]):
        console.print(_table(rows))
        if any(row.get("venues") for row in rows):
            console.print(_venues(rows))
    _notes(console, document)
    if files:
        console.print(f"report: {files[0]}", soft_wrap=True, highlight=False)


def _by_parent(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    parents: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        parents.setdefault((row["instrument"], row["parent_id"]), []).append(row)
    return [sorted(group, key=lambda row: Decimal(row["shortfall"]["total"])) for group in parents.values()]


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    first = rows[0]
    table = Table(
        title=f"{first['side']} {first['ordered']} {first['instrument']}, decision price {first['decision_price']}",
        caption="cost > 0 is bad; shortfall in bp of the order at the decision price, its parts in "
        f"{first['currency']}; markout > 0 is our profit",
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=None,
        header_style="bold",
        pad_edge=False,
    )
    table.add_column("policy", no_wrap=True)
    for name, _ in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=False)
    for row in rows:
        table.add_row(row["policy"], *(cell(row) for _, cell in _COLUMNS))
    return table


def _venues(rows: Sequence[dict[str, Any]]) -> Table:
    """What each policy traded where."""
    table = Table(
        title="by venue", title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False
    )
    for name in ("policy", "venue"):
        table.add_column(name, no_wrap=True)
    for name in ("share\n%", "made\n", "taken\n", "at mid\n", "spread\n", "fees\n"):
        table.add_column(name, justify="right")
    for row in rows:
        for name, part in row["venues"].items():
            money = (fixed(part[key], 2) for key in ("spread", "fees"))
            table.add_row(row["policy"], name, percent(part["share"]), part["made"], part["taken"], part["mid"], *money)
    return table


def _money(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: fixed(row["shortfall"][name], 2)


def _inside(group: str, name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: fixed(row[group].get(name), 2)


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("filled\n%", lambda row: percent(row["fill_rate"])),
    ("shortfall\nbp", lambda row: fixed(row["shortfall_bps"], 2)),
    ("delay\n", _money("delay")),
    ("trading\n", _money("trading")),
    ("opportunity\n", _money("opportunity")),
    ("fees\n", _money("fees")),
    ("total\n", _money("total")),
    ("vs arrival\nbp", _inside("slippage_bps", "arrival")),
    ("vs VWAP\nbp", _inside("slippage_bps", "interval_vwap")),
    ("markout 1s\nbp", _inside("markout_bps", "1s")),
    ("maker\n%", lambda row: percent(row["maker_share"])),
    ("particip.\n%", lambda row: percent(row["participation"], 2)),
)


def _notes(console: Console, document: dict[str, Any]) -> None:
    notes = dict.fromkeys(document["notes"])
    several = len({row["parent_id"] for row in document["orders"]}) > 1
    for row in document["orders"]:
        which = f", {row['side']} {row['ordered']} {row['instrument']}" if several else ""
        notes |= dict.fromkeys(f"{row['policy']}{which}: {note}" for note in row["notes"])
        shown = (("slippage_bps", "arrival"), ("slippage_bps", "interval_vwap"), ("markout_bps", "1s"))
        for group, name in shown:
            if row[group].get(name) is None:
                reason = row["missing"].get(f"{group}.{name}", "not computed")
                notes[f"{row['policy']}, {row['side']} {row['ordered']}: {name} is {NOT_AVAILABLE}, {reason}"] = None
    for note in notes:
        console.print(f"note: {note}", style="dim", highlight=False)


def listing(
    rows: Sequence[Sequence[str]], heads: Sequence[str], right: Sequence[str], keys: Sequence[str] = ()
) -> None:
    """A plain table on stdout; the columns named in `right` are aligned to the right.

    In a pipe nothing wraps, whatever the length of a line. A terminal that is too narrow wraps the columns that are
    not in `right` or `keys`, down to the width of their heads; nothing is cut.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    least = 0
    for column, head in enumerate(heads):
        cells = [head, *(row[column] for row in rows)]
        whole = head in right or head in keys
        width = max(map(cell_len, cells)) if whole else min(_NARROW, cell_len(head))
        least += width + 2  # two between columns
        table.add_column(
            Text(head),
            justify="right" if head in right else "left",
            no_wrap=whole,
            overflow="fold",
            min_width=width,
        )
    for row in rows:
        table.add_row(*map(Text, row))  # as it stands: what a file or a query says may look like markup
    console = _console()
    console.width = max(least, console.width)  # a table with less room than that loses columns
    with console.capture() as shown:
        console.print(table, crop=False)
    lines = shown.get().splitlines()
    console.file.writelines(f"{line if console.is_terminal else line.rstrip()}\n" for line in lines)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _PIPE)
