"""The sign memory of the LMF law in closed form, and its metaorders, exponent and stay from a day's.

Law (`venue.sim.reactive.lmf`): M metaorders, of which each market order takes the one of the last order with
probability a, and else picks one uniformly; lengths L are whole, P(L >= m) = m^-γ up to a cap. Two orders `lag` apart
have one sign for certain where they are of one metaorder, and by a fair chance otherwise. The place of the metaorder
that traded is picked at `lag` again after J picks between with a chance π(J) that a chain of two states has, here with
a + (1 - a) / M after here and (1 - a) / M after elsewhere; and it is the same one if more than J orders of it were
left: with a length drawn in proportion to itself, P(R >= k) = Σ_{m > k} P(L >= m) / E L. So
C(lag) = Σ_J π(J) P(R >= J + 1).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tickwright.venue.sim.reactive.parameters import Signs

SLOTS = (1, 2, 3, 4)
AGAIN = (0.0, 0.2, 0.4, 0.6, 0.8)
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


@lru_cache(maxsize=64)
def _returns(lags: tuple[int, ...], slots: int, again: float) -> np.ndarray:
    """π(J) for J = 0, 1, …, a row for each of `lags`."""
    last = max(lags)
    elsewhere = (1.0 - again) / slots
    rows = np.zeros((len(lags), last))
    here: np.ndarray = np.zeros(last)
    away: np.ndarray = np.zeros(last)
    here[0], away[0] = again + elsewhere, 1.0 - again - elsewhere
    for lag in range(1, last + 1):
        rows[[n for n, wanted in enumerate(lags) if wanted == lag]] = here
        picked = np.concatenate([[0.0], here[:-1]])
        here = (again + elsewhere) * picked + elsewhere * away
        away = (1.0 - again - elsewhere) * picked + (1.0 - elsewhere) * away
    return rows


def memory_of(signs: Signs, lags: np.ndarray) -> np.ndarray:
    """The autocorrelation of the signs of LMF market orders at `lags` (1 or more). The cap is at most 10 000."""
    left = _left(signs.pareto, min(signs.cap, float(_TERMS)))
    returns = _returns(tuple(int(lag) for lag in lags), signs.slots, signs.again)
    remain = left[np.minimum(np.arange(1, returns.shape[1] + 1), _TERMS - 1)]
    return np.asarray(returns @ remain)


def signs_of(lags: np.ndarray, memory: np.ndarray, known: np.ndarray, otherwise: Signs) -> Signs:
    """The law nearest to a recorded sign memory: least mean absolute difference over the lags, the distance that the
    score takes, among `SLOTS`, `AGAIN` and `PARETOS`; `otherwise` where no lag is known."""
    if not known.any():
        return otherwise
    lags, memory = lags[known], memory[known]
    laws = [
        Signs(slots=slots, pareto=pareto, again=again)
        for slots in SLOTS
        for again in (AGAIN if slots > 1 else AGAIN[:1])
        for pareto in PARETOS
    ]
    apart = [float(np.abs(memory_of(law, lags) - memory).mean()) for law in laws]
    return laws[int(np.argmin(apart))]
