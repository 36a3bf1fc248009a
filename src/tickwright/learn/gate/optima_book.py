"""The optima of `optima` in a book: real orders of an agent, in `plain_book`s.

1. `search` prices as many schedules as determine a quadratic cost, all in the same books, and takes its least. It knows
   the simulated fills alone.
2. `compared` judges in other books, all schedules in each: the cost of the schedule that was found against that of the
   closed form's, trade by trade as well, and the closed form's cost against the one that was simulated.

Costs are a lot's, above the half-spread, which is the same for every schedule and would hide what differs; it is that
of a schedule so small that it moves nothing (`_probe`). Errors are by bootstrap over pairs of books.

At seed 1 of the full form: Obizhaeva-Wang's trades differ by .006 [±.004] of the parent, the cost found over that of
the closed form is 1.0000 [±.0014], the simulated cost over the closed form's .9968 [±.0012]; of Almgren-Chriss .005
[±.011], 1.0005 [±.0017], 1.0008 [±.0020]. The third has a bias that no number of books takes away: a take comes before
the mid has wholly followed the one before (too cheap), and before it has followed the decay of the others (too dear).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.gate.check import Check, Estimate, not_above, surely
from tickwright.learn.gate.plain_book import UNINFORMED, Slicing, Worked, plain_book, worked
from tickwright.strategy.intraday import almgren_chriss as ac
from tickwright.strategy.intraday import obizhaeva_wang as ow
from tickwright.venue.sim.reactive.parameters import FP

_LEAN = 0.4
_PASS = 0.01
_RESOLUTION = 0.04
"""Of a trade, share of the parent. The full form tells trades apart to about .01, and cost is flat about its least."""
_JUDGED = 8
"""Times as many books as are searched in."""
_RESAMPLES = 200

Rows = np.ndarray
Price = Callable[[Sequence[Worked], Rows], np.ndarray]
"""What schedules cost in these pairs of books, ticks a lot."""


def obizhaeva_wang_book_checks(books: int, seed: int) -> list[Check]:
    """Under an exponential kernel."""
    half_life, weight = 30.0, 1.2
    slicing = Slicing(slices=5, takes=30, apart=1, rest=20, quantity=15.0)
    memory = half_life / np.log(2.0)
    matrix = slicing.matrix(weight, memory)
    given = plain_book((weight,), (memory,), 0.3)
    closed = ow.optimal_trades(matrix, 1.0)
    return compared("Obizhaeva-Wang optimum in a book", given, slicing, matrix, closed, 0.0, books, seed)


def almgren_chriss_book_checks(books: int, seed: int) -> list[Check]:
    """Under permanent impact, impact that is gone by the next slice, and news: mean plus λ times variance."""
    permanent, passing, memory, news, risk = 0.05, 1.0, 30.0, 0.5, 0.0025
    slicing = Slicing(slices=4, takes=30, apart=1, rest=120, quantity=15.0)
    lasting = slicing.matrix(permanent, 1e9)
    matrix = lasting + slicing.matrix(passing, memory)
    given = plain_book((passing, permanent), (memory, 1e9), news)
    path = almgren_chriss_path(slicing, permanent, passing, memory, news, risk)
    return compared("Almgren-Chriss optimum in a book", given, slicing, matrix, -np.diff(path), risk, books, seed)


def almgren_chriss_path(
    slicing: Slicing, permanent: float, passing: float, memory: float, news: float, risk: float
) -> np.ndarray:
    """Holdings at the ends of the slices, of a parent of 1: the closed form with the η of this book. A trade n of a
    slice costs η̃ n² / τ beside what any schedule pays:
    1. half the passing impact of its takes on each other;
    2. less what its takes do not pay of their own permanent impact;
    3. λ times the variance of what the uninformed move F by, which has passed by the next slice;
    4. less λ times the news that it spares by being traded in takes: with y the holdings after each of m takes,
       Σ y² = (m - 1) (x² + x'²) / 2 - (m² - 1) n² / 6 m, of which the first part is the same for all schedules.
    """
    m, tau = slicing.takes, float(slicing.length)
    own = float(slicing.matrix(1.0, memory)[0, 0])
    crowd = UNINFORMED * passing**2 / (1.0 - np.exp(-2.0 / memory)) * (own + 1.0 / m)
    spared = news**2 * slicing.apart * (m * m - 1) / (6.0 * m)
    whole = 0.5 * passing * own - 0.5 * permanent / m + risk * (crowd - spared)
    model = ac.ImpactModel(news, whole * tau + 0.5 * permanent * tau, permanent, 0.0, risk)
    return ac.trajectory(1.0, ac.kappa_of(model, tau), np.arange(slicing.slices + 1) * tau)


# -- what schedules cost --------------------------------------------------------------------------------------------


def price_of(risk: float, quantity: float) -> Price:
    """Mean plus `risk` times variance, of a parent of `quantity`. The mean is without what moved F anyhow, whose own
    mean is zero. That part's variance is a quadratic form in the shares, the same for all schedules: it is taken from
    the simulated moves of F of all of them together."""

    def price(found: Sequence[Worked], rows: Rows) -> np.ndarray:
        means = np.array([one.still[rows].mean() for one in found])
        if risk == 0.0:
            return means
        spread = np.mean([np.cov(one.moved[rows].T) for one in found], axis=0)
        kept = [one.shares @ spread @ one.shares for one in found]
        book = [one.cost[rows].var(ddof=1) - one.noise[rows].var(ddof=1) for one in found]
        return np.asarray(means + risk * quantity * (np.array(kept) + book))

    return price


def search(
    given: FP, slicing: Slicing, price: Price, books: int, seed: int
) -> tuple[np.ndarray, Callable[[Rows], np.ndarray]]:
    """The schedule of least simulated cost, and what it is from other rows of the same books."""
    schedules = lattice(slicing.slices)
    found = worked(given, slicing, schedules, books, seed)

    def least(rows: Rows) -> np.ndarray:
        return minimum(np.array([one.shares for one in found]), price(found, rows))

    return least(np.arange(books)), least


def lattice(slices: int) -> list[np.ndarray]:
    """Schedules that tell a quadratic cost: a part spread evenly, the rest in one slice or halved between two."""
    ends = np.eye(slices)
    leaning = [0.5 * (ends[i] + ends[j]) for i in range(slices) for j in range(i + 1)]
    return [(1.0 - _LEAN) / slices + _LEAN * lean for lean in leaning]


def minimum(schedules: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """The shares of least cost that sum to 1. A quadratic cost of such shares is s'Qs, and as many schedules as Q has
    entries determine it."""
    count = schedules.shape[1]
    rows, columns = np.tril_indices(count)
    entries = np.linalg.lstsq(schedules[:, rows] * schedules[:, columns], costs, rcond=None)[0]
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = 0.0
    system[rows, columns] += entries
    system[columns, rows] += entries
    system[count, count] = 0.0
    return np.asarray(np.linalg.solve(system, np.append(np.zeros(count), 1.0))[:count])


def _probe(slices: int) -> np.ndarray:
    return np.full(slices, 1e-9)  # a lot a take


def compared(
    name: str, given: FP, slicing: Slicing, matrix: np.ndarray, closed: np.ndarray, risk: float, books: int, seed: int
) -> list[Check]:
    """Found against closed form, in trades and in cost, and the mean cost against the closed form's."""
    price = price_of(risk, slicing.quantity)
    shares, again = search(given, slicing, price, books, derive(seed, f"{name}: search"))
    judged = _JUDGED * books
    schedules = [shares, closed, _probe(slicing.slices)]
    one, other, probe = worked(given, slicing, schedules, judged, derive(seed, f"{name}: judge"))
    small = slicing.quantity_of(_probe(slicing.slices)) / slicing.quantity_of(closed)
    said = 0.5 * slicing.quantity * float(closed @ matrix @ closed)

    def apart(rows: Rows) -> float:
        return float(np.abs(again(rows) - closed).max())

    def half(rows: Rows) -> float:
        """The half-spread: the probe's cost, without the little that its impact is."""
        return float((probe.still[rows].mean() - small * other.still[rows].mean()) / (1.0 - small))

    def ratio(rows: Rows) -> float:
        costs = price([one, other], rows) - half(rows)
        return float(costs[0] / costs[1])

    def mean_ratio(rows: Rows) -> float:
        return (float(other.still[rows].mean()) - half(rows)) / said

    rng = np.random.default_rng(derive(seed, f"{name}: bootstrap"))
    every = np.arange(judged)
    told = {
        "found": shares.round(5), "closed_form": closed.round(5), "half_spread": half(every),
        "mean_cost": float(other.still.mean()) - half(every), "closed_form_mean_cost": said,
        "cost_found": price([one, other], every)[0], "cost_closed_form": price([one, other], every)[1],
        "books": judged,
    }  # fmt: skip
    return [
        not_above(
            f"{name}: largest difference of a trade, share of the parent",
            Estimate(float(np.abs(shares - closed).max()), _error(apart, books, rng)), _PASS, _RESOLUTION, told,
        ),
        surely(
            f"{name}: cost over that of the closed form's schedule",
            Estimate(ratio(every), _error(ratio, judged, rng)), 1.0 - _PASS, 1.0 + _PASS, told,
        ),
        surely(
            f"{name}: simulated mean cost over closed form",
            Estimate(mean_ratio(every), _error(mean_ratio, judged, rng)), 1.0 - _PASS, 1.0 + _PASS, told,
        ),
    ]  # fmt: skip


def _error(statistic: Callable[[Rows], float], books: int, rng: np.random.Generator) -> float:
    """By bootstrap over pairs of books."""
    drawn = rng.integers(0, books // 2, (_RESAMPLES, books // 2))
    values = [statistic(np.concatenate((2 * pairs, 2 * pairs + 1))) for pairs in drawn]
    return float(np.std(values, ddof=1))
