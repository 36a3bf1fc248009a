"""The mean return of the others of a sector, as a regressor: a kernel across instruments that keeps nothing."""

from __future__ import annotations

from typing import Any

from tickwright.core.kernel import inline
from tickwright.factors.beta.section_kernel import VALUE_ALONE, weight_of
from tickwright.factors.beta.window import GAP, OK, refuse


@inline(borrow=True)
def _next_to(x: Any, i: int, step: int) -> int:
    """The nearest instrument before or after that is in the sector of `i`; -1 where there is none."""
    j = i + step
    while 0 <= j < len(x):
        if x[j].sector.status == OK and x[j].sector.value == x[i].sector.value:
            return j
        j += step
    return -1


@inline(borrow=True)
def leave_one_out(config: Any, x: Any, out: Any) -> None:
    """The weighted mean return of all others of the sector, from sums before and after each: never by subtraction.

    `x` has the ports `asset`, `weight` and `sector`, a code as of the slot. `n_obs` is the number of the others; fewer
    than `least`, or no sector, are a GAP.
    """
    for i in range(len(x)):  # from the first of each sector on: sums of those before wait in the row
        if x[i].sector.status == OK and _next_to(x, i, -1) < 0:
            total, weights, members, j = 0.0, 0.0, 0, i
            while j >= 0:
                w = weight_of(x[j])
                out[j].value, out[j].stderr, out[j].n_obs = total, weights, members
                total, weights, members = total + w * x[j].asset.value, weights + w, members + (w > 0.0)
                j = _next_to(x, j, 1)
    for i in range(len(x)):  # from the last of each sector back
        if x[i].sector.status != OK:
            refuse(out[i], GAP)
        elif _next_to(x, i, 1) < 0:
            total, weights, members, j = 0.0, 0.0, 0, i
            while j >= 0:
                row, w = out[j], weight_of(x[j])
                summed, among, others = row.value + total, row.stderr + weights, row.n_obs + members
                row.n_obs, row.stderr = others, 0.0
                if others >= config.least and among > 0.0:
                    row.value, row.status, row.absent = summed / among, OK, VALUE_ALONE
                else:
                    refuse(row, GAP)
                total, weights, members = total + w * x[j].asset.value, weights + w, members + (w > 0.0)
                j = _next_to(x, j, -1)
