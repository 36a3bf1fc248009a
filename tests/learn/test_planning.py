"""Plans: the surface is what the policies cost, the choice is the best cell, and nothing is made up between them."""

import dataclasses
import json

import numpy as np
import pytest

from tickwright.app.cli import main
from tickwright.core.errors import ConfigError
from tickwright.core.rng import derive
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.estimate import Estimate
from tickwright.learn.planning import PlanAsk, planned
from tickwright.learn.planning.choice import best_of, frontier_of
from tickwright.learn.planning.surface import Cell, surface
from tickwright.learn.policies import Baseline, Numbers, evaluate
from tickwright.learn.reference import measure
from tickwright.learn.regimes import AXES, shifted
from tickwright.venue.sim.reactive.parameters import FP, SantaFe
from tickwright.venue.sim.reactive.prepare import prepare


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


ASK = PlanAsk("sell", 900, horizons=(60.0, 240.0), urgencies=(0.0, 3.0), episodes=32)


@pytest.fixture(scope="module")
def cells():
    return surface(ASK, 5)


def test_a_cell_is_what_the_policy_costs_in_those_episodes(cells):
    messages = 60 * 20 // 30
    reference = measure(prepare(FP()), [FP().flow.typical], 10_000)[0]
    share = 900.5 / (30 * messages * reference["volume"])
    config = EpisodeConfig(messages=messages, side="sell", participation=(share, share), templates=32)
    scores = evaluate(config, Baseline("ac/post-then-cross", Numbers(urgency=3.0)), 32, derive(5, "plan"))
    assert (scores["quantity"] == 900).all()
    cell = next(c for c in cells if c.horizon == 60.0 and c.urgency == 3.0)
    np.testing.assert_allclose(cell.cost.value, np.mean(scores["shortfall"] - scores["news"]), rtol=1e-12)
    np.testing.assert_allclose(cell.sd, np.std(scores["shortfall"], ddof=1), rtol=1e-12)
    np.testing.assert_allclose(cell.cvar, np.sort(scores["shortfall"])[-2:].mean(), rtol=1e-12)
    np.testing.assert_allclose(cell.participation, 900 / (900.5 / share), rtol=1e-12)


def test_threads_change_nothing(cells):
    assert surface(ASK, 5, threads=2) == cells


def random_cells(seed, count):
    rng = np.random.default_rng(seed)
    return [
        Cell(float(h), 0.0, 0.1, Estimate(float(rng.normal()), 0.1), float(rng.uniform(1, 9)), 1.0, 0, 0, 9, 1.0, 1.0)
        for h in range(count)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_is_on_the_frontier_and_no_cell_is_better(seed):
    # For every λ the chosen cell has the least mean + λ variance, and no cell beats one of the frontier in both.
    found = random_cells(seed, 30)
    front = frontier_of(found)
    for risk in (0.0, 0.01, 1.0):
        chosen = best_of(found, risk).cell
        assert chosen in front
        assert all(chosen.objective(risk) <= c.objective(risk) for c in found)
    for cell in found:
        beaten = any(o.sd <= cell.sd and o.cost.value <= cell.cost.value and o is not cell for o in found)
        assert beaten == (cell not in front)


def test_more_risk_aversion_never_chooses_more_risk():
    found = random_cells(3, 40)
    risks = [best_of(found, risk).cell.sd for risk in (0.0, 0.01, 0.1, 1.0)]
    assert risks == sorted(risks, reverse=True)


def test_an_order_too_large_for_a_horizon_is_left_out_and_said():
    asked = dataclasses.replace(ASK, quantity=4_000, horizons=(10.0, 240.0), episodes=16)
    plan = planned(asked, factors=(2.0,))
    assert {cell.horizon for cell in plan.cells} == {240.0}
    assert any("10 s" in note for note in plan.notes)
    assert [s.axis for s in plan.shifts] == ["size", *AXES]
    with pytest.raises(ConfigError, match="at most 50% of the volume"):
        planned(dataclasses.replace(asked, horizons=(10.0,)))


@pytest.mark.parametrize(
    "change",
    [
        {"side": "both"}, {"quantity": 0}, {"horizons": ()}, {"horizons": (60.0, 60.0)}, {"horizons": (0.01,)},
        {"horizons": (1e9,)}, {"urgencies": (-1.0,)}, {"risk_aversion": float("nan")}, {"episodes": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_named(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        dataclasses.replace(ASK, **change)


def test_shifts_move_what_they_are_named_for():
    def seen(given):
        return measure(prepare(given), [given.flow.typical], 10_000, 60_000, 2)[0]

    plain = seen(FP())
    for axis, field in (("volatility", "volatility"), ("spread", "spread"), ("depth", "depth")):
        assert seen(shifted(FP(), axis, 3.0))[field] > 1.1 * plain[field]
    assert shifted(FP(), "volume", 2.0).flow.messages_a_second == 2 * FP().flow.messages_a_second
    assert shifted(FP(), "impact", 2.0).impact == 2 * FP().impact
    assert shifted(FP(), "impact", 1.0) == FP()
    for given, axis, factor in ((SantaFe(), "impact", 2.0), (FP(), "mood", 2.0), (FP(), "depth", 0.0)):
        with pytest.raises(ConfigError):
            shifted(given, axis, factor)


def test_the_command_writes_what_it_says(tmp_path, capsys):
    options = ["--horizons", "2,4", "--urgencies", "0,3", "--episodes", "16", "--out", str(tmp_path / "plan")]
    assert run("plan", "--instrument", "SIM", "--side", "buy", "--quantity", "900", *options) == 0
    told = capsys.readouterr().out
    document = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert len(document["surface"]) == 4
    best = document["recommended"]
    assert f"{best['mean_bps']:.2f} bps expected" in told
    assert best in [{"risk_aversion": 0.01, **cell} for cell in document["surface"]]
    html = (tmp_path / "plan" / "report.html").read_text()
    assert f"{best['mean_bps']:.2f} bps expected" in html
    assert html.count('class="chart"') == 5


@pytest.mark.parametrize(
    ("options", "says"),
    [(["--horizons", "a"], "--horizons"), (["--placement", "hope"], "hope"), (["--quantity", "0"], "quantity")],
)
def test_the_command_refuses_in_words(options, says, capsys):
    assert run("plan", "--instrument", "SIM", "--side", "buy", "--quantity", "900", *options) == 2
    assert says in capsys.readouterr().err
