"""The results as tables for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench.measure import Row

_MET = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "too small to say"}


def show(results: Row, console: Console) -> None:
    """Print everything that was measured, then what was promised."""
    for flow, result in results.get("replay", {}).items():
        facts = result["facts"]
        console.print(
            _runs(
                f"{flow}: {facts['rows']:,} rows, {facts['live_orders']:,} live orders, "
                f"{facts['mean_touch_queue']} orders in the best queue, spread {facts['mean_spread']} ticks",
                result["runs"],
            )
        )
        if result["ratios"]:
            console.print(_ratios(result))
    if "agreement" in results:
        same = results["agreement"]
        console.print(
            f"On a flow of deep queues ({same['rows']:,} rows): {same['reference']} fills with hftbacktest, "
            f"{same['ours']} with Tickwright, {same['common']} of them the same in time, side and price.\n",
            highlight=False,
        )
    if "ingest" in results:
        console.print(_ingest(results["ingest"]))
    if "memory" in results:
        console.print(_memory(results["memory"]))
    if "binance" in results:
        console.print(_binance(results["binance"]))
    if "market" in results:
        for made in _market(results["market"]):
            console.print(made)
    if "learner" in results:
        console.print(_learner(results["learner"]))
    if "factors" in results:
        console.print(_factors(results["factors"]))
    if "features" in results:
        console.print(_features(results["features"]))
    if "startup" in results:
        console.print(_startup(results["startup"]))
    console.print(_targets(results["targets"]))


def _columns(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(names):
        table.add_column(name, justify="left" if index == 0 else "right")
    return table


def _factors(result: Row) -> Table:
    ours, peers, stream = result["batch"], result["peers"], result["stream"]
    table = _columns(
        f"Rolling market beta: {ours['assets']} assets by {ours['bars']:,} bars, W = 390; a stream of "
        f"{stream['assets']} assets; peers on one asset, RollingOLS on {peers['ols_bars']:,} bars of it",
        "what", "figure",
    )  # fmt: skip
    table.add_row("asset-bars a CPU-second", f"{ours['asset_bars_per_cpu_s'] / 1e6:.1f} million")
    table.add_row("CPU ns an asset-bar", f"{ours['ns_per_asset_bar']:.1f}")
    table.add_row("    of the fastest eight assets", f"{ours['least_ns_per_asset_bar']:.1f}")
    table.add_row("    with all rows kept", f"{ours['kept_ns_per_asset_bar']:.1f}")
    table.add_row("    from rows to a frame", f"{ours['frame_ns_per_asset_bar']:.1f}")
    table.add_row("    pandas rolling cov / var", f"{peers['pandas_ns_per_asset_bar']:.1f}")
    table.add_row("    statsmodels RollingOLS", f"{peers['rolling_ols_ns_per_asset_bar']:,.0f}")
    for name, words in (("all", "every bar"), ("tile_edges", "ends of tiles"), ("window_edges", "ends of windows")):
        row = stream[name]
        table.add_row(
            f"stream, us an update, {words}: p50, p90, p99",
            f"{row['p50_us']:.1f}, {row['p90_us']:.1f}, {row['p99_us']:.1f}",
        )
        table.add_row("    CPU us: p50, p99", f"{row['cpu_p50_us']:.1f}, {row['cpu_p99_us']:.1f}")
    tails = stream["p99_us_of_rounds"]
    table.add_row(f"    p99 of {len(tails)} rounds, least to most", f"{min(tails):.1f} to {max(tails):.1f}")
    feed = result["feed"]
    table.add_row(
        "    from closes of minutes to rows, us: p50, p99", f"{feed['p50_us']:.1f}, {feed['p99_us']:.1f}"
    )  # fmt: skip
    section = result["section"]
    size = f"{section['assets']:,} assets by {section['bars']:,} bars, beta and shrinkage"
    table.add_row(f"{size}: peak MB, CPU s", f"{section['peak_bytes'] / 1e6:,.0f}, {section['cpu_s']:.1f}")
    table.add_row("    bytes of two processes", "those of one" if section["same_bytes"] else "DIFFERENT")
    return table


def _features(result: Row) -> Table:
    ours, peer = result["ours"], result["polars"]
    what = f"{ours['features']} features of {ours['day']}, {ours['events']:,} events"
    table = _columns(
        f"{what}; Polars does {peer['features']} of them from the recorded book rows", "what", "CPU s", "ns"
    )
    for name, words in (
        ("tape_s", "compile the tape"),
        ("book_s", "all features, tape in memory"),
        ("frame_s", "    and the frame, with statuses"),
    ):
        table.add_row(words, f"{ours[name]:.3f}", f"{ours[name] / ours['events'] / ours['features'] * 1e9:.1f}")
    table.add_row(f"the {peer['features']} that Polars does", f"{ours['few_s']:.3f}", "")
    table.add_row("    Polars expressions", f"{peer['cpu_s']:.3f}", "")
    table.add_row("    greatest difference", f"{peer['difference']:.1e}", "")
    return table


def _runs(title: str, runs: Row) -> Table:
    table = _columns(title, "run", "CPU s", "spread", "ns/row", "tape ns/row", "sent", "fills", "compile s", "peak MB")
    for name, run in runs.items():
        cpu = run["cpu_s"]
        spread = f"{cpu['least']:.3f} to {cpu['greatest']:.3f}"
        tape = f"{run['tape_ns_per_row']:.1f}" if "tape_ns_per_row" in run else ""
        sent = run.get("sent", 0) + run.get("replaced", 0)
        table.add_row(
            name, f"{cpu['median']:.3f}", spread, f"{run['ns_per_row']:.1f}", tape,
            f"{sent:,}", f"{run['fills']:,}", f"{run['compile_s']['median']:.1f}", f"{run['peak_bytes'] / 1e6:,.0f}",
        )  # fmt: skip
    return table


def _ratios(result: Row) -> Table:
    table = _columns(
        "CPU time of hftbacktest over Tickwright; above 1 Tickwright is faster",
        "work", "ratio", "spread", "with tape", "spread ", "against",
    )  # fmt: skip
    for name, row in result["ratios"].items():
        replay, tape = row["replay"], row["with_tape"]
        table.add_row(
            name, f"{replay['median']:.1f}", f"{replay['least']:.1f} to {replay['greatest']:.1f}",
            f"{tape['median']:.1f}", f"{tape['least']:.1f} to {tape['greatest']:.1f}", row["reference"],
        )  # fmt: skip
    return table


def _ingest(rows: Row) -> Table:
    table = _columns("Ingest", "file", "records", "records/s", "records/CPU s", "peak MB")
    for name, row in rows.items():
        table.add_row(
            name, f"{row['records']:,}", f"{row['records_per_s']['median']:,.0f}",
            f"{row['records_per_cpu_s']['median']:,.0f}", f"{row['peak_bytes'] / 1e6:,.0f}",
        )  # fmt: skip
    return table


def _memory(rows: Row) -> Table:
    title = f"A day of {rows['events']:,} events; memory in MB"
    table = _columns(title, "step", "events/s", "CPU s", "anonymous", "pages of files", "peak of both")
    for name, row in rows.items():
        if name != "events":
            held = (f"{row[kind] / 1e6:,.0f}" for kind in ("anonymous_bytes", "file_bytes", "peak_bytes"))
            table.add_row(name, f"{row['events_per_s']:,.0f}", f"{row['cpu_s']:.2f}", *held)
    return table


def _binance(row: Row) -> Table:
    title = f"Binance raw lines, {row['rows']:,} rows of levels and trades, gzip; hftbacktest's converter beside"
    table = _columns(title, "what", "rows/CPU s", "over hftbacktest")
    told = {"read": "read into memory, as the converter does", "ingest": "into a catalog", "hftbacktest": "hftbacktest"}
    for name, what in told.items():
        times = f"{row[f'{name}_over_hftbacktest']:.1f}" if name != "hftbacktest" else ""
        table.add_row(what, f"{row['rows_per_cpu_s'][name]:,.0f}", times)
    return table


def _market(rows: Row) -> list[Table]:
    flow = _columns(
        "Reactive markets, the background alone", "model and books", "messages/CPU s", "ns/message", "bytes"
    )
    for name, row in rows["flow"].items():
        flow.add_row(
            name, f"{row['events_per_cpu_s']:,.0f}", f"{row['ns_per_event']:.1f}", f"{row['bytes_per_book']:,}"
        )
    steps = _columns("Reactive markets, a request of ours a step", "model, books, messages, threads", "steps/s")
    for name, row in rows["steps"].items():
        steps.add_row(name, f"{row['steps_per_s']:,.0f}")
    whole = _columns("The environment, whole steps", "books, messages, threads", "steps/s", "steps/CPU s", "over Qlib")
    peer = rows.get("peer", {}).get("steps_per_cpu_s", {})
    for name, row in rows["environment"].items():
        over = f"{row['steps_per_cpu_s'] / max(peer.values()):,.0f}" if peer else ""
        whole.add_row(name, f"{row['steps_per_s']:,.0f}", f"{row['steps_per_cpu_s']:,.0f}", over)
    for minutes, found in peer.items():
        whole.add_row(f"Qlib {rows['peer']['version']}, {minutes} bars a step", "", f"{found:,.0f}", "")
    if "missing" in rows.get("peer", {}):
        whole.caption = f"Qlib is not there: {rows['peer']['missing']}"
    return [flow, steps, whole]


_OVER = ("speed_over_stable_baselines3", "cpu_speed_over_stable_baselines3")


def _learner(rows: Row) -> Table:
    table = _columns(
        "PPO on the default market",
        "who, threads of the episodes",
        "steps/s",
        "steps/CPU s",
        "environment's share",
        "over",
    )
    for name, row in rows.items():
        for who, words in (("ours", "Tickwright"), ("stable-baselines3", "Stable-Baselines3")):
            found = row[who]
            table.add_row(
                f"{words}, {name}", f"{found['steps_per_s']:,.0f}", f"{found['steps_per_cpu_s']:,.0f}",
                f"{found['environment_share']:.0%}",
                *(f"{row[kind]:.2f}" if who == "ours" else "" for kind in _OVER),
            )  # fmt: skip
    return table


def _startup(rows: Row) -> Table:
    table = _columns("Start", "what", "wall s", "CPU s", "peak MB")
    for name, row in rows.items():
        if isinstance(row, dict) and "median" in row:
            table.add_row(name, f"{row['median']:.2f}", "", "")
        elif isinstance(row, dict):
            table.add_row(name, f"{row['wall_s']:.2f}", f"{row['cpu_s']:.2f}", f"{row['peak_bytes'] / 1e6:,.0f}")
    return table


def _targets(rows: list[Row]) -> Table:
    table = _columns("Promised", "what", "wanted", "found", "met")
    for row in rows:
        found = f"{row['found']:,.0f}" if row["found"] >= 1000 else f"{row['found']:.2f}"
        table.add_row(row["what"], row["wanted"], found, _MET[row["met"]])
    return table
