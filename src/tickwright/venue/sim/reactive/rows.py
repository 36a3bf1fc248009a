"""Parameters become a PARAMS row: what a kernel reads."""

from __future__ import annotations

import math

import numpy as np

from tickwright.venue.sim.reactive.layout import GUIDE, MARKET, PARAMS, VOLUMES, CancelRule, Model
from tickwright.venue.sim.reactive.parameters import (
    FP,
    QL,
    Epsilon,
    Flow,
    Hawkes,
    Numbers,
    Parameters,
    QueueReactive,
    Queues,
    SantaFe,
    Signs,
)  # fmt: skip

_CODES = {
    SantaFe: Model.SANTA_FE, Epsilon: Model.EPSILON, Hawkes: Model.HAWKES,
    QueueReactive: Model.QUEUE_REACTIVE, QL: Model.QL, FP: Model.FP,
}  # fmt: skip

_ARENA = MARKET["book"]["orders"].shape[0]
_FILLED = 4
"""A full queue gets no more limit orders: so full that one whole side takes four fifths of the smallest arena. Without
this an agent's order too large to trade through holds the price, and the other side piles up before it for ever."""


def row_of(parameters: Parameters, tempo: float = 1.0) -> np.ndarray:
    """One PARAMS row, with `tempo` units of model time a second at the day's mean."""
    rows = np.zeros(1, PARAMS)
    row = rows[0]
    row["model"] = _CODES[type(parameters)]
    row["tempo"] = tempo
    _flow(row, parameters.flow)
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
            parameters.kappa, parameters.clip, parameters.n0, parameters.news,
        )  # fmt: skip
        row["passive"], row["informed"] = parameters.passive, parameters.informed
        row["picked"] = parameters.picked
        row["edge"], row["reach"] = parameters.edge, parameters.reach
        row["sweep"] = max(1, round(parameters.sweep * parameters.flow.typical))
        row["keep"] = [math.exp(-1.0 / tau) for tau in parameters.memory]
        row["weight"] = [parameters.impact * w for w in parameters.weights]
    return rows


def _flow(row: np.void, flow: Flow) -> None:
    n = len(flow.sizes)
    row["cancel_rule"] = CancelRule[flow.cancels.upper()]
    row["display"] = flow.display
    row["per_typical"] = 1.0 / flow.typical
    row["unit"] = max(1, round(flow.typical))
    row["size_count"] = n
    row["sizes"][:n] = flow.sizes
    row["size_edges"][: n - 1] = (np.cumsum(flow.weights) / sum(flow.weights))[:-1]
    row["size_edges"][n - 1 :] = 2.0  # beyond any quantile
    row["size_guide"] = np.searchsorted(row["size_edges"], np.arange(GUIDE) / GUIDE, side="right")
    row["day"] = flow.day_seconds
    # Two curves on one grid: each stretched over the least common number of parts would be finer than either needs.
    bins = max(len(flow.volume_curve), len(flow.volatility_curve))
    row["bins"] = bins
    row["volume_curve"][:bins] = _stretched(flow.volume_curve, bins)
    volatility = _stretched(flow.volatility_curve, bins)
    row["volatility_curve"][:bins] = volatility / np.sqrt(np.mean(volatility**2))
    keep, variance = math.exp(-1.0 / flow.activity_memory), flow.activity_sd**2
    row["activity_keep"] = keep
    row["activity_kick"] = math.sqrt(variance * (1.0 - keep**2))
    row["activity_shift"] = variance / 2.0
    row["activity_news"] = flow.activity_news
    row["news_shift"] = flow.activity_news**2 * variance


def _stretched(curve: Numbers, bins: int) -> np.ndarray:
    """A curve on `bins` equal parts of the day, with mean 1."""
    middles = (np.arange(bins) + 0.5) / bins
    values = np.interp(middles, (np.arange(len(curve)) + 0.5) / len(curve), curve)
    return np.asarray(values / values.mean())


def _signs(row: np.void, signs: Signs) -> None:
    row["slots"], row["tail"], row["cap"] = signs.slots, -1.0 / signs.pareto, signs.cap


def _queues(row: np.void, queues: Queues) -> None:
    row["levels"], row["theta"], row["reinit"] = len(queues.limit), queues.theta, queues.reinit
    row["market"] = _table(queues.market)
    for i, (limit, cancel) in enumerate(zip(queues.limit, queues.cancel, strict=True)):
        row["limit"][i], row["cancel"][i] = _table(limit), _table(cancel)
        row["limit"][i][min(VOLUMES - 1, _FILLED * _ARENA // len(queues.limit) // 5) :] = 0.0
        row["stationary"][i] = np.cumsum(queues.stationary(i))


def _table(rates: Numbers) -> np.ndarray:
    return np.array([*rates, *(VOLUMES - len(rates)) * [rates[-1]]])
