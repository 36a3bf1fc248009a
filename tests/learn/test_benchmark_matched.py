"""At matched risk: the heuristic's frontier at the policy's tail, against closed forms on costs made by hand."""

import numpy as np
import pytest

from tickwright.learn.benchmark.cells import Cell
from tickwright.learn.benchmark.matched import Point, at_matched_risk
from tickwright.learn.policies.paired import cvar

NOISE = np.random.default_rng(5).normal(size=4_000)
NOISE -= NOISE.mean()
Q = cvar(NOISE)


def cell(mean, scale):
    costs = mean + scale * NOISE
    return Cell(costs, np.zeros(len(costs)), np.arange(len(costs)), {})


def found(policy, *heuristics, near=0.0):
    frontier = [Point(f"point {i}", cell(*h)) for i, h in enumerate(heuristics)]
    return at_matched_risk([cell(*p) for p in policy], frontier, 1, near, 0.5)


def test_between_two_heuristics_it_is_the_line():
    """Costs mean + scale × noise have the CVaR mean + scale × q, so the weight of the line is known."""
    got = found([(0.4, 1.5)], (1.0, 1.0), (0.5, 2.0))
    weight = (0.5 + 2.0 * Q - 0.4 - 1.5 * Q) / (0.5 + 2.0 * Q - 1.0 - Q)
    assert got["status"] == "matched"
    assert got["policy_cvar95_bps"] == pytest.approx(0.4 + 1.5 * Q)
    assert got["rival_cvar95_bps"] == pytest.approx(got["policy_cvar95_bps"])
    assert got["rival_mean_bps"] == pytest.approx(weight * 1.0 + (1 - weight) * 0.5)
    assert got["difference"]["bps"] == pytest.approx(0.4 - got["rival_mean_bps"])
    assert got["difference"]["ticks"] == pytest.approx(2.0 * got["difference"]["bps"])
    assert got["ratio"] == pytest.approx(0.4 / got["rival_mean_bps"])
    low, high = got["difference"]["ci95"]
    assert low <= got["difference"]["bps"] <= high
    assert (got["episodes"], got["played"], len(got["frontier"])) == (4_000, 4_000, 2)


def test_the_best_line_is_taken_and_a_better_point_goes_before_it():
    """A frontier that bends in: the line past the middle point; a cheap heuristic of little tail beats every line."""
    bent = found([(0.4, 1.5)], (1.0, 1.0), (0.99, 1.4), (0.5, 2.0))
    assert bent["rival_mean_bps"] == pytest.approx(found([(0.4, 1.5)], (1.0, 1.0), (0.5, 2.0))["rival_mean_bps"])
    cheap = found([(0.4, 1.5)], (1.0, 1.0), (0.3, 1.4), (0.5, 2.0))
    assert cheap["rival"] == "tuned for point 1"
    assert cheap["difference"]["bps"] == pytest.approx(0.1)
    assert cheap["rival_cvar95_bps"] < cheap["policy_cvar95_bps"]


def test_outside_the_frontier_it_is_said():
    less = found([(0.4, 0.5)], (1.0, 1.0), (0.5, 2.0))
    assert (less["status"], less["rival"]) == ("less", "tuned for point 0")
    assert less["difference"]["bps"] == pytest.approx(-0.6)
    more = found([(0.4, 3.0)], (1.0, 1.0), (0.5, 2.0))
    assert (more["status"], more["rival"]) == ("more", "tuned for point 1")


def test_seeds_are_averaged_and_stopped_episodes_left_out():
    """The tail is the mean of the seeds' tails; an episode that stopped in one cell counts in none."""
    got = found([(0.4, 1.0), (0.6, 2.0)], (1.0, 1.0), (0.5, 2.0))
    assert got["policy_cvar95_bps"] == pytest.approx(0.5 + 1.5 * Q)
    assert got["policy_mean_bps"] == pytest.approx(0.5)
    broken = cell(1.0, 1.0)
    broken.shortfall[:7] = np.nan
    got = at_matched_risk([cell(0.4, 1.0)], [Point("a", broken)], 1, 0.0, 1.0)
    assert (got["episodes"], got["played"]) == (3_993, 4_000)
    broken.shortfall[:] = np.nan
    assert at_matched_risk([cell(0.4, 1.0)], [Point("a", broken)], 1, 0.0, 1.0) is None


def test_near_zero_there_is_no_ratio():
    got = found([(0.4, 1.5)], (1.0, 1.0), near=0.5)
    assert got["ratio"] is None
    assert got["difference"]["bps"] == pytest.approx(-0.6)


def test_the_cheapest_heuristic_stands_beside_whatever_its_tail():
    """A search that looked for something else may have found the lower mean: it is named, and paired."""
    got = found([(0.4, 1.5)], (1.0, 1.0), (0.6, 0.5), (0.5, 2.0))
    assert got["cheapest"]["rival"] == "tuned for point 2"
    assert got["cheapest"]["difference"]["bps"] == pytest.approx(-0.1)
    assert got["cheapest"]["ratio"] == pytest.approx(0.8)
    assert got["cheapest"]["rival_cvar95_bps"] == pytest.approx(0.5 + 2.0 * Q)
    assert got["rival"] == "38% tuned for point 1, 62% for point 2"
