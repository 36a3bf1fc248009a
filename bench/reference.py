"""hftbacktest on the flow: its L3 FIFO queue model, driven as its own examples drive it.

The faster of its two depth stores is what Tickwright is compared with; both are measured. Times are CPU seconds of the
whole process, threads included, from the first event to the end of the data: loading, building the backtest and
compiling the strategy are reported apart.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from hftbacktest import (
    BUY,
    FILLED,
    GTX,
    LIMIT,
    NEW,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)  # fmt: skip
from numba import njit, uint64

from bench.settings import ENTRY_LATENCY, RESPONSE_LATENCY, STEP, WARM_ROWS, touch_memory

STORES = {"hashmap": HashMapMarketDepthBacktest, "roivector": ROIVectorMarketDepthBacktest}


def asset(rows: np.ndarray) -> BacktestAsset:
    """One instrument of tick 1 and lot 1 over `event_dtype` rows, L3 FIFO queue, constant order latency, no fees."""
    return (
        BacktestAsset()
        .data(rows)
        .linear_asset(1.0)
        .constant_order_latency(ENTRY_LATENCY, RESPONSE_LATENCY)
        .l3_fifo_queue_model()
        .no_partial_fill_exchange()
        .trading_qty_fee_model(0.0, 0.0)
        .tick_size(1.0)
        .lot_size(1.0)
        .roi_lb(float(rows["px"].min()) - 1.0)
        .roi_ub(float(rows["px"].max()) + 1.0)
    )


@njit
def idle(backtest: Any, step: int, log: np.ndarray) -> tuple[int, int, int]:
    """No orders: the whole data in one go → (submitted, cancelled, fills logged)."""
    backtest.elapse(1 << 62)
    return 0, 0, 0


@njit
def quote(backtest: Any, step: int, log: np.ndarray) -> tuple[int, int, int]:
    """One lot post-only at the best bid and at the best ask, looked at every `step` ns.

    An order off the touch is cancelled and a new one sent at the touch in the same breath. Fills go to `log` (exchange
    time, side, price in ticks) as long as it has room. → (submitted, cancelled, fills logged).
    """
    sent, cancelled, logged, identity = 0, 0, 0, uint64(1)
    while backtest.elapse(step) == 0:
        depth = backtest.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        has_bid, has_ask = False, False
        orders = backtest.orders(0).values()
        while orders.has_next():
            order = orders.get()
            buys = order.side == BUY
            if order.status == FILLED:
                if logged < len(log):
                    log[logged, 0] = order.exch_timestamp
                    log[logged, 1] = 1 if buys else -1
                    log[logged, 2] = order.price_tick
                    logged += 1
            elif order.status == NEW:
                if order.price_tick == (bid if buys else ask):
                    has_bid |= buys
                    has_ask |= not buys
                elif order.cancellable:
                    backtest.cancel(0, order.order_id, False)
                    cancelled += 1
        backtest.clear_inactive_orders(0)
        if not has_bid:
            backtest.submit_buy_order(0, identity, bid * 1.0, 1.0, GTX, LIMIT, False)
            identity += uint64(1)
            sent += 1
        if not has_ask:
            backtest.submit_sell_order(0, identity, ask * 1.0, 1.0, GTX, LIMIT, False)
            identity += uint64(1)
            sent += 1
    return sent, cancelled, logged


def run(folder: str, store: str, strategy: str) -> dict[str, Any]:
    """One measured run → CPU seconds, counts, and what was set apart."""
    began = time.process_time()
    rows = np.load(Path(folder) / "reference.npy")
    load = time.process_time() - began
    play = {"idle": idle, "quote": quote}[strategy]
    nothing = np.zeros((0, 3), np.int64)

    began = time.process_time()
    warm = STORES[store]([asset(rows[:WARM_ROWS])])
    play(warm, STEP, nothing)
    warm.close()
    compiling = time.process_time() - began

    touch_memory(len(rows))
    began = time.process_time()
    backtest = STORES[store]([asset(rows)])
    build = time.process_time() - began
    wall, began = time.perf_counter(), time.process_time()
    sent, cancelled, _ = play(backtest, STEP, nothing)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    fills = int(backtest.state_values(0).num_trades)
    last_bid, last_ask = float(backtest.depth(0).best_bid), float(backtest.depth(0).best_ask)
    backtest.close()
    return {
        "cpu_s": cpu, "wall_s": wall, "rows": len(rows), "sent": sent, "cancelled": cancelled,
        "fills": fills, "last_bid": last_bid, "last_ask": last_ask,
        "load_s": load, "build_s": build, "compile_s": compiling,
    }  # fmt: skip


def fills(rows: np.ndarray, store: str = "hashmap") -> list[tuple[int, int, int]]:
    """Every fill of the quoting strategy: (exchange time, side, price in ticks). For tests."""
    backtest = STORES[store]([asset(rows)])
    log = np.zeros((len(rows), 3), np.int64)
    _, _, count = quote(backtest, STEP, log)
    backtest.close()
    return [(int(ts), int(side), int(price)) for ts, side, price in log[:count]]


def fill_times(rows: np.ndarray, price: int, wait: int, until: int, store: str) -> list[int]:
    """Bid one lot post-only at `price` after `wait` ns; the exchange times of its fills by `until` ns after that.

    For hand-made data: it shows which event fills an order, hence what queue law is at work.
    """
    backtest = STORES[store]([asset(rows)])
    backtest.elapse(wait)
    backtest.submit_buy_order(0, 1, float(price), 1.0, GTX, LIMIT, False)
    backtest.elapse(until)
    order = backtest.orders(0).get(1)
    times = [int(order.exch_timestamp)] if order.status == FILLED else []
    backtest.close()
    return times
