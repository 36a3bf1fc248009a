"""Parameters become a PARAMS row: what a kernel reads."""

from __future__ import annotations

import math

import numpy as np

from tickwright.core.units import Lots
from tickwright.venue.sim.reactive.layout import (
    GUIDE,
    MARKET,
    PARAMS,
    PLACED,
    SPREADS,
    VENUES,
    VOLUMES,
    CancelRule,
    Model,
)  # fmt: skip
from tickwright.venue.sim.reactive.parameters import (
    FP,
    QL,
    Epsilon,
    Flow,
    Hawkes,
    Numbers,
    Parameters,
    Pool,
    QueueReactive,
    Queues,
    SantaFe,
    Signs,
    Venue,
)  # fmt: skip
from tickwright.venue.sim.reactive.parameters.flow import CURVES

_CODES = {
    SantaFe: Model.SANTA_FE, Epsilon: Model.EPSILON, Hawkes: Model.HAWKES,
    QueueReactive: Model.QUEUE_REACTIVE, QL: Model.QL, FP: Model.FP,
}  # fmt: skip

_ARENA = MARKET["book"]["orders"].shape[0]
_FILLED = 4
"""A full queue gets no more limit orders: so full that one whole side takes four fifths of the smallest arena. Without
this an agent's order too large to trade through holds the price, and the other side piles up before it for ever."""


def row_of(parameters: Parameters, tempo: float = 1.0, market_share: float = 0.0) -> np.ndarray:
    """One PARAMS row, with `tempo` units of model time a second at the day's mean; `market_share` of the events are
    market orders, which bursts ask for."""
    rows = np.zeros(1, PARAMS)
    row = rows[0]
    row["model"] = _CODES[type(parameters)]
    row["tempo"] = tempo
    _flow(row, parameters.flow)
    _gaps(row, parameters.flow, market_share)
    _venues(row, parameters.flow.venues or (Venue("only"),), parameters.flow.pool)
    if isinstance(parameters, Epsilon | QL | FP):
        _signs(row, parameters.signs)
    if isinstance(parameters, QueueReactive | QL | FP):
        _queues(row, parameters.queues)
    if isinstance(parameters, SantaFe | Epsilon):
        row["limit_rate"], row["market_rate"] = parameters.limit_rate, parameters.market_rate
    if isinstance(parameters, SantaFe | Epsilon | Hawkes):
        row["band"], row["cancel_rate"] = parameters.band, parameters.cancel_rate
    if isinstance(parameters, Epsilon):
        row["taking"] = 1.0 / parameters.zeta
    if isinstance(parameters, Hawkes):
        row["base"], row["speed"] = parameters.base, parameters.speed
        row["jump"] = np.moveaxis(np.array(parameters.jump), 0, 2)
    if isinstance(parameters, QL):
        row["kappa"], row["clip"] = parameters.kappa, parameters.clip
        row["keep"] = parameters.beta
        row["weight"] = np.array(parameters.weights) / sum(parameters.weights)
    if isinstance(parameters, FP):
        row["kappa"], row["clip"], row["n0"], row["news"] = (
            parameters.kappa, parameters.clip, parameters.n0, parameters.news / math.sqrt(parameters.news_rate),
        )  # fmt: skip
        row["edge"], row["reach"] = parameters.edge, parameters.reach
        row["through"], row["sweep_through"] = parameters.through, parameters.sweep_through
        row["impact_news"], row["join"] = parameters.impact_news, parameters.join
        row["impact_posting"] = parameters.impact_posting
        row["passive"], row["informed"], row["lean"] = parameters.passive, parameters.informed, parameters.lean
        row["news_rate"] = parameters.news_rate
        row["stale"], row["heed"], row["rush"] = parameters.stale, parameters.heed, parameters.rush
        row["picked"], row["selective"] = parameters.picked, parameters.selective
        row["swift"], row["swift_keep"] = parameters.swift, math.exp(-1.0 / parameters.swift_memory)
        row["sweep"] = max(1, round(parameters.sweep * parameters.flow.typical))
        row["keep"] = [math.exp(-1.0 / tau) for tau in parameters.memory]
        row["weight"] = [parameters.impact * w for w in parameters.weights]
    return rows


def _flow(row: np.void, flow: Flow) -> None:
    row["cancel_rule"], row["cancel_decay"] = CancelRule[flow.cancels.upper()], flow.cancel_decay
    row["display"] = flow.display
    row["per_typical"] = 1.0 / flow.typical
    row["places"] = np.minimum(np.ceil(np.arange(PLACED) * row["per_typical"]), VOLUMES - 1)
    row["unit"] = max(1, round(flow.typical))
    _sizes(row["sizes"], flow.sizes, flow.weights)
    _sizes(row["market_sizes"], flow.market_sizes or flow.sizes, flow.market_weights or flow.weights)
    row["day"] = flow.day_seconds
    # All curves on one grid: each stretched over the least common number of parts would be finer than either needs.
    bins = len(flow.day_parts) or max(len(getattr(flow, name)) for name in CURVES)
    part = np.repeat(np.arange(bins), np.array(flow.lengths(bins), np.int64))
    row["bins"], row["cells"] = bins, part.size
    row["part"][: part.size] = part
    row["volume_curve"][:bins] = _stretched(flow.volume_curve, bins, part)
    volatility = _stretched(flow.volatility_curve, bins, part)
    row["trading_curve"][:bins] = _stretched(flow.trading_curve, bins, part)
    row["posting_curve"][:bins] = _stretched(flow.posting_curve, bins, part)
    row["size_curve"][:bins] = _on(flow.size_curve, bins)
    row["sized"] = any(scale != 1.0 for scale in flow.size_curve)
    row["own_sizes"] = bool(flow.market_sizes)
    row["volatility_curve"][:bins] = volatility / np.sqrt(np.mean(volatility[part] ** 2))
    keep, variance = math.exp(-1.0 / flow.activity_memory), flow.activity_sd**2
    row["activity_keep"] = keep
    row["activity_kick"] = math.sqrt(variance * (1.0 - keep**2))
    row["activity_shift"] = variance / 2.0
    row["activity_news"] = flow.activity_news
    row["news_shift"] = flow.activity_news**2 * variance


def _sizes(table: np.void, sizes: tuple[Lots, ...], weights: Numbers) -> None:
    n = len(sizes)
    table["count"] = n
    table["lots"][:n] = sizes
    table["edges"][: n - 1] = (np.cumsum(weights) / sum(weights))[:-1]
    table["edges"][n - 1 :] = 2.0  # beyond any quantile
    table["guide"] = np.searchsorted(table["edges"], np.arange(GUIDE) / GUIDE, side="right")


def _gaps(row: np.void, flow: Flow, market_share: float) -> None:
    """The states of the clock, their means scaled to a mean of 1 over events. With m the share of market orders, a and
    p `gap_after_market` and `gap_stay`, a state is begun anew by `gap_weights` with probability (1 - m a) (1 - p), and
    by `gap_after_weights` with m a: the stationary law is their mixture. An event in company is not of this clock."""
    n = len(flow.gaps)
    weights = np.array(flow.gap_weights) / sum(flow.gap_weights)
    first = flow.gap_after_weights or (1.0, *(n - 1) * [0.0])
    after = np.array(first) / sum(first)
    share = market_share * flow.gap_after_market
    law = (1.0 - share) * (1.0 - flow.gap_stay) * weights + share * after
    gaps = np.array(flow.gaps)
    row["gap_count"] = n
    row["gaps"][:n] = gaps / (law @ gaps / law.sum())
    row["gap_edges"] = 2.0  # beyond any quantile
    for flurry, tilt in enumerate((-flow.gap_flurry, flow.gap_flurry)):
        row["gap_edges"][flurry, : n - 1] = np.cumsum(weights * (1.0 + tilt * shortness(gaps, weights)))[:-1]
    row["flurry_redraw"] = 1.0 / flow.gap_flurry_memory if flow.gap_flurry > 0.0 else 0.0
    row["gap_after_edges"][: n - 1] = np.cumsum(after)[:-1]
    row["gap_after_edges"][n - 1 :] = 2.0
    row["gap_stay"], row["gap_after_market"] = flow.gap_stay, flow.gap_after_market


def shortness(gaps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much shorter than the mean each of the clock's states is by its logarithm, over what the farthest differs; of
    weights whose sum is 1."""
    logs = np.log(gaps)
    shorter = weights @ logs - logs
    farthest = np.abs(shorter).max()
    return np.asarray(shorter / farthest if farthest > 0.0 else shorter)


def _venues(row: np.void, venues: tuple[Venue, ...], pool: Pool | None) -> None:
    n = len(venues)
    row["venues"], row["apart"] = n, n > 1 or pool is not None
    row["share"] = _edges([venue.share for venue in venues])
    routing = [venue.routing for venue in venues]
    row["weighed"] = any(routing)
    row["first"] = _edges(routing if any(routing) else [1.0])
    row["cheapest"][:n] = sorted(range(n), key=lambda v: venues[v].taker_fee)
    for name in ("maker_fee", "taker_fee"):
        row[name][:n] = [getattr(venue, name) for venue in venues]
    row["latency"][:n] = [venue.latency_ns / 1e9 for venue in venues]
    if pool is not None:
        row["pool"], row["ping"], row["hide"], row["patience"] = 1, pool.ping, pool.rest, pool.patience
        row["pool_fee"], row["pool_latency"] = pool.fee, pool.latency_ns / 1e9


def _edges(weights: list[float]) -> np.ndarray:
    """A distribution function over the venues, whose last value lies beyond any quantile."""
    edges = np.full(VENUES, 2.0)
    edges[: len(weights) - 1] = (np.cumsum(weights) / sum(weights))[:-1]
    return edges


def _stretched(curve: Numbers, bins: int, part: np.ndarray) -> np.ndarray:
    """A curve on `bins` parts of the day, with mean 1 over the cells whose `part` is given."""
    values = _on(curve, bins)
    return np.asarray(values / values[part].mean())


def _on(curve: Numbers, bins: int) -> np.ndarray:
    """A curve on `bins` parts of the day; one of fewer numbers is drawn through the middles of as many equal parts."""
    middles = (np.arange(bins) + 0.5) / bins
    return np.asarray(np.interp(middles, (np.arange(len(curve)) + 0.5) / len(curve), curve))


def _signs(row: np.void, signs: Signs) -> None:
    row["slots"], row["tail"], row["cap"] = signs.slots, -1.0 / signs.pareto, signs.cap
    row["again"] = signs.again


def _queues(row: np.void, queues: Queues) -> None:
    row["levels"], row["theta"], row["reinit"] = len(queues.limit), queues.theta, queues.reinit
    row["market"] = _table(queues.market)
    row["echo"], row["echo_keep"] = queues.echo, math.exp(-1.0 / queues.echo_memory)
    row["comeback"], row["entering"] = queues.comeback, queues.entering
    row["company"], row["company_gap"] = queues.company, queues.company_gap
    row["by_spread"] = np.arange(1.0, SPREADS + 1.0) ** -queues.spread_power
    trading = row["trading_curve"][: row["bins"]]
    row["uneven"] = queues.echo > 0.0 or queues.spread_power != 0.0 or bool((trading != 1.0).any())
    for i, (limit, cancel) in enumerate(zip(queues.limit, queues.cancel, strict=True)):
        row["limit"][i] = _table(limit)
        row["cancel"][i] = _table(cancel) * (1.0 - queues.company)  # the others come in company
        row["limit"][i][min(VOLUMES - 1, _FILLED * _ARENA // len(queues.limit) // 5) :] = 0.0
        row["stationary"][i] = np.cumsum(queues.stationary(i))


def _table(rates: Numbers) -> np.ndarray:
    return np.array([*rates, *(VOLUMES - len(rates)) * [rates[-1]]])
