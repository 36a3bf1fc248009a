"""The queue laws against hftbacktest's models of the same names, on depth feeds with one order of one lot.

Where they are the same law: a trade and the size that it leaves come as a pair, so that no cancel and trade mix between
two updates (hftbacktest then takes what traded for lots behind us as well), and nothing trades through the price
(hftbacktest fills whole, we as far as the trade goes). Sizes are thousands of lots, for it rounds the front to the
nearest lot, and we round up. Cancels are small beside the queue, for it lets them take a short front below zero, where
the logarithm has no value and the order goes to the back; we stop at zero.
"""

import math
import random

import numpy as np
import pytest
from harness import Exchange, event

from tickwright.core.events import Flag

hft = pytest.importorskip("hftbacktest", reason="the reference; it comes with the extra `bench`")

STEP, LATENCY, WAIT = 10_000, 1_000, 54_321
MODELS = {
    "risk-averse": lambda asset: asset.risk_adverse_queue_model(),
    "prob-power(1)": lambda asset: asset.power_prob_queue_model(1.0),
    "prob-power(3)": lambda asset: asset.power_prob_queue_model(3.0),
    "prob-log": lambda asset: asset.log_prob_queue_model(),
}


def feed(seed, messages=400):
    """(ts, action, side, price, size): a bid at 100 that is traded, cancelled and joined, and never empty."""
    rng = random.Random(seed)
    size, ts = rng.randint(10_000, 40_000), STEP
    rows = [(ts, "M", "B", 100, size), (ts + STEP, "M", "A", 102, 50_000)]
    ts += 5 * STEP
    for _ in range(messages):
        ts += STEP
        kind = rng.random()
        change = rng.randint(1, 2_000 if kind < 0.2 else 300)
        if kind < 0.2 and size > change:
            size -= change
            rows += [(ts, "T", "A", 100, change), (ts + STEP, "M", "B", 100, size)]
            ts += STEP
        elif kind < 0.62 and size > change:
            size -= change
            rows.append((ts, "M", "B", 100, size))
        else:
            size += change
            rows.append((ts, "M", "B", 100, size))
    return rows


def reference(rows, law):
    """When hftbacktest fills one lot bid at 100, and when the order reached its exchange."""
    data = np.zeros(len(rows), hft.event_dtype)
    for row, (ts, action, side, price, size) in zip(data, rows, strict=True):
        kind = hft.TRADE_EVENT if action == "T" else hft.DEPTH_EVENT
        sign = hft.BUY_EVENT if side == "B" else hft.SELL_EVENT
        row["ev"] = int(kind) | int(sign) | int(hft.EXCH_EVENT) | int(hft.LOCAL_EVENT)
        row["exch_ts"] = row["local_ts"] = ts
        row["px"], row["qty"] = price, size
    asset = MODELS[law](hft.BacktestAsset().data(data).linear_asset(1.0))
    asset = asset.constant_order_latency(LATENCY, LATENCY).no_partial_fill_exchange()
    asset = asset.trading_qty_fee_model(0.0, 0.0).tick_size(1.0).lot_size(1.0)
    backtest = hft.HashMapMarketDepthBacktest([asset])
    backtest.elapse(WAIT)
    sent = int(backtest.current_timestamp)
    backtest.submit_buy_order(0, 1, 100.0, 1.0, hft.GTX, hft.LIMIT, False)
    backtest.elapse(1 << 40)
    order = backtest.orders(0).get(1)
    filled = int(order.exch_timestamp) if order.status == hft.FILLED else math.inf
    backtest.close()
    return filled, sent + LATENCY


def ours(rows, law, arrives):
    events = [event(ts, action, 0, side, price, size) for ts, action, side, price, size in rows]
    for row in events:
        row["flags"] |= np.uint8(Flag.AGGREGATED)
    x = Exchange(events, law=law)
    x.send(arrives, 1, +1, 100, 1)
    fills = x.run().fills
    return fills[0].ts if fills else math.inf


@pytest.mark.parametrize("law", MODELS)
def test_an_order_is_filled_when_the_reference_fills_it(law):
    """Invariant: the same trade fills the order, over 20 feeds of 400 messages."""
    times = []
    for seed in range(20):
        rows = feed(seed)
        want, arrives = reference(rows, law)
        times.append((seed, ours(rows, law, arrives), want))
    assert all(got == want for _, got, want in times), times
    assert sum(want < math.inf for _, _, want in times) > 12, "hardly any order was filled"


def test_the_laws_fill_at_different_times():
    """The agreement above would show little if the models did the same on these feeds."""
    found = [tuple(ours(feed(seed), law, 60_000) for law in MODELS) for seed in range(20)]
    assert sum(len(set(times)) >= 3 for times in found) > 10, found
