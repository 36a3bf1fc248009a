"""A small, seeded `ReportData` that exercises every part of the page."""

from decimal import Decimal

import numpy as np

from tickwright.app.report.data import Assumption, Curve, Depth, Fills, Market, ParentView, PolicyView, ReportData

HORIZONS = tuple(int(h * 1e9) for h in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 600, 1800))
TEN = 1340272800000.0  # 2012-06-21 10:00 New York, as local milliseconds
NAMES = (
    "twap/take",
    "twap/post-then-cross",
    "vwap/post-then-cross",
    "pov/requote",
    "ac/post-then-cross",
    "ow/imbalance",
)


def report(parents: int = 2) -> ReportData:
    rng = np.random.default_rng(7)
    market = _market(rng)
    views = tuple(_parent(rng, number, market) for number in range(parents))
    return ReportData(
        title="GOOG, 2012-06-21: execution cost",
        warning="",
        subtitle="Six policies on the same parent orders in a replay of NASDAQ order-book data",
        facts=(
            ("venue", "XNAS"),
            ("time zone", "America/New_York"),
            ("interval", "10:00:00 to 11:00:00"),
            ("seed", "1"),
        ),
        assumptions=(
            Assumption("latency", "250 us each way", "Real latency grows when the market is busy."),
            Assumption("liquidity", "half-life 10 s", "Recorded participants do not react to our trades."),
        ),
        markets=(market,),
        parents=views,
        groups=tuple(
            {
                "policy": n,
                "currency": "USD",
                "orders": parents,
                "shortfall_bps": 1.25 + i,
                "fulfil_rate": 0.95,
                "cvar95_bps": None,
                "shortfall": {
                    "delay": "0.00",
                    "trading": f"{i}.50",
                    "opportunity": "0.00",
                    "fees": "0.00",
                    "total": f"{i}.50",
                },
                "slippage_bps": {"arrival": 1.5, "interval_vwap": None},
                "markout_bps": {"1s": -1.25},
                "maker_share": 0.5,
                "missing": {"slippage_bps.interval_vwap": "the market traded nothing"},
            }
            for i, n in enumerate(NAMES)
        ),
        comparisons=tuple(
            {
                "policy": n,
                "baseline": NAMES[0],
                "pairs": parents,
                "units": "order",
                "unit_count": parents,
                "p": 0.5,
                "difference_bps": -0.5 * i,
                "interval_bps": {"low": -0.5 * i - 1, "high": 0.75},
                "p_adjusted": 0.625,
            }
            for i, n in enumerate(NAMES)
            if i
        ),
        notes=("The book was rebuilt from a feed of ten levels: 12 levels were resynchronised.",),
    )


def _market(rng: np.random.Generator) -> Market:
    count = 4000
    times = TEN + np.sort(rng.uniform(-60_000, 3_660_000, count))
    mid = 577 + np.cumsum(rng.normal(0, 0.012, count))
    half = np.round(rng.uniform(0.04, 0.2, count), 2)
    bid, ask = np.round(mid - half, 2), np.round(mid + half, 2)
    grid = np.linspace(TEN - 60_000, TEN + 3_660_000, 180)
    prices = np.arange(bid.min() - 0.3, ask.max() + 0.3, 0.05)
    at = np.searchsorted(times, grid).clip(1, count) - 1
    distance = np.abs(prices[:, None] - mid[at][None, :])
    lots = np.where(
        distance < 0.05, 0, rng.exponential(150, distance.shape) * (distance < 0.9) * (rng.random(distance.shape) < 0.5)
    )
    volume_times = TEN + np.linspace(-60_000, 3_660_000, 400)
    return Market(
        "GOOG", "GOOG", "USD", 2, times, bid, ask, "4 000 quote changes, all drawn.",
        Depth(grid, prices, np.round(lots), "Depth every 20.7 s in bins of 0.05 on the ten levels of the feed."), "",
        volume_times, np.cumsum(rng.exponential(900, 400)),
    )  # fmt: skip


def _parent(rng: np.random.Generator, number: int, market: Market) -> ParentView:
    side = 1 if number % 2 == 0 else -1
    ordered = 2000 * (1 + 9 * (number // 2))
    decision = 577.005
    start, end = TEN, TEN + 3_600_000
    views = tuple(_policy(rng, name, side, ordered, decision, market, start, end) for name in NAMES)
    word = "Buy" if side > 0 else "Sell"
    return ParentView(
        f"p{number}", f"{word} {ordered:,} GOOG, 10:00 to 11:00", "GOOG", side, ordered, start - 30_000, start, end,
        ordered * decision, views,
    )  # fmt: skip


def _policy(rng, name, side, ordered, decision, market, start, end):
    count = int(rng.integers(40, 90))
    times = np.sort(rng.uniform(start + 5_000, end - 1_000, count))
    at = np.searchsorted(market.times, times) - 1
    taker = rng.random(count) < (1.0 if name.endswith("take") else 0.4)
    near, far = (market.bid, market.ask) if side > 0 else (market.ask, market.bid)
    prices = np.where(taker, far[at], near[at])
    sizes = np.full(count, ordered // count, float)
    filled = int(sizes.sum())
    total = Decimal(str(round(float((prices * sizes).sum()), 2)))
    average = (total / filled).quantize(Decimal("1e-9"))
    arrival, last = Decimal("577.015"), Decimal(str(round(float((market.bid[-1] + market.ask[-1]) / 2), 3)))
    delay = side * ordered * (arrival - Decimal(str(decision)))
    trading = side * (total - filled * arrival)
    opportunity = side * (ordered - filled) * (last - arrival)
    fees = Decimal("0.003") * int(sizes[taker].sum()) - Decimal("0.002") * int(sizes[~taker].sum())
    spread = Decimal(str(round(float((np.where(taker, 1, -1) * sizes * 0.1).sum()), 2)))
    whole = delay + trading + opportunity + fees
    mean = np.where(np.array(HORIZONS) > 600e9, np.nan, rng.normal(0, 0.6, len(HORIZONS)).cumsum())
    row = {
        "policy": name, "instrument": "GOOG", "side": "buy" if side > 0 else "sell",
        "ordered": str(ordered), "filled": str(filled), "decision_price": str(decision), "arrival_price": str(arrival),
        "end_price": str(last), "average_price": str(average),
        "shortfall": {
            "delay": str(delay), "trading": str(trading), "opportunity": str(opportunity), "fees": str(fees),
            "total": str(whole),
        },
        "trading_split": {"spread": str(spread), "impact": "0.00", "timing": str(trading - spread)},
        "shortfall_bps": float(whole / (ordered * Decimal(str(decision))) * 10_000),
        "slippage_bps": {"arrival": 1.5, "interval_vwap": None, "open": -3.25},
        "markout_bps": {"1s": float(mean[4]), "30min": None}, "missing": {
            "slippage_bps.interval_vwap": "the market traded nothing", "markout_bps.30min": "the data end first",
        },
        "maker_share": float(sizes[~taker].sum() / filled), "participation": 0.0123, "fills": count,
        "messages": {"new": count, "cancel": 3}, "status": "partial", "notes": ["Filled in part: 98 %."],
    }  # fmt: skip
    curve = Curve(
        HORIZONS,
        mean,
        mean - 0.8,
        mean + 0.8,
        np.full(len(HORIZONS), count),
        "95 % band: 1 000 resamples by child order.",
    )
    plan_times = np.linspace(start, end, 13)[1:]
    fills = Fills(times, prices, sizes, taker, np.where(taker, 0, 120.0))
    return PolicyView(name, row, fills, plan_times, np.linspace(0, ordered, 13)[1:], curve)
