"""What is known of an instrument beforehand: of its market alone, and near what other books of it say."""

import numpy as np
import pytest

from tickwright.learn import EpisodeConfig, ExecutionBatch, reference
from tickwright.venue.sim.reactive.driver import NO_ROWS, open_markets
from tickwright.venue.sim.reactive.laws import run_events
from tickwright.venue.sim.reactive.layout import MARKET
from tickwright.venue.sim.reactive.parameters import FP
from tickwright.venue.sim.reactive.prepare import prepare

NAMES = ("spread", "depth", "volatility", "volume", "seconds")


def test_it_does_not_depend_on_the_seed_of_the_episodes():
    """Who is trained and who tests it know the same."""
    config = EpisodeConfig(steps=5, messages=20, templates=2, warmup=2_000)
    one, two = (ExecutionBatch(config, 2, seed).references for seed in (1, 2))
    assert one.tobytes() == two.tobytes()


def test_other_books_say_nearly_the_same(monkeypatch):
    """Means of as many other books of the default market are within ten percent: no seed was lucky."""
    found = []
    for seed in range(4):
        monkeypatch.setattr(reference, "_SEED", seed)
        reference._measured.cache_clear()
        (row,) = reference.measure(prepare(FP()), [FP().flow.typical], 10_000)
        found.append([float(row[name]) for name in NAMES])
    reference._measured.cache_clear()
    spread = np.ptp(found, axis=0) / np.mean(found, axis=0)
    assert (spread < 0.10).all(), dict(zip(NAMES, spread, strict=True))


def test_it_is_the_mean_over_what_a_plain_loop_sees():
    """Volume and clock of two books, run on without looking."""
    params, (row,) = prepare(FP()), reference.measure(prepare(FP()), [100.0], 10_000, 20_000, 2)
    volume = seconds = 0.0
    for book in range(2):
        market = np.zeros(1, MARKET)
        open_markets(market, params, reference.derive(reference._SEED, f"reference/{book}"), 10_000)
        one_after_the_other(market, params)
        volume, seconds = volume + float(market["volume"][0]), seconds + float(market["clock"][0])
    assert float(row["volume"]) == pytest.approx(volume / 40_000, rel=1e-12)
    assert float(row["seconds"]) == pytest.approx(seconds / 40_000, rel=1e-12)


def one_after_the_other(market, params):
    from tickwright.core.kernel import kernel

    @kernel(borrow=True)
    def go(markets, params, rows):
        run_events(markets[0], params[0], np.int64(20_000), rows)

    go(market, params, NO_ROWS)
