"""Names of policies: what they stand for, that they come back, and how a wrong one is refused."""

import pytest

from tickwright.core.errors import ConfigError
from tickwright.core.units import MILLISECOND, SECOND
from tickwright.strategy.daily.split import Split
from tickwright.strategy.intraday.follow import FollowSchedule
from tickwright.strategy.intraday.pov import Pov
from tickwright.strategy.intraday.twap import Twap
from tickwright.strategy.intraday.vwap import FLAT_NOTE, VolumeCurve, Vwap
from tickwright.strategy.options import duration_text
from tickwright.strategy.policies import LEVELS, TICKS, StackContext, parse_policy, policy_help
from tickwright.strategy.tick.dispatch import TickCode
from tickwright.strategy.tick.requote import Requote


def test_a_policy_with_options():
    policy = parse_policy("twap(slices=6)/requote(patience=5s, hopeless=0, interval=100ms, cross_final=no)")
    assert policy.levels() == (FollowSchedule(Twap(slices=6)),)
    options = Requote(patience=5 * SECOND, hopeless=0.0, interval=100 * MILLISECOND, cross_final=False)
    assert policy.tick_options == options
    assert policy.tick.code == TickCode.REQUOTE
    assert policy.tick.params == (5e9, 0.0, 1e8, 5e9, 5e8, 3.0, 0.0, 0.0)


def test_a_policy_of_three_levels():
    policy = parse_policy("split(weights=1:2:1)/pov(rate=0.2)/take")
    assert policy.levels() == (Split((1, 2, 1)), Pov(rate=0.2))


def test_the_name_is_canonical():
    assert parse_policy(" twap( slices = 12 ) / take( through=1 ) ").name == "twap/take"
    text = "vwap(slices=6)/post-then-cross(patience=1500ms,cross_each=no)"
    assert parse_policy("vwap(slices=6)/post-then-cross(cross_each=false,patience=1.5s)").name == text


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("tick", TICKS)
def test_every_name_comes_back(level, tick):
    """Invariant: parsing a canonical name gives the policy that it names."""
    policy = parse_policy(f"{level}/{tick}")
    assert policy.name == f"{level}/{tick}"
    assert parse_policy(policy.name) == policy
    assert len(policy.tick.params) == 8
    assert len(policy.levels()) == 1


def test_every_tick_code_has_a_name():
    assert {kind.code for kind in TICKS.values()} == set(TickCode)


def test_vwap_takes_the_curve_of_the_context_and_says_when_there_is_none():
    policy, curve = parse_policy("vwap/take"), VolumeCurve((0, 10), (1.0,), "five earlier days")
    assert policy.levels(StackContext(curve)) == (FollowSchedule(Vwap(curve=curve)),)
    assert policy.notes(StackContext(curve)) == ()
    assert policy.notes() == (FLAT_NOTE,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("twpa/take", "one of: split, twap, vwap, pov, ac, ow"),
        ("twap/tkae", "one of: take, post-then-cross, mid-peg, requote, imbalance"),
        ("take", "level/tick policy"),
        ("", "one of: take"),
        ("twap/", "one of: take"),
        ("twap(slices=12/take", "one of: split"),
        ("twap(slice=3)/take", "each of these at most once, as name=value: slices"),
        ("twap(slices=3,slices=4)/take", "at most once"),
        ("twap(slices)/take", "name=value"),
        ("twap(slices=many)/take", "twap slices: got 'many', expected a whole number"),
        ("twap(slices=0)/take", "twap slices: got 0, expected above zero"),
        ("twap/take(retry=0s)", "take retry: got 0, expected above zero"),
        ("twap/take(retry=5)", "a duration as 250ms"),
        ("vwap(curve=x)/take", "name=value: slices"),
        ("ac(urgency=nan)/take", "a finite number"),
        ("twap/mid-peg(cross_final=maybe)", "yes or no"),
        ("twap/imbalance(post_below=0.9)", "from -1 to cross_at"),
        ("split(weights=1:x)/take", "whole numbers joined by colons"),
    ],
)
def test_a_wrong_name_is_refused_with_what_is_allowed(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_policy(text)
    assert message in str(caught.value)


def test_durations_as_text():
    cases = {0: "0s", 1: "1ns", 90 * SECOND: "90s", 300 * SECOND: "5min", 1_500_000: "1500us", 7_200 * SECOND: "2h"}
    assert {value: duration_text(value) for value in cases} == cases


def test_help_names_everything():
    text = policy_help()
    assert all(name in text for name in (*LEVELS, *TICKS))
    assert "ow(slices=12, half_life=5min)" in text
