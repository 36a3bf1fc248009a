"""The facts of a day: what each is, where it comes from, and how it is read off the sums of a pass.

A fact is a distribution over `x` or a curve over `x`. It keeps its sums by unit of resampling (blocks of time; for
curves over the day, the parts of each block), so that `values` of any resample is the estimator of a weighted sum.
Prices are in ticks or half-spreads, sizes in lots, times in seconds: two days of one tick size can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.clock import clock_facts
from tickwright.calibrate.day import DaySums
from tickwright.calibrate.definitions import DEFINITIONS
from tickwright.calibrate.estimators import (
    Estimate,
    Estimator,
    correlation,
    kurtosis,
    ratio,
    ratio_of_orders,
    relative,
    response,
    seen_from_both,
    shares,
    signature_of,
    survival,
)

Kind = Literal["distribution", "curve"]


@dataclass(frozen=True, eq=False)
class Fact:
    """One fact: `sums` (units, m), `estimator` (…, m) → (…, n), `x` (n,). `DEFINITIONS[name]` says what it is.

    `units` is what the bootstrap resamples: blocks of time.
    """

    name: str
    kind: Kind
    x: np.ndarray
    sums: np.ndarray
    estimator: Estimator

    def value(self) -> Estimate:
        """Of the day: (values, known)."""
        return self.estimator(self.sums.sum(0))

    def resampled(self, weights: np.ndarray) -> Estimate:
        """Of resamples: `weights` (resamples, units) says how often each unit is drawn."""
        return self.estimator(weights @ self.sums)

    def __post_init__(self) -> None:
        assert self.name in DEFINITIONS, self.name


@dataclass(frozen=True, eq=False)
class DayFacts:
    """Every fact of a day, by name, in the order of `DEFINITIONS`, and the counts that belong beside them."""

    facts: dict[str, Fact]
    day: DaySums
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]


def facts_of(day: DaySums) -> DayFacts:
    """The facts that the sums of a pass hold."""
    s, blocks = day.sums, day.settings.blocks
    lags = at.LAGS
    reference = int(np.flatnonzero(lags == 100)[0])
    spreads = np.arange(1, at.SPREADS + 1)
    imbalances = np.linspace(-1, 1, at.IMBALANCES)
    gaps = _middles(at.GAP_DECADES[0], at.GAPS)
    signs = np.concatenate(
        [s["sign_xy"], s["sign_x"], s["sign_y"], s["pairs"], s["pairs"], s["pairs"]], 1
    )  # a sign's square is 1
    found = [
        Fact("spread-events", "distribution", spreads, s["spread_events"], shares),
        Fact("spread-time", "distribution", spreads, s["spread_time"], shares),
        *(
            Fact(f"gaps-{name}", "distribution", gaps, s["gaps"][:, kind], shares)
            for kind, name in ((at.LIMIT, "limit"), (at.CANCEL, "cancel"), (at.MARKET, "market"))
        ),
        Fact("bursts", "curve", at.PAUSE_LAGS, s["pause_pairs"].reshape(len(s["pause_pairs"]), -1), correlation),
        Fact(
            "volumes", "curve", np.arange(1, day.settings.levels + 1),
            _pair(s["volumes"][:, : day.settings.levels] / 2, s["seconds"][:, None]), ratio,
        ),
        Fact("imbalance-1", "distribution", imbalances, s["imbalance1"], seen_from_both),
        Fact("imbalance-5", "distribution", imbalances, s["imbalance5"], seen_from_both),
        Fact(
            "lifetime", "curve", at.AGE_DECADES[0] + (np.arange(at.AGES) + 1) / at.PER_DECADE,
            np.concatenate([s["ended"], s["censored"]], 1), survival,
        ),
        Fact(
            "signature-trades", "curve", lags, np.concatenate([s["move2"], s["move1"], s["pairs"]], 1),
            signature_of(lags, reference),
        ),
        Fact("sign-memory", "curve", lags, signs, correlation),
        Fact(
            "kurtosis-trades", "curve", lags,
            np.concatenate([s["move1"], s["move2"], s["move3"], s["move4"], s["pairs"]], 1), kurtosis,
        ),
        *clock_facts(day, Fact),
        Fact("volume-curve", "curve", (np.arange(blocks) + 0.5) / blocks, s["traded"], relative),
        *(
            Fact(
                f"response-{name}", "curve", lags,
                np.concatenate(
                    [
                        s["response"][:, k] / 2, s["response_sign"][:, k], s["response_move"][:, k] / 2,
                        s["responses"][:, k], s["responses"][:, k],
                    ], 1,
                ), response,
            )
            for k, name in enumerate(at.RESPONSES)
        ),
        Fact("sweep-spread", "curve", lags, _pair(s["sweep_spread"], s["sweep_spread0"]), ratio),
        Fact("sweep-depth", "curve", lags, _pair(s["sweep_depth"], s["sweep_depth0"]), ratio),
        Fact(
            "mid-response", "curve", lags,
            np.concatenate([s["after_trade"], s["sign_x"], s["move1"], s["pairs"], s["half_spreads"]], 1), response,
        ),
        Fact("markouts", "curve", at.HORIZONS / 1e9, _pair(s["markout"], s["markout_spread"]), ratio),
        Fact(
            "fill-share", "curve", np.arange(at.AHEADS),
            np.concatenate([s["filled_lots"], s["resolved_lots"], s["resolved"]], 1), ratio_of_orders,
        ),
        Fact(
            "fill-time", "curve", np.arange(at.AHEADS),
            np.concatenate([s["fill_seconds"], s["fills"], s["fills"]], 1), ratio_of_orders,
        ),
    ]  # fmt: skip
    by_name = {fact.name: fact for fact in found}
    assert by_name.keys() == DEFINITIONS.keys(), by_name.keys() ^ DEFINITIONS.keys()
    return DayFacts({name: by_name[name] for name in DEFINITIONS}, day, tuple(_notes(day)))


def _pair(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.concatenate([above, np.broadcast_to(below, above.shape)], 1)


def _middles(first: int, bins: int) -> np.ndarray:
    return first + (np.arange(bins) + 0.5) / at.PER_DECADE


def _notes(day: DaySums) -> list[str]:
    """What a reader of the facts has to know of this day."""
    seen = day.count(at.ENDED) + day.count(at.CENSORED)
    notes = [
        f"{day.count(at.CENSORED):,} of {seen:,} orders outlive the stretch or leave the levels that the feed shows; "
        "their age is censored, and they are left out of the fill shares"
    ]
    if day.count(at.UNPLACED) or day.count(at.CROSSED):
        notes.append(
            f"{day.count(at.UNPLACED):,} market orders and {day.count(at.CROSSED):,} other events met a book that was "
            "crossed, locked or empty on one side; they are in no fact of prices"
        )
    if day.count(at.MARKOUTS_LOST):
        notes.append(f"{day.count(at.MARKOUTS_LOST):,} markouts were given up: too many trades within a minute")
    if day.count(at.HIDDEN_LOTS):
        notes.append(f"{day.count(at.HIDDEN_LOTS):,} lots traded with hidden orders: in the volume curve alone")
    if day.tape.unknown or day.tape.over_reduced or day.tape.duplicates:
        notes.append(
            f"{day.tape.unknown:,} events name an unknown order, {day.tape.over_reduced:,} take more than their order "
            f"has, {day.tape.duplicates:,} add an order twice; they are left out of the book"
        )
    return notes
