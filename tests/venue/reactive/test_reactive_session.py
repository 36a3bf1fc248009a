"""A generated day against the plain book, its own rate, and its labels."""

import dataclasses as dc

import numpy as np
import pytest

from tickwright.book.quotes import quotes_of
from tickwright.book.tape import compile_tape
from tickwright.book.verify import verify_full
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.events import Action, Flag
from tickwright.core.units import HOUR, SECOND
from tickwright.venue.sim.reactive import parameters, prepare
from tickwright.venue.sim.reactive.session import generate_session

OPEN = 1_767_623_400 * SECOND
LENGTH = HOUR


@pytest.mark.parametrize("model", list(parameters.MODELS))
def test_a_session_is_a_correct_full_depth_feed(model):
    rows, labels = generate_session(parameters.default(model), 7, OPEN, OPEN + LENGTH)
    found = verify_full(rows)
    assert (found.tape.unknown, found.tape.over_reduced, found.tape.duplicates) == (0, 0, 0)
    assert (found.crossed, found.locked) == (0, 0)
    quotes = quotes_of(compile_tape(rows))
    assert (quotes["bid_size"] > 0).all()
    assert (quotes["ask_size"] > 0).all()
    assert rows["ts_event"][0] == OPEN
    assert OPEN + LENGTH - 60 * SECOND < rows["ts_event"][-1] <= OPEN + LENGTH
    assert (np.diff(rows["ts_event"]) >= 0).all()
    snapshot = rows["flags"] & Flag.SNAPSHOT != 0
    assert snapshot[: snapshot.sum()].all()
    assert (rows["flags"][snapshot] & Flag.LAST != 0).sum() == 1
    assert rows["flags"][-1] & Flag.LAST
    traded = rows[rows["action"] == Action.EXECUTE]
    assert traded["size"].sum() == labels["volume"]
    asked = labels["parameters"]["flow"]["messages_a_second"] * LENGTH / SECOND
    assert 0.6 * asked < labels["messages"] < 1.6 * asked
    assert parameters.content_hash(parameters.from_dict(labels["parameters"])) == labels["hash"]


def test_same_seed_same_bytes():
    one, _ = generate_session(parameters.FP(), 7, OPEN, OPEN + LENGTH)
    assert generate_session(parameters.FP(), 7, OPEN, OPEN + LENGTH)[0].tobytes() == one.tobytes()
    assert generate_session(parameters.FP(), 8, OPEN, OPEN + LENGTH)[0].tobytes() != one.tobytes()


def test_volume_follows_the_curve_of_the_day():
    flow = parameters.Flow(volume_curve=(3.0, 1.0, 1.0, 3.0), activity_sd=0.0, messages_a_second=40.0)
    rows, _ = generate_session(parameters.FP(flow=flow), 3, OPEN, OPEN + LENGTH)
    counts = np.histogram(rows["ts_event"] - OPEN, bins=4, range=(0, LENGTH))[0]
    assert 2.0 < (counts[0] + counts[3]) / (counts[1] + counts[2]) < 4.0


@pytest.mark.parametrize("rate", [20.0, 60.0])
def test_messages_are_as_many_as_asked_for_also_where_few_limit_orders_come_at_the_open(rate: float) -> None:
    # Oracle: the count of a day. A pilot in some part of it knows the rates of that part.
    flow = parameters.Flow(posting_curve=(0.05, 0.3, 0.6, 1.0, 1.5, 2.0, 2.5, 6.0), trading_curve=(0.4, 1.0, 1.0, 6.0),
                           activity_sd=0.0, messages_a_second=rate)  # fmt: skip
    length = 5400 * SECOND
    labels = generate_session(parameters.FP(flow=flow), 3, OPEN, OPEN + length)[1]
    assert labels["messages"] == pytest.approx(rate * length / SECOND, rel=0.05)


def test_a_day_of_far_more_messages_than_expected_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # No curves were found that do it, so what a pilot may have is made less than any has.
    monkeypatch.setattr(prepare, "_MOST_MESSAGES", 2_000)
    given = parameters.FP(flow=parameters.Flow(posting_curve=(0.5, 1.5), messages_a_second=21.0))
    with pytest.raises(CapacityError, match="a pilot's day has 2000 messages or more, for 80000"):
        prepare.prepare(given)


def test_parts_of_the_day_are_as_long_as_they_say():
    # Closed form: events of a part go as its number times its length, whose cells need not be ticks of any clock.
    flow = parameters.Flow(volume_curve=(8.0, 1.0, 3.0), day_parts=(1, 15, 4), volatility_curve=(1.0,),
                           activity_sd=0.0, messages_a_second=40.0)  # fmt: skip
    rows, _ = generate_session(parameters.FP(flow=flow), 3, OPEN, OPEN + LENGTH)
    counts = np.histogram(rows["ts_event"] - OPEN, bins=np.array([0, 1, 16, 20]) * LENGTH / 20)[0]
    np.testing.assert_allclose(counts / counts.sum(), np.array([8, 15, 12]) / 35, atol=0.02)
    even, _ = generate_session(
        parameters.FP(flow=dc.replace(flow, volume_curve=(1.0,), day_parts=())), 3, OPEN, OPEN + LENGTH
    )
    assert counts.sum() == pytest.approx(len(even), rel=0.02)  # the mean is over the day, not over the parts


def test_equal_parts_are_what_none_are():
    flow = parameters.Flow(volume_curve=(2.0, 1.0, 1.0, 4.0), volatility_curve=(1.0,))
    cut = dc.replace(flow, day_parts=(8, 8, 8, 8))  # powers of two: exact
    one, _ = generate_session(parameters.FP(flow=flow), 7, OPEN, OPEN + LENGTH)
    two, _ = generate_session(parameters.FP(flow=cut), 7, OPEN, OPEN + LENGTH)
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    ("parts", "said"),
    [((1, 0, 2), "1 or more"), ((1.5, 1.0, 1.0), "whole"), ((1.0, 2.0, 3.0), "whole"), ((500, 12, 1), "512"),
     ((1, 2), "each of 2 parts"), (33 * (1,), "at most 32"), ((float("nan"), 1, 1), "whole"), ((True, 1, 1), "whole"),
     (3, "whole"), (((1, 2), (3,)), "whole")],
)  # fmt: skip
def test_parts_that_make_no_day_are_refused(parts, said):
    with pytest.raises(ConfigError, match=said):
        parameters.Flow(volume_curve=(8.0, 1.0, 3.0), volatility_curve=(1.0,), day_parts=parts)


def test_an_empty_day_is_refused():
    with pytest.raises(ConfigError) as caught:
        generate_session(parameters.FP(), 7, OPEN, OPEN)
    assert caught.value.parameter == "close_ts"
