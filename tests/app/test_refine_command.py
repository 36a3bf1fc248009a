"""`tickwright refine` and `tickwright registry`: files, exit codes, what enters the registry, and what is refused."""

import json
from pathlib import Path

import pytest

from conftest import call

pytest.importorskip("torch")

TRAIN = """steps = 200
seed = 3
episode = { steps = 6, messages = 20, templates = 2, warmup = 2_000 }
ppo = { environments = 16, rollout = 6, minibatch = 48, hidden = 16 }
validation = { every = 100, episodes = 32 }
"""
MARKET = 'schema = "tickwright.parameters/2"\nmodel = "fp"\nversion = 2\n[parameters.flow]\nday_seconds = 2400.0\n'
LOOK = """quick = true
steps = 400
days = 1
headline = 64
cell = 48
states = 128
gate = false
[replay]
starts = 2
"""
ORDER = (
    "--date", "2026-01-05", "--seed", "7", "--side", "buy", "--quantity", "500", "--start", "09:40", "--end", "09:42",
    "--instrument", "SIM",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("refine")
    for name, text in (
        ("train.toml", TRAIN),
        ("other.toml", TRAIN.replace("seed = 3", "seed = 4")),
        ("market.toml", MARKET),
        ("look.toml", LOOK),
    ):
        (made / name).write_text(text)
    return made


@pytest.fixture
def champion(folder, capsys):
    """A small policy, and the run in which it traded."""
    policy, run = folder / "policy" / "policy.twp", folder / "run"
    if not run.exists():
        assert call(capsys, "train", folder / "train.toml", "--out", policy.parent)[0] == 0
        market = ("--market", f"fp:{folder / 'market.toml'}")
        assert call(capsys, "execute", *market, *ORDER, "--policy", f"rl:{policy}", "--out", run)[0] == 0
    return policy


def test_the_registry_from_the_command_line(folder, champion, capsys, tmp_path):
    """In, on, and back in one command; a damaged policy ends it with 2 and changes nothing."""
    other = tmp_path / "other"
    assert call(capsys, "train", folder / "other.toml", "--out", other)[0] == 0
    where = tmp_path / "policies"
    code, out, _ = call(capsys, "registry", "enter", where, champion, "--why", "first")
    assert (code, out.count("champion: ")) == (0, 1)
    first = out
    assert call(capsys, "registry", "enter", where, other / "policy.twp")[0] == 0
    assert "canary: " in call(capsys, "registry", "promote", where)[1]
    assert "canary" not in call(capsys, "registry", "promote", where)[1]
    code, out, _ = call(capsys, "registry", "rollback", where, "--why", "dear")
    assert (code, out) == (0, first)
    told = json.loads(call(capsys, "registry", "show", where, "--json")[1])
    assert [change["what"] for change in told["history"]] == [
        "enter as champion", "enter as shadow", "promote to canary of 10 %", "promote to champion",
        "roll back: champion again",
    ]  # fmt: skip
    code, out, err = call(capsys, "registry", "rollback", where)
    assert (code, out) == (2, "")
    assert "no champion before this one" in err
    file = Path(first.split("champion: ")[1].strip())
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, _, err = call(capsys, "registry", "show", where)
    assert code == 2
    assert "that of its name" in err


def test_what_passes_enters_the_registry_as_shadow_and_what_does_not_stays_out(
    folder, champion, capsys, tmp_path, monkeypatch
):
    from tickwright.app.commands import refine as command
    from tickwright.learn.refine import Refined

    other = tmp_path / "other"
    assert call(capsys, "train", folder / "other.toml", "--out", other)[0] == 0
    where = tmp_path / "policies"
    call(capsys, "registry", "enter", where, champion)
    monkeypatch.setattr(Refined, "text", "words\n")
    monkeypatch.setattr(Refined, "challenger", other / "policy.twp")
    for verdict, stage in (("kept", None), ("would-pass", None), ("promoted", "shadow")):
        made = Refined(tmp_path, {"verdict": verdict, "manifest": "abc"})
        monkeypatch.setattr(command, "carry_out", lambda *a, made=made: made)
        code, out, _ = call(capsys, "refine", folder / "run", "--registry", where, "--out", tmp_path / "out")
        assert code == 0
        assert ("shadow in" in out) == (stage == "shadow")
        told = json.loads(call(capsys, "registry", "show", where, "--json")[1])
        assert told["state"]["stage"] == stage
    assert told["history"][-1]["why"] == "verdict abc"
    assert told["history"][-1]["verdict"] == made.content_hash
    assert call(capsys, "registry", "promote", where)[0] == call(capsys, "registry", "promote", where)[0] == 0

    def meanwhile(*arguments):  # somebody takes the champion back while it is judged
        call(capsys, "registry", "rollback", where)
        return made

    monkeypatch.setattr(command, "carry_out", meanwhile)
    monkeypatch.setattr(Refined, "challenger", champion)
    code, _, err = call(capsys, "refine", folder / "run", "--registry", where, "--out", tmp_path / "out")
    assert code == 2
    assert "against" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--champion, --registry: got 'neither'"),
        (("--registry", "nowhere"), "tickwright registry enter"),
        (("--champion", "nowhere.twp"), "a readable file of a trained policy"),
        (("--champion", "CHAMPION", "--divergence", "-1"), "divergence: got -1.0"),
        (("--champion", "CHAMPION", "--market", "santa-fe"), "a market of model fp"),
        (("--champion", "CHAMPION", "--catalog", "ticks"), "--catalog, --instrument and --date together"),
    ],
)
def test_wrong_use_is_refused(folder, champion, capsys, tmp_path, words, message):
    words = [champion if word == "CHAMPION" else word for word in words]
    code, _, err = call(capsys, "refine", folder / "run", *words, "--out", tmp_path / "out")
    assert code == 2
    assert message in err


@pytest.mark.slow
def test_from_a_run_to_a_verdict_and_again(folder, champion, capsys):
    """The files are there; a recorded day is among the criteria; the second time nothing is played, and the bytes are
    the same; without the challenger it is trained again to the same bytes."""
    named = ("--parameters", folder / "market.toml", "--instrument", "SIM", "--date", "2026-01-05", "--seed", "7")
    assert call(capsys, "simulate", *named, "--catalog", folder / "ticks")[0] == 0
    asked = (
        "refine", folder / "run", "--champion", champion, "--market", f"fp:{folder / 'market.toml'}", "--config",
        folder / "look.toml", "--catalog", folder / "ticks", "--instrument", "SIM", "--date", "2026-01-05",
        "--out", folder / "refined",
    )  # fmt: skip
    code, out, err = call(capsys, *asked)
    assert (code, err) == (0, "")
    assert out.startswith("KEPT")
    files = ("verdict.json", "verdict.txt", "challenger.twp", "champion.twp", "parameters.toml", "manifest.json")
    before = {name: (folder / "refined" / name).read_bytes() for name in files}
    verdict = json.loads(before["verdict.json"])
    assert verdict["verdict"] == "kept"  # a look
    assert len(verdict["scenarios"]) == 12
    assert len(verdict["replay"]) == 1
    assert [one["name"] for one in verdict["criteria"]] == [
        "mean",
        "regimes",
        "tail",
        "replay",
        "gate",
        "size",
        "cap",
        "seeds",
    ]
    assert verdict["training"]["divergence"] <= 0.05
    assert str(folder) not in before["verdict.json"].decode() + before["manifest.json"].decode()
    played = sorted((folder / "refined" / "cells").iterdir())
    times = [file.stat().st_mtime_ns for file in played]
    (folder / "refined" / "challenger.twp").unlink()
    (folder / "refined" / "verdict.json").unlink()
    assert call(capsys, *asked)[:2] == (0, out)
    assert {name: (folder / "refined" / name).read_bytes() for name in files} == before
    assert [file.stat().st_mtime_ns for file in sorted((folder / "refined" / "cells").iterdir())] == times
