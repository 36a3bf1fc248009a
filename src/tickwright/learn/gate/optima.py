"""Almgren–Chriss and Obizhaeva–Wang: the best schedule found by simulation against the one of the closed form.

The schedule is searched on the simulated cost alone, with the same futures for all schedules: Newton's method, with
slopes and curvatures by differences, on schedules of a given sum. It is compared trade by trade with the closed form
of `strategy.intraday`, in shares of the parent, and in cost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.gate.check import Check, Estimate, surely
from tickwright.learn.gate.degenerate import FINE, FairMarket, closed_round_trip_cost, transient_cost
from tickwright.strategy.intraday import almgren_chriss as ac
from tickwright.strategy.intraday import obizhaeva_wang as ow
from tickwright.venue.sim.reactive.parameters import FP

_SLICES = 8
_ORDERS = 20
"""Market orders of the background in a slice."""
_QUANTITY = 40.0
"""Typical sizes."""
_NEWTON = 2
_STEP = 0.02
"""Of a trade's share of the parent, for differences."""
_PASS = 0.01
_JUDGED = 131_072
"""Fresh futures in which the schedule that was found is judged, so that a sample's variance is known to a few parts in
a thousand."""

Cost = Callable[[np.ndarray], float]


def minimise(cost: Cost, slices: int) -> np.ndarray:
    """The shares of least cost that sum to 1, from equal ones. One step is exact for a quadratic cost; the second shows
    that it was one."""
    free = slices - 1
    shares: np.ndarray = np.full(slices, 1.0 / slices)
    for _ in range(_NEWTON):
        base = shares[:-1].copy()

        def at(move: np.ndarray, base: np.ndarray = base) -> float:
            head = base + move
            return cost(np.append(head, 1.0 - head.sum()))

        unit = _STEP * np.eye(free)
        here = at(np.zeros(free))
        up, down = np.array([at(e) for e in unit]), np.array([at(-e) for e in unit])
        slope = (up - down) / (2.0 * _STEP)
        bend = np.diag((up + down - 2.0 * here) / _STEP**2)
        for i in range(free):
            for j in range(i):
                both = at(unit[i] + unit[j])
                bend[i, j] = bend[j, i] = (both - up[i] - up[j] + here) / _STEP**2
        head = base - np.linalg.solve(bend, slope)
        shares = np.append(head, 1.0 - head.sum())
    return shares


def _spread_out(shares: np.ndarray) -> np.ndarray:
    """Each trade at the beginning of its slice."""
    trades = np.zeros(len(shares) * _ORDERS)
    trades[::_ORDERS] = _QUANTITY * shares
    return trades


def _compared(name: str, found: np.ndarray, closed: np.ndarray, cost: float, closed_cost: float) -> list[Check]:
    told = {"found": found.round(5), "closed_form": closed.round(5), "cost": cost, "closed_form_cost": closed_cost}
    apart = Estimate(float(np.abs(found - closed).max()), 0.0)
    return [
        surely(f"{name}: largest difference of a trade, share of the parent", apart, None, _PASS, told),
        surely(f"{name}: cost over closed form", Estimate(cost / closed_cost, 0.0), 1.0 - _PASS, 1.0 + _PASS, told),
    ]


def obizhaeva_wang_checks() -> list[Check]:
    """Under an exponential kernel, in FP's law and in the replay's."""
    half_life = 30.0  # market orders
    times = np.arange(_SLICES) * float(_ORDERS)
    matrix = ow.kernel_matrix(ow.exponential(half_life), times)
    closed = ow.optimal_trades(matrix, 1.0)
    least = 0.5 * float(closed @ matrix @ closed) * _QUANTITY**2
    never = 1e9
    market = FairMarket.linear((1.0, 0.0, 0.0, 0.0), (half_life / np.log(2.0), never, never, never))
    one = np.zeros(1, np.uint64)

    def in_fp(shares: np.ndarray) -> float:
        return float(market.costs(_spread_out(shares), one)[0])

    second = 1_000_000_000

    def in_replay(shares: np.ndarray) -> float:
        return transient_cost(1.0, half_life * second / np.log(2.0), times * second, _QUANTITY * shares)

    checks = []
    for where, cost in (("FP's law", in_fp), ("the replay's law", in_replay)):
        found = minimise(cost, _SLICES)
        checks += _compared(f"Obizhaeva-Wang optimum in {where}", found, closed, cost(found), least)
    return checks


def almgren_chriss_checks(paths: int, seed: int, risk: float = 1e-2) -> list[Check]:
    """Under permanent impact, impact that is gone by the next slice, and news, in FP's law: mean plus λ times variance
    over simulated futures."""
    permanent, passing, news = 0.02, 1.0, 0.35
    market = FairMarket.linear((permanent, passing, 0.0, 0.0), (1e9, 1.0, 1e9, 1e9), news)
    still = FairMarket.linear((permanent, passing, 0.0, 0.0), (1e9, 1.0, 1e9, 1e9))
    rng = np.random.default_rng(derive(seed, "almgren-chriss"))
    searched, judged = (rng.integers(0, 2**63, n).astype(np.uint64) for n in (paths, _JUDGED))

    def cost(shares: np.ndarray, seeds: np.ndarray = searched) -> float:
        # the mean without the news, whose own mean is zero: a noise of the sample would tilt the schedule
        mean = float(still.costs(_spread_out(shares), seeds[:1])[0])
        return mean + risk * float(market.costs(_spread_out(shares), seeds).var(ddof=1))

    tau = float(_ORDERS)
    # half of the own block's impact is paid at once, of the permanent part too: eta - gamma tau / 2 = passing tau / 2
    model = ac.ImpactModel(news, 0.5 * (passing + permanent) * tau, permanent, 0.0, risk)
    path = ac.trajectory(_QUANTITY, ac.kappa_of(model, tau), np.arange(_SLICES + 1) * tau)
    least = ac.expected_cost(model, path, tau) + risk * ac.variance(model, path, tau)
    found = minimise(cost, _SLICES)
    return _compared(
        "Almgren-Chriss optimum in FP's law", found, -np.diff(path) / _QUANTITY, cost(found, judged), least
    )


def closed_round_trip_checks(given: FP, trips: int, seed: int) -> list[Check]:
    """Random round trips under FP's law as it is, concave: none earns, and each costs what the closed form says."""
    market = FairMarket.of(given)
    rng = np.random.default_rng(derive(seed, "round trips"))
    quiet = np.zeros(1, np.uint64)
    still = FairMarket(market.params.copy())
    still.params["news"] = 0.0
    apart, lowest = 0.0, np.inf
    for _ in range(trips):
        trades = np.rint(rng.normal(0.0, rng.choice((1.0, 5.0, 20.0)), 60)) * (rng.random(60) < 0.3)
        trades[-1] -= trades.sum()
        if not trades.any():
            continue
        traded = np.abs(trades).sum()
        cost, closed = float(still.costs(trades, quiet, FINE)[0]), closed_round_trip_cost(given, trades)
        apart, lowest = max(apart, abs(cost / closed - 1.0)), min(lowest, cost / traded)
    told = {"round_trips": trips}
    return [
        surely("cheapest round trip in FP's law, ticks a lot", Estimate(float(lowest), 0.0), 0.0, None, told),
        surely("round trips in FP's law against the closed form", Estimate(apart, 0.0), None, _PASS, told),
    ]
