"""From a finished run to `ReportData`: units of display, words, and the confidence bands of the markouts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.app.report.assumptions import assumptions
from tickwright.app.report.data import Curve, Fills, ParentView, PolicyView, ReportData
from tickwright.app.report.markets import Display, market_of, span_of
from tickwright.core.records import TAKER, ParentOrder
from tickwright.core.time import time_text
from tickwright.core.units import MONEY_PER_UNIT, side_text
from tickwright.run.execute import OrderResult, RunResult
from tickwright.run.market import MarketDay
from tickwright.tca.fills import HORIZONS, mark_fills
from tickwright.tca.statistics import bootstrap_ratio

BAND_NOTE = (
    "Band: 95 % percentile bootstrap over child orders; neighbouring fills share the same market, so it is too narrow."
)


def report_data(result: RunResult, document: dict[str, Any], warning: str = "") -> ReportData:
    """Everything the page shows. `document` is what result.json holds; its rows stand in the order of the results."""
    shows = {symbol: Display(day.instrument, day.begin) for symbol, day in result.days.items()}
    rows = list(zip(result.results, document["orders"], strict=True))
    parents = list(dict.fromkeys((r.order.symbol, r.order.parent_id) for r in result.results))
    views = []
    for symbol, number in parents:
        own = [(r, row) for r, row in rows if (r.order.symbol, r.order.parent_id) == (symbol, number)]
        views.append(_parent(own, result.days[symbol], shows[symbol], result.config.seed))
    symbols = list(result.days)
    date = result.config.date
    return ReportData(
        title=f"{', '.join(symbols)}, {date}: what execution cost",
        subtitle=_subtitle(result, len(parents)),
        warning=warning,
        facts=_facts(result),
        assumptions=assumptions(
            [(s, result.profiles[s], result.days[s].instrument.currency) for s in symbols],
            [d.window for d in result.days.values() if d.window is not None],
            answers=result.config.market is not None,
        ),
        markets=tuple(_market(result, symbol, shows[symbol]) for symbol in symbols),
        parents=tuple(views),
        groups=tuple(document["policies"]),
        comparisons=tuple(document["comparisons"]),
        notes=tuple(document["notes"]),
    )


def _subtitle(result: RunResult, parents: int) -> str:
    policies = len(result.config.policies)
    orders = "one parent order" if parents == 1 else f"the same {parents} parent orders"
    what = f"{policies} {'policy' if policies == 1 else 'policies'} on {orders}"
    market = "in one market at once" if result.config.together and parents > 1 else "each alone in the market"
    venue = "replay with a simulated venue" if result.config.market is None else "a generated market that answers"
    return f"{what}, {market}; {venue}"


def _facts(result: RunResult) -> tuple[tuple[str, str], ...]:
    config = result.config
    instruments = [day.instrument for day in result.days.values()]
    finish = "stays unfilled, except that take and post-then-cross cross the spread at the end of each piece"
    if config.finish == "cross":
        finish = "the placement crosses the spread for it, as far as displayed liquidity goes"
    return (
        ("instruments", "; ".join(f"{i.symbol} on {i.venue}, tick {i.tick_size} {i.currency}" for i in instruments)),
        ("date", config.date),
        ("time zone", ", ".join(dict.fromkeys(i.timezone for i in instruments))),
        ("policies", ", ".join(config.policies)),
        ("left at the deadline", finish),
        ("seed", str(config.seed)),
        ("data", "; ".join(f"{symbol} {day.fingerprint}" for symbol, day in result.days.items())),
        ("manifest", str(result.manifest["fingerprint"])),
    )


def _market(result: RunResult, symbol: str, show: Display) -> Any:
    own = [r for r in result.results if r.order.symbol == symbol]
    begin, end = span_of([(r.order.decision, max(r.order.end, r.ended)) for r in own])
    fills = np.unique(np.concatenate([r.journal.fills["ts_exchange"] for r in own]))
    day = result.days[symbol]
    return market_of(day, max(begin, day.begin), min(end, day.end), fills, show)


def _parent(own: list[tuple[OrderResult, dict[str, Any]]], day: MarketDay, show: Display, seed: int) -> ParentView:
    order, row = own[0][0].order, own[0][1]
    unit = day.instrument.half_tick_value
    return ParentView(
        key=f"{order.symbol}-{order.parent_id}",
        title=_title(order, row, day),
        market=order.symbol,
        side=order.side,
        ordered=order.quantity * show.lot,
        decision=show.time(order.decision),
        start=show.time(order.start),
        end=show.time(order.end),
        notional=order.quantity * own[0][0].tca.marks.decision * unit / MONEY_PER_UNIT,
        policies=tuple(_policy(result, row, day, show, seed) for result, row in own),
    )


def _title(order: ParentOrder, row: dict[str, Any], day: MarketDay) -> str:
    zone = day.instrument.timezone
    begin, end = (time_text(ts, zone)[:8] for ts in (order.start, order.end))
    return f"{side_text(order.side).capitalize()} {row['ordered']} {order.symbol}, {begin} to {end}"


def _policy(result: OrderResult, row: dict[str, Any], day: MarketDay, show: Display, seed: int) -> PolicyView:
    fills = result.journal.fills[np.argsort(result.journal.fills["ts_exchange"], kind="stable")]
    plan = result.schedule
    return PolicyView(
        policy=result.policy,
        row=row,
        fills=Fills(
            times=show.times(fills["ts_exchange"]),
            prices=fills["price"] * show.tick,
            sizes=fills["size"] * show.lot,
            taker=fills["liquidity"] == TAKER,
            ahead=fills["queue_fill"] * show.lot,
        ),
        plan_times=show.times(np.array(plan.times if plan else (), np.int64)),
        plan=np.array(plan.cumulative if plan else (), np.float64) * show.lot,
        markout=_curve(result, row, day, seed),
    )


def _curve(result: OrderResult, row: dict[str, Any], day: MarketDay, seed: int) -> Curve:
    """Means as in the row; the band resamples whole child orders, whose fills are one decision."""
    fills = result.journal.fills[np.argsort(result.journal.fills["ts_exchange"], kind="stable")]
    marks = mark_fills(result.order.side, fills, result.market)
    _, child = np.unique(fills["order_id"], return_inverse=True)
    mean, low, high = (np.full(len(HORIZONS), np.nan) for _ in range(3))
    paid = np.bincount(child, weights=2.0 * marks.size * marks.price) if len(fills) else np.zeros(0)
    for column, name in enumerate(HORIZONS):
        value = row["markout_bps"][name]
        if value is None:
            continue
        mean[column] = value
        gained = np.bincount(child, weights=marks.side * marks.size * (marks.later[:, column] - 2.0 * marks.price))
        band = bootstrap_ratio(gained, paid, seed)
        if band is not None:
            low[column], high[column] = 1e4 * band.low, 1e4 * band.high
    return Curve(tuple(HORIZONS.values()), mean, low, high, marks.reached.sum(axis=0), BAND_NOTE)
