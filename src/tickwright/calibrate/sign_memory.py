"""The sign memory of the LMF law in closed form, and its number of metaorders and exponent from a day's.

Law (`venue.sim.reactive.lmf`): M metaorders, of which each market order picks one uniformly; lengths L are whole,
P(L >= m) = m^-γ up to a cap. Two orders `lag` apart have one sign for certain where they are of one metaorder, and by
a fair chance otherwise. The metaorder that traded is picked again at `lag` with probability 1/M, after J picks between,
J binomial (lag - 1, 1/M), and is the same one if more than J orders of it were left: with a length drawn in proportion
to itself, P(R >= k) = Σ_{m > k} P(L >= m) / E L. So C(lag) = E[P(R >= J + 1)] / M.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tickwright.venue.sim.reactive.parameters import Signs

SLOTS = (1, 2, 3, 4)
PARETOS = tuple(round(1.1 + 0.05 * k, 2) for k in range(59))
_TERMS = 10_000


@lru_cache(maxsize=512)
def _left(pareto: float, cap: float) -> np.ndarray:
    """P(R >= k) for k = 0, 1, …: that k more orders of the metaorder are to come."""
    lengths = np.arange(1, _TERMS + 1)
    reach = np.where(lengths <= cap, lengths**-pareto, 0.0)
    beyond = np.cumsum(reach[::-1])[::-1]
    left: np.ndarray = beyond / beyond[0]
    return left


@lru_cache(maxsize=512)
def _picks(orders: int, slots: int) -> np.ndarray:
    """P(J = 0), …, P(J = orders): how often one of the metaorders is picked."""
    if slots == 1:
        certain: np.ndarray = np.eye(1, orders + 1, orders)[0]
        return certain
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, orders + 1)))])  # their logs
    j = np.arange(orders + 1)
    logs = factorials[orders] - factorials[j] - factorials[orders - j]
    chances: np.ndarray = np.exp(logs - j * np.log(slots) + (orders - j) * np.log1p(-1.0 / slots))
    return chances


def memory_of(signs: Signs, lags: np.ndarray) -> np.ndarray:
    """The autocorrelation of the signs of LMF market orders at `lags` (1 or more). The cap is at most 10 000."""
    left = _left(signs.pareto, min(signs.cap, float(_TERMS)))
    found = np.empty(len(lags))
    for n, lag in enumerate(lags):
        between = np.minimum(np.arange(1, int(lag) + 1), _TERMS - 1)
        found[n] = float(_picks(int(lag) - 1, signs.slots) @ left[between]) / signs.slots
    return found


def signs_of(lags: np.ndarray, memory: np.ndarray, known: np.ndarray) -> Signs:
    """The law nearest to a recorded sign memory: least mean absolute difference over the lags, the distance that the
    score takes, among `SLOTS` and `PARETOS`."""
    lags, memory = lags[known], memory[known]
    laws = [Signs(slots=slots, pareto=pareto) for slots in SLOTS for pareto in PARETOS]
    apart = [float(np.abs(memory_of(law, lags) - memory).mean()) for law in laws]
    return laws[int(np.argmin(apart))]
