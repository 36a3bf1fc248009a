"""The draws of the reactive market against closed forms."""

import numpy as np

from tickwright.core.kernel import kernel
from tickwright.venue.sim.reactive.draws import _AREA, _EDGES, _TAIL, WAIT, block_of, exponential


@kernel
def _many(seed, out):
    for n in range(out.shape[0]):
        out[n] = exponential(block_of(seed, np.int64(n)), WAIT)


def test_the_layers_have_one_area_and_close_at_the_top():
    # Invariant: layer k from 1 on is X[k] wide and e^-X[k+1] - e^-X[k] high, layer 0 a box and the tail; each _AREA.
    assert abs(_TAIL * np.exp(-_TAIL) + np.exp(-_TAIL) - _AREA) < 1e-14
    heights = np.diff(np.exp(-_EDGES))[1:]
    np.testing.assert_allclose(_EDGES[1:-1] * heights, _AREA, rtol=1e-11)


def test_waits_are_exponential_to_the_tail():
    # Invariant: of n draws the number between any two edges of the layers, and beyond the last, is binomial with the
    # closed form's probability; so are those in three parts of a layer, where the curve cuts through it.
    waits = np.zeros(4_000_000)
    _many(np.uint64(7), waits)
    edges = np.sort(_EDGES[1:])
    fine = np.concatenate(
        [edges, edges[:-1] + np.diff(edges) / 3, edges[:-1] + np.diff(edges) / 1.5, [9.0, 11.0, 99.0]]
    )
    fine.sort()
    counts = np.histogram(waits, fine)[0]
    expected = -np.diff(np.exp(-fine)) * len(waits)
    assert counts.sum() == len(waits)
    assert np.abs((counts - expected) / np.sqrt(expected)).max() < 4.5
    chi = ((counts - expected) ** 2 / expected).sum()
    freedom = len(counts) - 1
    assert abs(chi - freedom) < 4.0 * np.sqrt(2.0 * freedom)
    assert abs(np.corrcoef(waits[1:], waits[:-1])[0, 1]) < 4.0 / np.sqrt(len(waits))
