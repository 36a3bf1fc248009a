"""`tickwright benchmark` on the smallest sizes: files, schema, resume, bad input."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import call

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "learn"))
from benchmark_sample import trained, waiting, write

from tickwright.learn.benchmark import BenchmarkConfig, benchmark, flow, measure, scenarios
from tickwright.learn.benchmark.rows import SIMPLE
from tickwright.learn.benchmark.scenarios import tight

TINY = ("--quick", "--only", "headline", "--episodes", "64", "--cells", "32", "--budget", "512")
ROW = (
    "policy", "mean_bps", "ci95", "sd_bps", "cvar95_bps", "impact_bps", "forced_share", "ratio_to", "median_bps",
    "iqm_bps", "maker_share", "split_bps", "difference_to", "win_rate_to",
)  # fmt: skip
CONFIG = BenchmarkConfig(quick=True, headline=64, cell=32, budget=512, parts=("headline",))


@pytest.fixture(autouse=True)
def few_books(monkeypatch):
    """Opening books for 64 episodes, not for 50 000: making them would be nearly all that these tests do."""
    monkeypatch.setattr(scenarios, "_BOOKS", 64)


@pytest.fixture(scope="module")
def waited(tmp_path_factory):
    """A benchmark of two policies that wait for the deadline: (folder, files of the policies)."""
    folder = tmp_path_factory.mktemp("benchmark")
    waiting(folder / "seeds", seeds=(1, 2))  # two seeds that differ could not be sure of anything
    return folder


def test_files_and_schema(waited, capsys, monkeypatch):
    """A folder of seeds: every row that others rely on, their mean and the worst. Takers pay five ticks, so whoever is
    swept at the deadline is surely dearer than who rests: it is said."""
    base = tight()
    monkeypatch.setattr(flow, "tight", lambda: replace(base, config=replace(base.config, taker_fee=5.0)))
    out = waited / "out"
    code, shown, _ = call(capsys, "benchmark", *TINY, "--policy", waited / "seeds", "--out", out)
    assert code == 0
    document = json.loads((out / "benchmark.json").read_text())
    assert {"scenarios", "gates", "seeds", "targets", "claims", "not_shown", "test_seeds"} <= set(document)
    assert document["seeds"] == [1, 2]
    rows = {row["policy"]: row for row in document["scenarios"][0]["rows"]}
    assert {"policy, seed 1", "policy, seed 2", "policy, mean of seeds", "policy, worst seed"} <= set(rows)
    for row in rows.values():
        assert set(ROW) <= set(row)
        assert {*SIMPLE, "heuristic"} <= set(row["ratio_to"])
    late = rows["policy, seed 1"]
    assert late["forced_share"] == 1.0
    assert late["mean_bps"] > rows["heuristic"]["mean_bps"]
    assert sum(late["split_bps"].values()) == pytest.approx(late["mean_bps"], abs=1e-6)
    assert rows["policy, worst seed"]["of"] == "policy, seed 1"
    assert any(claim["tone"] == "bad" and "DEARER" in claim["text"] for claim in document["claims"])
    assert all(target["verdict"] != "met" for target in document["targets"])
    assert "This is a look" in shown
    page = (out / "report.html").read_text()
    assert "A look, not a benchmark" in page
    assert "DEARER" in page
    assert document["test_seeds"]["hash"] in page
    assert "http" not in page.replace("http://www.w3.org", "").split("<script>")[0]
    assert json.loads((out / "manifest.json").read_text())["fingerprint"] == document["manifest"]


def test_resumed_is_uninterrupted(waited, tmp_path):
    """Stopped after a few cells and run again, with a damaged cell among them: the same document as in one go."""
    policies = [waited / "seeds"]
    whole = benchmark(CONFIG, policies, tmp_path / "whole")

    def stop(what, done, total):
        if what.endswith("ac/post-then-cross"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        benchmark(CONFIG, policies, tmp_path / "parts", stop)
    cells = sorted((tmp_path / "parts" / "cells").glob("*.json"))
    assert cells
    cells[0].write_text(cells[0].read_text()[:100])
    resumed = benchmark(CONFIG, policies, tmp_path / "parts")
    assert json.dumps(resumed, sort_keys=True) == json.dumps(whole, sort_keys=True)
    again = {path.name: path.read_bytes() for path in (tmp_path / "parts" / "cells").glob("*.json")}
    assert again == {path.name: path.read_bytes() for path in (tmp_path / "whole" / "cells").glob("*.json")}


def test_a_failed_gate_is_reported_and_ends_with_2(tmp_path, capsys, monkeypatch):
    check = {"name": "no drift", "passed": False, "value": 1.0, "band": [0.0, 0.5], "rule": "within"}
    failed = {"passed": False, "books": 4, "quick": True, "market": {"checks": [check]}, "policies": {}}
    monkeypatch.setattr(flow.gates, "judged", lambda *_: failed)
    code, shown, _ = call(
        capsys, "benchmark", *TINY, "--only", "gate", "--no-tune", "--out", tmp_path / "out"
    )  # fmt: skip
    assert code == 2
    assert "The gate of tight FAILED: the market: no drift" in shown
    assert "FAILED" in (tmp_path / "out" / "report.html").read_text()


def test_json_is_what_the_file_holds(tmp_path, capsys):
    code, shown, _ = call(capsys, "benchmark", *TINY, "--no-tune", "--json", "--out", tmp_path)
    assert code == 0
    assert shown == (tmp_path / "benchmark.json").read_text()
    assert json.loads(shown)["policies"] == []


def test_another_schema_is_refused(tmp_path, capsys, monkeypatch):
    """The file names the schema it was made with, this version another: an error that says both."""
    from tickwright.strategy.learned import container

    file = write(tmp_path)
    monkeypatch.setattr(container, "observation_schema", lambda: "0123456789abcdef")
    code, _, said = call(capsys, "benchmark", *TINY, "--policy", file, "--out", tmp_path / "out")
    assert code == 2
    assert "observation.schema" in said
    assert "0123456789abcdef" in said


def test_without_optuna_the_command_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measure, "find_spec", lambda name: None)
    code, _, said = call(capsys, "benchmark", *TINY, "--out", tmp_path)
    assert code == 2
    assert "pip install 'tickwright[learn]', or --no-tune" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "everything"), "--only"),
        (("--policy", "absent.twp"), "--policy"),
        (("--catalog", "ticks"), "--catalog, --instrument and --date together"),
        (("--episodes", "1"), "at least 2 episodes"),
    ],
)
def test_bad_input_is_named(words, said, tmp_path, capsys):
    code, _, err = call(capsys, "benchmark", "--quick", *words, "--out", tmp_path / "out")
    assert code == 2
    assert said in err


def test_another_market_is_played_and_said(tmp_path):
    """A policy that was trained elsewhere is not refused: the result says so, beside a heuristic of less budget."""
    from tickwright.venue.sim.reactive.parameters import FP

    file = write(tmp_path, market=FP.small_tick(), steps=3_000_000)
    document = benchmark(CONFIG, [file], tmp_path / "out")
    assert document["scenarios"][0]["trained_here"] == {"market": False, "base": False, "risk_aversion": True}
    text = " ".join(document["not_shown"])
    assert "these were trained in another" in text
    assert "the policy at least 100,000" in text
    assert "one policy is too few" in text


def test_a_frontier_matches_risk_on_the_same_episodes(waited, tmp_path):
    """Who heeds no risk aversion costs the same in the headline and along the frontier: pairs are of one episode. The
    policy waits for the deadline, so the frontier is held against a tail of its own."""
    config = replace(CONFIG, headline=32, parts=("headline", "frontier"))
    document = benchmark(config, [waited / "seeds"], tmp_path / "out")
    rows = [r for s in document["scenarios"] for r in s["rows"] if r["policy"] == "twap/take"]
    assert len(rows) == 5
    assert len({row["mean_bps"] for row in rows}) == len({row["cvar95_bps"] for row in rows}) == 1
    headline = document["scenarios"][0]
    found = headline["matched_risk"]
    assert [point["tuned_for"] for point in found["frontier"]] == ["the mean", *(f"λ = {r:g}" for r in scenarios.RISKS)]
    heuristic = next(r for r in headline["rows"] if r["policy"] == "heuristic")
    assert found["frontier"][0]["mean_bps"] == pytest.approx(heuristic["mean_bps"])
    assert found["frontier"][0]["cvar95_bps"] == pytest.approx(heuristic["cvar95_bps"])
    several = next(r for r in headline["rows"] if r["policy"] == "policy, mean of seeds")
    assert found["policy_mean_bps"] == pytest.approx(several["mean_bps"])
    assert any("risk" in claim["text"] and "matched" in claim["text"] for claim in document["claims"])
    assert any("at the policy's CVaR" in target["quantity"] for target in document["targets"])
    assert [told["budget"] for told in document["tuning"].values()] == [config.budget] * 5, "as much for each rival"


@pytest.mark.slow
def test_what_was_tuned_stands_in_the_tables_and_is_replayed_frozen(tmp_path, capsys):
    """Submit-and-leave has a row beside the untuned one and as much budget; a recorded day has every schedule with
    every placement, and the rules of the episodes with the very numbers that were found there."""
    from tickwright.learn.benchmark.config import ReplayConfig, ReplayDay

    market = tmp_path / "market.toml"
    market.write_text(
        'schema = "tickwright.parameters/2"\nmodel = "fp"\nversion = 2\n[parameters.flow]\nday_seconds = 2400.0\n'
    )
    asked = ("--parameters", market, "--instrument", "SIM", "--date", "2026-01-05", "--catalog", tmp_path / "ticks")
    assert call(capsys, "simulate", *asked)[0] == 0
    days = ReplayConfig(str(tmp_path / "ticks"), (ReplayDay("SIM", "2026-01-05"),), starts=1)
    config = replace(CONFIG, parts=("headline", "baselines", "replay"), replay=days)
    document = benchmark(config, [], tmp_path / "out")
    rows = {row["policy"]: row for row in document["scenarios"][0]["rows"]}
    assert {"submit-and-leave, tuned", "once/leave", "heuristic", "heuristic, untuned"} <= set(rows)
    found = document["tuning"]["tight: submit-and-leave, tuned"]
    assert (found["budget"], found["episodes"] <= config.budget) == (config.budget, True)
    assert found["name"].endswith("/leave")
    (day,) = document["replay"]
    replayed = [row["policy"] for row in day["rows"]]
    placements = ("take", "post-then-cross", "mid-peg", "requote", "imbalance")
    wanted = {f"{schedule}/{placement}" for schedule in ("twap", "vwap", "pov", "ac", "ow") for placement in placements}
    assert wanted | {"heuristic", "submit-and-leave, tuned", "heuristic, untuned", "random"} <= set(replayed)
    assert len(set(replayed)) == len(replayed)
    assert min(row["filled"] for row in day["rows"] if not row["policy"].startswith("pov/")) == 1.0


def test_a_policy_of_the_package_has_no_curve_of_the_folder_one_stands_in(tmp_path, monkeypatch):
    """`--policy demo` names no place: neither a metrics.jsonl nor a folder of that name is looked into."""
    from tickwright.learn.benchmark.contenders import contenders

    monkeypatch.chdir(tmp_path)
    Path("metrics.jsonl").write_text('{"steps": 5, "validation": {"reward": -2.0, "error": 0.1}}\n')
    Path("demo").mkdir()
    (found,) = contenders([Path("demo")])
    assert found.to_json()["curve"] == []


def test_a_replay_tells_policies_by_their_whole_names():
    """A file whose name begins with another's, or a baseline's, is another one."""
    from tickwright.learn.benchmark.replay import _shown

    named = {"rl:a/policy.twp": "policy, seed 1", "rl:a/policy.twp2": "policy, seed 2"}
    assert [_shown(name, named) for name in ("rl:a/policy.twp2", "rl:a/policy.twp", "twap/take")] == [
        "policy, seed 2", "policy, seed 1", "twap/take",
    ]  # fmt: skip


def test_a_replay_begins_where_the_day_trades():
    """A day whose file begins hours before its first trade: no order stands before that, and its size is of those
    hours' volume."""
    from types import SimpleNamespace

    from tickwright.core.errors import ConfigError
    from tickwright.core.units import HOUR, SECOND
    from tickwright.learn.benchmark.replay import _orders
    from tickwright.tca.market import Prints

    def day(prints):
        ts = np.array(prints, np.int64)
        told = Prints(ts, np.full(len(ts), 100), np.full(len(ts), 3))
        market = SimpleNamespace(prints=lambda begin, end: told)
        instrument = SimpleNamespace(symbol="ES", lot_size=1, timezone="UTC")
        return SimpleNamespace(begin=0, end=24 * HOUR, market=market, instrument=instrument)

    orders = _orders(day(range(7 * HOUR, 8 * HOUR + 1, 10 * SECOND)), 100 * SECOND, 5, 0.1)
    assert len(orders) == 10
    assert [order.start for order in orders[::2]] == ["07:31:00", "07:37:50", "07:44:40", "07:51:30", "07:58:20"]
    assert {order.quantity for order in orders} == {"3"}, "a tenth of ten trades of three lots"
    with pytest.raises(ConfigError, match="ES without a trade"):
        _orders(day([]), 100 * SECOND, 5, 0.1)


def test_recipes_and_curves(tmp_path):
    """Seeds of one recipe are alike but for the seed; the learning curve stands beside the policy."""
    from tickwright.learn.benchmark.contenders import contenders

    file = write(tmp_path / "a", seeds=(1, 2))
    lines = [{"steps": 5, "train": {}}, {"steps": 5, "validation": {"reward": -2.0, "error": 0.1, "episodes": 8}}]
    file.with_name("metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"steps"')
    first, second = contenders([tmp_path / "a"])
    assert first.recipe == second.recipe
    assert first.to_json()["curve"] == [{"steps": 5, "cost_bps": 2.0, "error": 0.1}]
    other = trained(3, entropy=0.5)
    assert other.manifest["config"] != first.trained.manifest["config"]


def test_the_budget_is_what_the_policy_saw(tmp_path):
    """The log of the training counts episodes that ended early; a log of another training, or none, counts nothing,
    and what steps make of longest episodes is known to be less."""
    from tickwright.learn.artefact import save
    from tickwright.learn.benchmark.cells import Store
    from tickwright.learn.benchmark.contenders import contenders

    best = {"reward": -2.0, "error": 0.1, "steps": 30_000}
    file = tmp_path / "policy.twp"
    save(replace(trained(), metrics={"steps": 30_000, "best": best}), file)
    (alone,) = contenders([file])
    assert (alone.to_json()["training_episodes"], alone.to_json()["training_episodes_at_least"]) == (None, 1_000)
    log = [
        {"steps": 0, "teacher": {"episodes": 100.0}}, {"steps": 15_000, "train": {"episodes": 2_900.0}},
        {"steps": 30_000, "train": {"episodes": 3_000.0}},
        {"steps": 30_000, "validation": {"reward": -2.0, "error": 0.1, "episodes": 64}},
    ]  # fmt: skip
    file.with_name("metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log) + '{"steps"')
    (told,) = contenders([file])
    assert told.to_json()["training_episodes"] == told.to_json()["training_episodes_at_least"] == 6_064
    config = BenchmarkConfig(headline=64, cell=32, parts=("headline",))
    bench = flow._Bench(config, [told], Store(tmp_path / "out"), lambda what, done, total: None)
    assert bench._budget == 6_064
    log[-1]["validation"]["reward"] = -2.5
    file.with_name("metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    (other,) = contenders([file])
    assert (other.episodes, other.least_episodes) == (None, 1_000)
