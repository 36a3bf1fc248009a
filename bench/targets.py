"""What Tickwright promises of its speed, and whether a measurement keeps it."""

from __future__ import annotations

from bench.measure import Row

GIGABYTE = 10**9


def compare(results: Row, judged: bool) -> list[Row]:
    """Every target that `results` can answer: what, wanted, found, met (null unless the sizes let it be `judged`)."""
    rows: list[Row] = []

    def note(what: str, wanted: str, found: float, met: bool) -> None:
        rows.append({"what": what, "wanted": wanted, "found": found, "met": met if judged else None})

    def at_least(what: str, wanted: float, found: float) -> None:
        note(what, f"at least {wanted:g}", found, found >= wanted)

    def below(what: str, wanted: float, found: float) -> None:
        note(what, f"below {wanted:g}", found, found < wanted)

    for flow, result in results.get("replay", {}).items():
        for name in ("no orders", "quoting"):
            if name in result["ratios"]:
                found = result["ratios"][name]["replay"]["median"]
                at_least(f"CPU time of hftbacktest over Tickwright, {name}, {flow}", 4.0, found)
    ingest = results.get("ingest", {})
    for name, row in ingest.items():
        # A file of two million takes a second, and to start is half of that: speeds are promised for ten.
        long = name.endswith(" 10000000")
        if name.startswith("dbn"):
            if long:
                at_least(f"ingest {name}: records a second", 2e6, row["records_per_s"]["median"])
            below(f"ingest {name}: peak memory, bytes", GIGABYTE, row["peak_bytes"])
        elif name.startswith("itch"):
            if long:
                at_least(f"ingest {name}: messages a second", 1.5e6, row["records_per_s"]["median"])
            below(f"ingest {name}: peak memory, bytes", GIGABYTE, row["peak_bytes"])
    for step, row in results.get("memory", {}).items():
        if step != "events":
            below(
                f"a day of {results['memory']['events']:,} events, {step}: peak memory, bytes",
                GIGABYTE,
                row["peak_bytes"],
            )
    binance = results.get("binance", {})
    if binance:
        # The converter ends in memory. What a catalog adds (hashes, Parquet, the commit) it does not do, and is shown.
        wanted = "CPU time of hftbacktest's converter over Tickwright, Binance raw lines into memory"
        at_least(wanted, 10.0, binance["read_over_hftbacktest"])
    market = results.get("market", {})
    if market:
        fp = {name: row for name, row in market["flow"].items() if name.startswith("fp ")}
        fastest = max(fp, key=lambda name: fp[name]["events_per_cpu_s"])
        at_least(f"reactive market {fastest}: messages a CPU-second", 12e6, fp[fastest]["events_per_cpu_s"])
        below(f"reactive market {fastest}: bytes a book", 45_000, fp[fastest]["bytes_per_book"])
        for messages, pace in ((100, 250_000), (50, 500_000)):
            found = {n: row for n, row in market["environment"].items() if f"messages {messages} threads 2" in n}
            if found:
                best = max(found, key=lambda name: found[name]["steps_per_s"])
                at_least(f"environment, {best}: steps a second", pace, found[best]["steps_per_s"])
    for name, row in results.get("learner", {}).items():
        at_least(
            f"PPO, steps a CPU-second over Stable-Baselines3, {name}", 1.0, row["cpu_speed_over_stable_baselines3"]
        )
        if name == "threads 2":
            below("PPO, environment's share of the time, threads 2", 0.4, row["ours"]["environment_share"])
    factors = results.get("factors", {})
    if factors:
        ours, peers, stream = factors["batch"], factors["peers"], factors["stream"]
        at_least("rolling beta: asset-bars a CPU-second", 10e6, ours["asset_bars_per_cpu_s"])
        ratio = peers["rolling_ols_ns_per_asset_bar"] / ours["kept_ns_per_asset_bar"]
        at_least("CPU time of statsmodels RollingOLS over Tickwright, an asset-bar, all rows kept", 20.0, ratio)
        panel = f"rolling beta, a bar of {stream['assets']} assets from their returns"
        below(f"{panel}: microseconds, p99", 100.0, stream["all"]["p99_us"])
        below(f"{panel}: CPU microseconds, p99", 100.0, stream["all"]["cpu_p99_us"])
        below(f"{panel}: microseconds at the end of a window, p50", 100.0, stream["window_edges"]["p50_us"])
        section = factors["section"]
        size = f"{section['assets']:,} assets by {section['bars']:,} bars through a graph with a section"
        below(f"{size}: peak memory, bytes", 2 * GIGABYTE, section["peak_bytes"])
        note(f"{size}: bytes of two processes", "those of one", float(section["same_bytes"]), section["same_bytes"])
    features = results.get("features", {}).get("ours")
    if features and features["events"] > 100_000:
        day = f"{features['day']}, {features['events']:,} events"
        what = f"{features['features']} book features of {day}: CPU seconds"
        below(f"{what} with the tape", 0.5, features["tape_s"] + features["book_s"])
        below(f"{what} to a frame with statuses", 0.5, features["tape_s"] + features["frame_s"])
    startup = results.get("startup", {})
    if startup:
        below("tickwright --help: seconds", 0.5, startup["help_s"]["median"])
        below("second run ready after seconds", 2.0, startup["ready_second_s"]["median"])
    return rows
