"""Bursts move the clock and nothing else; parameters of before keep their names and their markets."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tickwright.core.errors import ConfigError
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.parameters import FP, Flow, Parameters, QueueReactive, Queues
from tickwright.venue.sim.reactive.session import generate_session

OPEN = 1_340_285_400 * SECOND
STEADY = Flow(volume_curve=(1.0,), volatility_curve=(1.0,), activity_sd=0.0, activity_news=0.0)
BURSTS = {"gaps": (0.001, 0.05, 1.0), "gap_weights": (0.5, 0.3, 0.2), "gap_stay": 0.3, "gap_after_market": 0.6}


@pytest.mark.parametrize("flurry", [0.0, 0.8])
@pytest.mark.parametrize("model", ["fp", "hawkes", "santa-fe"])
def test_bursts_change_when_events_come_and_not_which(model: str, flurry: float) -> None:
    # Invariant: with and without bursts, the rows of both days are alike but for their times, as far as both go.
    plain: Parameters = dataclasses.replace(parameters.default(model), flow=STEADY)
    bursty = dataclasses.replace(plain, flow=dataclasses.replace(STEADY, **BURSTS, gap_flurry=flurry))  # type: ignore[arg-type]
    days = [generate_session(given, 3, OPEN, OPEN + 1200 * SECOND)[0] for given in (plain, bursty)]
    n = min(len(day) for day in days)
    assert n > 10_000
    for name in ("action", "order_id", "side", "price", "size", "flags"):
        np.testing.assert_array_equal(days[0][name][:n], days[1][name][:n])
    pauses = [np.diff(day["ts_event"][:n]) for day in days]
    plain_sd, bursty_sd = (np.log10(pause[pause > 0]).std() for pause in pauses)
    assert bursty_sd > plain_sd + 0.4


def test_messages_a_second_are_those_asked_for() -> None:
    given = FP(flow=dataclasses.replace(STEADY, **BURSTS))  # type: ignore[arg-type]
    labels = generate_session(given, 5, OPEN, OPEN + 7200 * SECOND)[1]
    # 144 000 waits of standard deviation 2.6 means, correlated in runs: 1 % and a little of the tempo's pilot.
    assert labels["messages"] / 7200 == pytest.approx(20.0, rel=0.06)


def test_market_orders_echo_and_a_share_stays_at_the_best() -> None:
    plain = dataclasses.replace(FP.plain(), flow=STEADY)
    loud = dataclasses.replace(plain, queues=dataclasses.replace(plain.queues, echo=20.0, echo_memory=2.0))
    shy = dataclasses.replace(plain, through=0.0, informed=0.0)
    orders = [generate_session(given, 5, OPEN, OPEN + 3600 * SECOND)[1]["market_orders"] for given in (plain, loud)]
    assert orders[1] > 1.5 * orders[0]
    rows = generate_session(shy, 5, OPEN, OPEN + 3600 * SECOND)[0]
    taken = rows[rows["action"] == ord("E")]
    moments, first = np.unique(taken["ts_event"], return_index=True)
    last = np.append(first[1:], len(taken)) - 1
    assert moments.size > 1_000
    assert np.mean(taken["price"][first] == taken["price"][last]) > 0.999  # two in one nanosecond are seldom


def test_a_market_order_puts_the_clock_into_a_state_by_weights_of_their_own() -> None:
    # Closed form: with no state that holds, pauses after a market order are all of the second state, the others of the
    # first, so that their means are as the means of the states.
    clock = {"gaps": (0.01, 1.0), "gap_weights": (1.0, 0.0), "gap_after_market": 0.99, "gap_after_weights": (0.0, 1.0)}
    given = FP(flow=dataclasses.replace(STEADY, **clock))  # type: ignore[arg-type]
    rows = generate_session(given, 3, OPEN, OPEN + 3600 * SECOND)[0]
    times, first = np.unique(rows["ts_event"], return_index=True)
    pauses, traded = np.diff(times), rows["action"][first][:-1] == ord("E")
    # Rates of a moment scatter, and one in a hundred of the first is not of the second state.
    assert pauses[traded].mean() / pauses[~traded].mean() == pytest.approx(100.0, rel=0.3)
    assert len(times) / 3600 == pytest.approx(20.0, rel=0.1)


def test_waiting_times_keep_together_in_flurries() -> None:
    # Closed form: with weights w, logarithms of the means m and z as pace.py has it, logarithms of two times k events
    # apart have the covariance (f Σ w z m)² (1 - 1/memory)^k; of the times there are as many of each length as before.
    clock = {"gaps": (1e-4, 1e-2, 1.0), "gap_weights": (0.5, 0.3, 0.2)}
    flurries = {**clock, "gap_flurry": 0.8, "gap_flurry_memory": 20.0}
    logs = []
    for changes in (clock, flurries):
        given = dataclasses.replace(parameters.default("santa-fe"), flow=dataclasses.replace(STEADY, **changes))
        rows, labels = generate_session(given, 3, OPEN, OPEN + 4 * 3600 * SECOND)
        assert labels["messages"] / (4 * 3600) == pytest.approx(20.0, rel=0.06)
        logs.append(np.log10(np.maximum(np.diff(np.unique(rows["ts_event"])), 1) / 1e9))
    w, means = np.array(clock["gap_weights"]), np.array([-4.0, -2.0, 0.0])
    z = np.array([1.4, -0.6, -2.6]) / 2.6
    lags = np.array([1, 3, 10, 30, 60])
    for x, wanted in zip(logs, (0.0 * lags, (0.8 * (w * z) @ means) ** 2 * 0.95**lags), strict=True):
        x = x - x.mean()
        found = [np.mean(x[k:] * x[:-k]) for k in lags]
        np.testing.assert_allclose(found, wanted, atol=0.05)
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    np.testing.assert_allclose(np.quantile(logs[0], quantiles), np.quantile(logs[1], quantiles), atol=0.1)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_cancels_come_in_company_and_the_others_at_their_pace(share: float) -> None:
    # Of all cancels `company` come at once after another one on its side; messages a second are those asked for.
    plain = QueueReactive(flow=STEADY)
    queues = dataclasses.replace(plain.queues, company=share, company_gap=1e-6)
    rows = generate_session(dataclasses.replace(plain, queues=queues), 3, OPEN, OPEN + 3600 * SECOND)[0]
    cancel = rows["action"] == ord("C")
    pauses = np.diff(rows["ts_event"])
    # What leaves the window when the reference moves goes at the very same instant, and is no event of its own.
    own = np.append(True, pauses > 0) & cancel
    together = own[1:] & own[:-1] & (pauses < 20_000) & (rows["side"][1:] == rows["side"][:-1])
    assert together.sum() / own.sum() == pytest.approx(share, abs=0.02)
    assert np.unique(rows["ts_event"]).size / 3600 == pytest.approx(20.0, rel=0.1)


HASHES = {"santa-fe": "be35f957b8551514ed3d5c9484e69561", "fp": "f8f1d46db003c83dfb5c7fe73fb6a4c8"}
"""Of the default markets before there were bursts."""


def test_parameters_keep_their_names() -> None:
    found = {"santa-fe": parameters.default("santa-fe"), "fp": FP.plain()}
    assert {model: parameters.content_hash(given) for model, given in found.items()} == HASHES
    changed = dataclasses.replace(FP.plain(), lean=0.5)
    assert parameters.content_hash(changed) != HASHES["fp"]


def test_a_table_of_before_loads() -> None:
    table = parameters.to_dict(FP.plain())
    for name in ("gaps", "gap_weights", "gap_stay", "gap_after_market", "gap_after_weights", "trading_curve",
                 "posting_curve", "size_curve", "cancel_decay", "market_sizes", "market_weights", "day_parts",
                 "gap_flurry", "gap_flurry_memory"):  # fmt: skip
        del table["flow"][name]
    for name in ("echo", "echo_memory", "spread_power", "comeback", "company", "company_gap", "entering"):
        del table["queues"][name]
    del table["signs"]["again"]
    del (
        table["selective"],
        table["swift"],
        table["swift_memory"],
        table["sweep_through"],
        table["lean"],
        table["through"],
        table["impact_news"],
        table["impact_posting"],
        table["join"],
    )
    assert parameters.from_dict(table) == FP.plain()


@pytest.mark.parametrize(
    ("name", "value"),
    [("selective", 1.1), ("selective", -0.1), ("swift", -0.1), ("swift", math.inf), ("swift_memory", 0.0)],
)
def test_what_makes_no_market_order_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(FP.plain(), **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("again", [1.0, -0.1, math.nan])
def test_a_metaorder_cannot_trade_for_ever(again: float) -> None:
    with pytest.raises(ConfigError, match="again"):
        dataclasses.replace(FP.plain().signs, again=again)


def test_what_makes_no_clock_is_refused() -> None:
    for changes, said in (
        ({"gaps": (1.0, 0.5), "gap_weights": (1.0, 1.0)}, "shortest first"),
        ({"gaps": (1.0, 2.0)}, "one for each weight"),
        ({"gap_weights": (0.0,)}, "not all zero"),
        ({"gap_stay": 1.0}, "0.99"),
        ({"gap_flurry": 1.1}, "gap_flurry"),
        ({"gap_flurry_memory": 0.5}, "gap_flurry_memory"),
        ({"gap_after_weights": (1.0, 1.0)}, "one for each of gaps"),
        ({"gaps": (1.0, 2.0), "gap_weights": (1.0, 1.0), "gap_after_weights": (0.0, 0.0)}, "not all zero"),
    ):
        with pytest.raises(ConfigError, match=said):
            dataclasses.replace(STEADY, **changes)  # type: ignore[arg-type]
    for name, value in (
        ("echo", -1.0),
        ("comeback", 1.0),
        ("company", 1.0),
        ("company_gap", 0.01),
        ("entering", 1.1),
        ("spread_power", 9.0),
    ):
        with pytest.raises(ConfigError, match=name):
            dataclasses.replace(FP().queues, **{name: value})  # type: ignore[arg-type]
    assert isinstance(FP().queues, Queues)
