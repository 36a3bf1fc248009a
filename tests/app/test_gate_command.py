"""`tickwright gate`: exit code, gate.json, the table, and what is refused."""

import dataclasses as dc
import json

import pytest

from conftest import call
from tickwright.learn.gate import Sizes, verdict
from tickwright.learn.gate.check import Estimate, exactly, surely
from tickwright.run.parameters_file import SCHEMA
from tickwright.venue.sim.reactive.parameters import FP, QL, content_hash


@pytest.fixture
def groups(monkeypatch):
    """Two groups that cost nothing, in the place of the true ones: the names of the markets they were asked for."""
    asked = []

    def make(given, sizes, seed, report):
        asked.append((given, sizes, seed))
        bad = given != FP()
        return [
            ("one", lambda: [exactly("nothing is wrong", 0.0)]),
            ("two", lambda: [surely("it loses", Estimate(-1.0 if bad else 1.0, 0.1), 0.0, None, {"a": float("inf")})]),
        ]

    monkeypatch.setattr(verdict, "groups_of", make)
    return asked


def test_a_passed_gate(capsys, groups, tmp_path):
    code, out, err = call(capsys, "gate", "--quick", "--seed", 3, "--json", "--out", tmp_path / "g")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told == json.loads((tmp_path / "g" / "gate.json").read_text())
    assert (told["passed"], told["model"], told["parameters_hash"]) == (True, "fp", content_hash(FP()))
    assert [check["name"] for check in told["checks"]] == ["nothing is wrong", "it loses"]
    assert told["checks"][1]["band"] == [0.0, None]
    assert told["checks"][1]["detail"] == {"a": None}
    assert groups == [(FP(), Sizes.quick(), 3)]


def test_the_gate_of_a_preset(capsys, groups):
    code, out, _ = call(capsys, "gate", "--model", "fp-small-tick", "--quick", "--json")
    assert json.loads(out)["parameters_hash"] == content_hash(FP.small_tick())
    assert [given for given, _, _ in groups] == [FP.small_tick()]
    assert code == 2  # by the fixture, whose groups pass the default market alone


def test_a_failed_gate(capsys, groups, tmp_path):
    file = tmp_path / "p.toml"
    file.write_text(f'schema = "{SCHEMA}"\nmodel = "fp"\nversion = 2\n[parameters]\nkappa = 0.5\n')
    code, out, err = call(capsys, "gate", "--parameters", file, "--seeds", 10)
    assert (code, err) == (2, "")
    assert "FAIL" in out
    assert "fp: 1 of 2 checks failed" in out
    assert groups == [(dc.replace(FP(), kappa=0.5), Sizes.full(10), 1)]


@pytest.fixture
def judged(monkeypatch):
    """Checks of a policy that cost nothing: who was asked for, and in what sizes."""
    asked = []

    def make(given, policy, books, audit_books, states, seed, progress):
        asked.append((given, policy.name, books, seed))
        progress(1, 2)
        return [exactly("policy: it keeps to the rules", float(policy.name == "random"))]

    monkeypatch.setattr(verdict, "policy_checks", make)
    return asked


def test_a_policy_is_judged_in_its_market(capsys, groups, judged, tmp_path):
    words = ("gate", "--quick", "--seeds", 12, "--out", tmp_path / "g", "--policy")
    code, out, _ = call(capsys, *words, "ac/post-then-cross")
    assert code == 0
    assert "fp with ac/post-then-cross: passed" in out
    assert judged == [(FP(), "ac/post-then-cross", 12, 1)]
    told = json.loads((tmp_path / "g" / "gate.json").read_text())
    assert told["policy"] == "ac/post-then-cross"
    assert [check["name"] for check in told["checks"]][-1] == "policy: it keeps to the rules"
    code, out, _ = call(capsys, *words, "random")
    assert code == 2
    assert "fp with random: 1 of 3 checks failed" in out


def test_without_a_policy_the_market_alone_is_judged(capsys, groups, judged):
    _, out, _ = call(capsys, "gate", "--quick", "--json")
    assert json.loads(out)["policy"] is None
    assert judged == []


def test_a_learned_policy_that_is_not_there_is_named(capsys, groups):
    code, out, err = call(capsys, "gate", "--quick", "--policy", "rl:best.twp")
    assert (code, out, groups) == (2, "", [])
    assert "best.twp" in err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--model", "brownian"], "brownian"),
        (["--seeds", "7"], "--seeds"),
        (["--seeds", "0"], "--seeds"),
        (["--seed", "-1"], "--seed"),
        (["--parameters", "none.toml"], "none.toml"),
        (["--parameters", "{nan}"], "kappa"),
        (["--parameters", "{ql}", "--model", "fp"], "--model"),
        (["--out", "{nan}"], "--out"),
        (["--policy", "twap"], "twap/take"),
        (["--policy", "vwap/hope"], "--policy"),
    ],
)
def test_what_is_refused(capsys, tmp_path, words, named):
    nan, ql = tmp_path / "nan.toml", tmp_path / "ql.toml"
    nan.write_text('model = "fp"\nversion = 2\nkappa = nan\n')
    ql.write_text(f'schema = "{SCHEMA}"\nmodel = "{QL.name}"\nversion = 2\n')
    code, out, err = call(capsys, "gate", "--quick", *(word.format(nan=nan, ql=ql) for word in words))
    assert (code, out) == (2, "")
    assert named in err
    assert "Traceback" not in err
