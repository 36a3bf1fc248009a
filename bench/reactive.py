"""The reactive market: how fast it runs, and what its prices do. `python -m bench.reactive` prints all as JSON lines.

Each function returns rows. Speeds are of process time; facts and impacts are of fresh seeds, which are an argument.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tickwright.book.layout import ASK, BID
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.driver import open_markets, step, stopped
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST, Ask
from tickwright.venue.sim.reactive.parameters import FP, MODELS, Parameters
from tickwright.venue.sim.reactive.rows import row_of

Row = dict[str, Any]
MID = 10_000
_NONE = np.zeros(0, REQUEST)


def opened(given: Parameters, count: int, seed: int, burn: int = 5_000) -> tuple[np.ndarray, np.ndarray]:
    params = row_of(given)
    markets = np.zeros(count, MARKET)
    open_markets(markets, params, seed, MID)
    step(markets, params, _NONE, burn)
    return markets, params


def speeds(counts: tuple[int, ...] = (1, 256, 1024), events: int = 50, seed: int = 1) -> list[Row]:
    """Flow alone, every model: ns an event in steps of `events` over K books, the quietest of twenty stretches."""
    rows = []
    for model in MODELS:
        for count in counts:
            markets, params = opened(parameters.default(model), count, seed, 2_000)
            calls = max(1, 20_000 // (count * events))
            quietest = float("inf")
            for _ in range(20):
                began = time.process_time()
                ran = sum(step(markets, params, _NONE, events) for _ in range(calls))
                quietest = min(quietest, (time.process_time() - began) / ran)
            rows.append({"model": model, "K": count, "events": events, "ns_per_event": round(quietest * 1e9, 1)})
    return rows


def steps_a_second(counts: tuple[int, ...] = (256, 1024), messages: int = 100, threads: int = 2) -> list[Row]:
    """One post, take or pull a book and `messages` events, FP: steps a second of wall time."""
    rows = []
    rng = np.random.default_rng(3)
    with ThreadPoolExecutor(threads) as pool:
        for count in counts:
            for used in (1, threads):
                markets, params = opened(FP(), count, 5, 1_000)
                requests = np.zeros(count, REQUEST)
                calls = max(2, 40_000 // count)
                began = time.perf_counter()
                for _ in range(calls):
                    requests["kind"] = rng.choice([Ask.POST, Ask.CANCEL_ALL, Ask.TAKE_ANY], count)
                    requests["account"], requests["relative"], requests["lots"] = 1, 1, 100
                    requests["side"] = rng.integers(2, size=count)
                    step(markets, params, requests, messages, pool=pool, threads=used)
                took = time.perf_counter() - began
                rows.append(
                    {"K": count, "threads": used, "messages": messages, "steps_per_s": round(count * calls / took)}
                )
    return rows


def facts(given: Parameters, count: int = 256, events: int = 20_000, seed: int = 11) -> Row:
    """Spread, signature plot, sign memory and response of the mid, by single events of `count` books."""
    markets, params = opened(given, count, seed)
    mids: list[list[float]] = [[] for _ in range(count)]
    signs: list[list[int]] = [[] for _ in range(count)]
    spread_sum, spread_max = 0.0, 0
    best = markets["book"]["ladder"]["best"]
    trades, signed = markets["trades"].copy(), markets["signed"].copy()
    for _ in range(events):
        mid = markets["twice_mid"] / 2.0
        step(markets, params, _NONE, 1)
        spread = best[:, ASK] - best[:, BID]
        spread_sum, spread_max = spread_sum + spread.mean(), max(spread_max, int(spread.max()))
        for k in np.flatnonzero(markets["trades"] != trades):
            mids[k].append(mid[k])
            signs[k].append(1 if markets["signed"][k] > signed[k] else -1)
        trades, signed = markets["trades"].copy(), markets["signed"].copy()
    length = min(map(len, mids))
    price = np.array([m[:length] for m in mids])
    sign = np.array([s[:length] for s in signs])
    half = spread_sum / events / 2.0
    lags = [n for n in (1, 2, 5, 10, 20, 50, 100, 300) if n < length // 3]
    variance = {n: float(np.mean((price[:, n:] - price[:, :-n]) ** 2)) / n for n in lags}
    response = {n: float(np.mean(sign[:, :-n] * (price[:, n:] - price[:, :-n]))) / float(half) for n in lags}
    memory = {n: float(np.mean(sign[:, n:] * sign[:, :-n])) for n in (1, 10, 100)}
    moves = price[:, 10:] - price[:, :-10]
    return {
        "mean_spread": round(float(2 * half), 3), "largest_spread": spread_max,
        "signature": {n: round(v / variance[lags[-1]], 2) for n, v in variance.items()},
        "variance_a_trade": round(variance[lags[-1]], 4),
        "sign_memory": {n: round(v, 3) for n, v in memory.items()},
        "response_in_half_spreads": {n: round(v, 2) for n, v in response.items()},
        "kurtosis_of_10_trades": round(float(np.mean(moves**4) / np.mean(moves**2) ** 2), 1),
        "trades": length, "edge_units": int(markets["edge_units"].sum()), "stopped": len(stopped(markets)),
    }  # fmt: skip


def metaorder(
    given: Parameters, participation: float, length: int, count: int = 1_024, seed: int = 101, burst: int = 4
) -> Row:
    """Half the books buy and half sell by market orders of a typical size, `participation` of the volume, over `length`
    market orders of the background, and wait as long again: impact in ticks then and after. The exogenous news is
    subtracted (a control variate)."""
    markets, params = opened(given, count, seed)
    side = np.arange(count) % 2
    sign = 1 - 2 * side
    child = max(1, round(given.flow.typical))
    requests = np.zeros(count, REQUEST)
    requests["account"], requests["side"], requests["lots"] = 1, side, child
    start_trades = markets["trades"].copy()
    start = markets["twice_mid"] / 2.0 - markets["walk"]
    pace = participation / (1.0 - participation)
    sent = np.zeros(count, np.int64)
    peak, after = np.full(count, np.nan), np.full(count, np.nan)
    for _ in range(1_000_000):
        passed = markets["trades"] - start_trades
        moved = sign * (markets["twice_mid"] / 2.0 - markets["walk"] - start)
        peak = np.where(np.isnan(peak) & (passed >= length), moved, peak)
        after = np.where(np.isnan(after) & (passed >= 2 * length), moved, after)
        if not np.isnan(after).any() or (markets["fault"] != 0).any():
            break
        due = (passed < length) & (sent < passed * pace)
        sent += due
        requests["kind"] = np.where(due, Ask.TAKE_ANY, Ask.NOTHING)
        step(markets, params, requests, burst)
    return {
        "participation": participation, "T": length, "impact": round(float(peak.mean()), 3),
        "error": round(float(peak.std() / np.sqrt(count)), 3), "left": round(float(after.mean() / peak.mean()), 2),
        "stopped": len(stopped(markets)),
    }  # fmt: skip


def program(
    given: Parameters, how: str, participation: float, length: int, *, round_trip: bool = False, count: int = 1_024,
    seed: int = 301, burst: int = 4,
) -> Row:  # fmt: skip
    """Cost in ticks a lot against the mid at arrival, of a parent of `participation` x `length` typical sizes (a book
    buys or sells). `take`: equal market orders, evenly spread. `rest`: one typical order at a time at the best, pegged,
    and what is left at the end is taken. With `round_trip` the way back follows, in the same manner, and the cost is of
    both. The news that came after arrival is subtracted lot by lot (a control variate)."""
    markets, params = opened(given, count, seed)
    rows = np.arange(count)
    child = max(1, round(given.flow.typical))
    whole = child * max(1, round(participation * length))
    arrival, news = markets["twice_mid"] / 2.0, markets["walk"].copy()
    correction = np.zeros(count)
    requests = np.zeros(count, REQUEST)
    requests["account"], requests["relative"] = 1, 1
    sides = rows % 2
    account = markets["accounts"][:, 1]
    shares = account["shares"].copy()
    for leg in range(2 if round_trip else 1):
        side = sides if leg == 0 else 1 - sides
        sign = 1 - 2 * side
        target = sign * whole if leg == 0 else np.zeros(count, np.int64)
        start = markets["trades"].copy()
        for _ in range(1_000_000):
            passed = markets["trades"] - start
            left = sign * (target - account["shares"])
            if ((passed >= length) & (left <= 0) & (account["live"] == 0)).all() or (markets["fault"] != 0).any():
                break
            due = np.where(passed >= length, left, 0)
            if how == "take":
                planned = np.minimum(whole, child * (1 + passed * whole // (child * length)))
                due = np.maximum(due, np.minimum(left, planned - (whole - left)))
            slots = account["slots"][:, 0]
            price = markets["book"]["orders"]["price"][rows, np.maximum(slots, 0)]
            best = markets["book"]["ladder"]["best"][rows, side]
            stale = (account["live"] > 0) & ((price != best) | (passed >= length))
            post = (how == "rest") & (account["live"] == 0) & (left > 0) & (passed < length)
            requests["kind"] = np.select(
                [stale, post, (due > 0) & (account["live"] == 0)], [Ask.CANCEL_ALL, Ask.POST, Ask.TAKE_ANY], Ask.NOTHING
            )
            requests["side"], requests["lots"] = side, np.where(post, np.minimum(left, child), np.maximum(due, 0))
            walk = markets["walk"].copy()
            step(markets, params, requests, burst)
            correction += (account["shares"] - shares) * ((walk + markets["walk"]) / 2.0 - news)
            shares = account["shares"].copy()
    cost = (-account["cash"] - account["shares"] * arrival - correction) / whole
    return {
        "how": how, "participation": participation, "T": length, "round_trip": round_trip,
        "cost": round(float(cost.mean()), 3), "error": round(float(cost.std() / np.sqrt(count)), 3),
        "maker_share": round(float(account["made"].sum() / (account["made"] + account["taken"]).sum()), 2),
        "stopped": len(stopped(markets)),
    }  # fmt: skip


def exponent(rows: list[Row]) -> float:
    """Slope of log impact in log participation."""
    x = np.log([r["participation"] for r in rows])
    return float(np.polyfit(x, np.log([r["impact"] for r in rows]), 1)[0])


if __name__ == "__main__":
    for line in (*speeds(), *steps_a_second()):
        print(json.dumps(line), flush=True)
    print(json.dumps(facts(FP())), flush=True)
    for horizon in (100, 300):
        found = [metaorder(FP(), q, horizon) for q in (0.025, 0.05, 0.1, 0.2)]
        for line in found:
            print(json.dumps(line), flush=True)
        print(json.dumps({"T": horizon, "exponent": round(exponent(found), 2)}), flush=True)
    sys.exit(0)
