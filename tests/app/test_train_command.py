"""`tickwright train`, and `execute` with what it leaves: files, exit codes, and what is refused."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import call, load
from tickwright.app.commands.train import read
from tickwright.app.config_file import build, to_toml
from tickwright.learn.train import LEFT
from tickwright.learn.train.config import PpoConfig, Stage, TrainConfig
from tickwright.run.learned import market_notes
from tickwright.run.reactive import named_market
from tickwright.run.roster import Artefact, Roster
from tickwright.strategy.learned import container as learned
from tickwright.venue.sim.reactive.parameters import content_hash

pytest.importorskip("torch")

QUICK = """steps = 600
seed = 3
checkpoint_every = 200

[episode]
steps = 6
messages = 20
templates = 2
warmup = 2_000

[ppo]
environments = 16
rollout = 6
minibatch = 48
hidden = 16

[validation]
every = 300
episodes = 32
"""
FILE = 'schema = "tickwright.parameters/2"\nmodel = "fp"\nversion = 2\n[parameters.flow]\nday_seconds = 1500.0\n'
ORDER = (
    "--date",
    "2026-01-05",
    "--seed",
    "7",
    "--side",
    "buy",
    "--quantity",
    "1500",
    "--start",
    "09:40",
    "--end",
    "09:45",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained policy, its configuration and a market with a short day."""
    made = tmp_path_factory.mktemp("train")
    (made / "quick.toml").write_text(QUICK)
    (made / "market.toml").write_text(FILE)
    return made


def test_training_stops_and_goes_on(folder, capsys):
    code, out, err = call(capsys, "train", folder / "quick.toml", "--out", folder / "out", "--steps", 300)
    assert (code, err) == (0, "")
    assert "ended after 300 steps" in out
    code, out, err = call(capsys, "train", folder / "quick.toml", "--out", folder / "out", "--resume")
    assert (code, err) == (0, "")
    assert "before: cost " in out
    assert f"policy: {folder / 'out' / 'policy.twp'}" in out
    for name in ("policy.twp", "manifest.json", "metrics.jsonl", "timing.jsonl"):
        assert (folder / "out" / name).stat().st_size > 0
    code, _, err = call(capsys, "train", folder / "quick.toml", "--out", folder / "out")
    assert code == 2
    assert "or --resume" in err


def test_the_policy_trades_in_the_market_and_on_a_recorded_day(folder, capsys):
    """Alone and below a schedule; the same bytes again; the manifest names its content and no path."""
    policy, market = folder / "out" / "policy.twp", f"fp:{folder / 'market.toml'}"
    simulated = ("--parameters", folder / "market.toml", "--instrument", "SIM", "--date", "2026-01-05", "--seed", "7")
    code, _, _ = call(capsys, "simulate", *simulated, "--catalog", folder / "ticks")
    assert code == 0
    named = ("--policy", "twap/take", "--policy", f"rl:{policy}", "--policy", f"twap(slices=2)/rl:{policy}(lead=2s)")
    for kind, where in (("live", ("--market", market)), ("replay", ("--catalog", folder / "ticks"))):
        for again in ("1", "2"):
            out = folder / f"{kind}{again}"
            code, _, err = call(capsys, "execute", *where, "--instrument", "SIM", *ORDER, *named, "--out", out)
            assert (code, err) == (0, "")
        for file in (folder / f"{kind}1").iterdir():
            assert file.read_bytes() == (folder / f"{kind}2" / file.name).read_bytes(), file.name
        run = load(folder / f"{kind}1")
        assert [row["status"] for row in run.result["orders"]] == ["filled"] * 3
        manifest = (folder / f"{kind}1" / "manifest.json").read_text()
        assert str(folder) not in manifest
        assert "rl:" in manifest


def test_a_market_that_a_policy_was_not_trained_in_is_said(folder, capsys):
    """Both hashes, and how to train for it; in its own market, and on a recorded day, nothing."""
    policy = folder / "out" / "policy.twp"
    trained = learned.load(policy).markets[0]
    code, out, err = call(
        capsys, "execute", "--market", f"fp:{folder / 'market.toml'}", "--instrument", "SIM", *ORDER,
        "--policy", "twap/take", "--policy", f"rl:{policy}", "--out", folder / "elsewhere",
    )  # fmt: skip
    assert (code, err) == (0, "")
    (note,) = [note for note in load(folder / "elsewhere").result["notes"] if "trained in" in note]
    here = content_hash(named_market(f"fp:{folder / 'market.toml'}").parameters)
    assert trained != here
    assert trained[:8] in note
    assert here[:8] in note
    assert "tickwright train" in note
    assert "not trained in" in " ".join(out.split())
    rosters = {"rl:x": Roster(Artefact.of(policy))}
    assert market_notes(rosters, trained, "fp") == []


def test_an_order_too_early_or_a_broken_file_is_refused(folder, capsys, tmp_path):
    policy, market = folder / "out" / "policy.twp", f"fp:{folder / 'market.toml'}"
    common = ("--market", market, "--instrument", "SIM", *ORDER, "--out", tmp_path / "out")
    code, _, err = call(capsys, "execute", *common, "--start", "09:30:10", "--policy", f"rl:{policy}")
    assert code == 2
    assert "looks at the market before the order" in err
    broken = tmp_path / "broken.twp"
    broken.write_bytes(policy.read_bytes()[:-100])
    code, _, err = call(capsys, "execute", *common, "--policy", f"rl:{broken}")
    assert code == 2
    assert "cut short" in err


@pytest.mark.parametrize("kept", LEFT)
def test_what_was_learned_is_not_written_over(kept, folder, capsys, tmp_path):
    """Other algorithms leave no checkpoints; their folder is a training's all the same."""
    (tmp_path / kept).write_bytes(b"learned")
    library = tmp_path / "library.toml"
    library.write_text("algorithm = 'sb3-ppo'\n" + QUICK)
    for recipe in (library, folder / "quick.toml"):
        code, _, err = call(capsys, "train", recipe, "--out", tmp_path)
        assert code == 2
        assert f"{kept} would be written over" in err
        assert str(tmp_path) in err
    assert (tmp_path / kept).read_bytes() == b"learned"


def test_what_is_left_is_what_the_trainings_write():
    pytest.importorskip("stable_baselines3")
    from tickwright.learn.train.library import MODEL
    from tickwright.learn.train.tabular import TABLE
    from tickwright.learn.train.trainer import POLICY

    assert LEFT == (POLICY, MODEL, TABLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz = 3", "unknown key stepz; allowed: algorithm, checkpoint_every"),
        ("[ppo]\nclipp = 1", "unknown key ppo.clipp; allowed: clip"),
        ("[episode]\nmarkets = 'fp'", "markets at the top of the file"),
        ("algorithm = 'a3c'", "one of ppo, tabular"),
        ("markets = 'nowhere'", "a model among"),
        ("[ppo]\nminibatch = 100_000", "at most environments x rollout"),
        ("[episode]\nsteps = 0", "a whole number"),
        ("[[stages]]\nshare = 0.4", "add up to 1"),
        ("steps = 'x'", "a whole number"),
        ("algorithm = 'tabular'\n[tabular]\ncolumns = [99]", "places in an observation, from 0 to 29"),
        ("algorithm = 'tabular'\n[tabular]\ncolumns = [-1]", "places in an observation, from 0"),
        ("[tabular]\nedges = [nan]", "finite numbers that rise"),
        ("[teacher]\npolicy = 'os:getcwd'", "teacher.policy: got 'os:getcwd'"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path, capsys, text, message):
    (tmp_path / "wrong.toml").write_text(text)
    code, _, err = call(capsys, "train", tmp_path / "wrong.toml", "--out", tmp_path / "out")
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_without_torch_the_command_says_what_to_install(folder, capsys, monkeypatch, tmp_path):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "torch" else found(name, *a))
    code, _, err = call(capsys, "train", folder / "quick.toml", "--out", tmp_path / "out")
    assert code == 2
    assert "pip install 'tickwright[rl]'" in err


def test_the_example_and_what_is_written_come_back():
    example = read(Path(__file__).resolve().parents[2] / "examples" / "train_ppo.toml")
    usual = TrainConfig()  # what the file says that differs, and nothing else
    assert example == replace(
        usual, steps=4_500_000, checkpoint_every=1_500_000, validation=replace(usual.validation, every=750_000),
        episode=replace(usual.episode, risk_aversion=(0.003, 0.3), templates=256),
    )  # fmt: skip
    import tomllib

    more = replace(example, ppo=PpoConfig(hidden=(32,)), stages=(Stage(0.3, (0.01, 0.02)), Stage(0.7)))
    tables = tomllib.loads(to_toml(more))
    tables["episode"].pop("markets")
    assert build(TrainConfig, tables) == more
    assert json.dumps(tables)
