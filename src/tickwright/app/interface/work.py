"""`tickwright execute | policies | demo`: what works parent orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import ConfigFile, Out, Seed
from tickwright.app.interface.root import app

_EXECUTE_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright execute --catalog ticks --instrument GOOG --date 2012-06-21 --side buy --side sell "
        "--quantity 2000 --quantity 20000 --start 10:00 --end 11:00 --policy twap/take "
        "--policy vwap/post-then-cross --out out/goog",
        "$ tickwright execute --config run.toml --seed 2 --out out/seed2",
        "$ tickwright execute --market fp --seed 7 --instrument SIM --date 2026-01-05 --side buy --quantity 2000 "
        "--start 10:00 --end 10:30 --out out/fp",
        "Sides, quantities and instruments multiply: the first example works four parent orders, each alone in the "
        "market. With --together they are in the market at the same time.",
    )
)

_ORDER, _SIM, _GATE = "Parent orders", "Simulated venue", "Pre-trade gate"


@app.command(epilog=_EXECUTE_EXAMPLES)
def execute(
    out: Out,
    catalog: Annotated[
        str | None, typer.Option("--catalog", metavar="DIR", help="Folder of the tick catalog, or its address.")
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL[:FILE]",
            help="Instead of recorded data a generated market that answers the orders: fp, fp-small-tick, ql, "
            "queue-reactive, hawkes, epsilon or santa-fe; FILE holds its parameters, as `calibrate` writes them.",
        ),
    ] = None,
    config: ConfigFile = None,
    instrument: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Instrument; repeat for several.", rich_help_panel=_ORDER)
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.", rich_help_panel=_ORDER)
    ] = None,
    side: Annotated[
        list[str] | None, typer.Option(metavar="buy|sell", help="Side; repeat for both.", rich_help_panel=_ORDER)
    ] = None,
    quantity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="Quantity in units of the instrument; repeat for several.", rich_help_panel=_ORDER
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Arrival, as 10:00 or '14:00 Z'; exchange-local without a zone.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Deadline.", rich_help_panel=_ORDER)] = None,
    decision: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it was decided to trade.", show_default="the start", rich_help_panel=_ORDER
        ),
    ] = None,
    limit: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Worst price that may be paid.", rich_help_panel=_ORDER)
    ] = None,
    finish: Annotated[
        str | None,
        typer.Option(
            metavar="cross|leave",
            help="What is left near the deadline: cross goes as far as the displayed liquidity within the placement's "
            "reach does; leave keeps it unfilled (take and post-then-cross cross all the same).",
            show_default="cross",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    together: Annotated[
        bool | None,
        typer.Option(
            "--together/--alone",
            help="All parent orders in one market at once.",
            show_default="alone",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEDULE/PLACEMENT",
            help="Policy to compare; repeat for several, the first is the baseline. Schedules: twap, vwap, pov, ac "
            "(Almgren-Chriss), ow (Obizhaeva-Wang), split. Placements: take, post-then-cross, mid-peg, requote, "
            "imbalance, rl:FILE (a trained policy), registry:DIR (the one that trades by a registry). "
            "Options stand in brackets, as twap(slices=24)/take; `tickwright policies` lists them all.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    entry_latency: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Desk to exchange, as 250us.", show_default="250us", rich_help_panel=_SIM
        ),
    ] = None,
    response_latency: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Exchange to desk.", show_default="250us", rich_help_panel=_SIM),
    ] = None,
    feed_latency: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Market data to desk, after its receive time.",
            show_default="0us",
            rich_help_panel=_SIM,
        ),
    ] = None,
    latency_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Measured latencies to draw from: a CSV file with the header entry_ns,response_ns.",
            rich_help_panel=_SIM,
        ),
    ] = None,
    maker_fee: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Currency per unit (a share, a contract) when making; below zero is a rebate.",
            show_default="0",
            rich_help_panel=_SIM,
        ),
    ] = None,
    taker_fee: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Currency per unit when taking.", show_default="0", rich_help_panel=_SIM),
    ] = None,
    resilience: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION|never", help="Half-life after which liquidity that we took is back.", rich_help_panel=_SIM
        ),
    ] = None,
    impact: Annotated[
        str | None,
        typer.Option(
            metavar="off|TICKS",
            help="Transient impact: ticks by which one lot taken moves the market.",
            show_default="off",
            rich_help_panel=_SIM,
        ),
    ] = None,
    impact_decay: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Time in which that impact decays to 1/e.", rich_help_panel=_SIM),
    ] = None,
    queue_law: Annotated[
        str | None,
        typer.Option(
            metavar="auto|exact|risk-averse|prob-power(n)|prob-log",
            help="Where our orders stand in their queues: exact on order-by-order data; on depth data, which share of "
            "cancels was ahead of us.",
            show_default="auto: exact, or risk-averse on depth data",
            rich_help_panel=_SIM,
        ),
    ] = None,
    seed: Seed = None,
    max_order: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Largest quantity of one child order; or off.",
            show_default="off",
            rich_help_panel=_GATE,
        ),
    ] = None,
    price_collar: Annotated[
        str | None,
        typer.Option(
            metavar="BP",
            help="Farthest a price may be beyond the mid, in basis points; or off.",
            show_default="200",
            rich_help_panel=_GATE,
        ),
    ] = None,
    max_parent_share: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Largest share of its parent that one child order may be, above 0 to 1, as 0.25; or off.",
            show_default="off",
            rich_help_panel=_GATE,
        ),
    ] = None,
) -> None:
    """Work parent orders through a recorded day, or a market that answers, and report what each policy cost.

    All policies see the same market and the same random numbers. The result is a table here, and in DIR: report.html
    (opens in any browser, loads nothing), result.json, orders.parquet, fills.parquet and manifest.json.
    """
    from tickwright.app.commands import work

    options = dict(locals())
    for name in ("work", "out", "config"):
        options.pop(name)
    work.execute(out, config, {name: value for name, value in options.items() if value not in (None, [])})


@app.command(epilog="$ tickwright policies")
def policies() -> None:
    """List the schedules and placements that --policy can name, with their options and defaults."""
    from tickwright.app.commands import work

    work.policies()


@app.command(epilog="$ tickwright demo --out out/demo")
def demo(out: Out, seed: Seed = None) -> None:
    """Run the whole flow on simulated sessions of a seeded market: no data needed."""
    from tickwright.app.commands import work

    work.demo(out, 1 if seed is None else seed)
