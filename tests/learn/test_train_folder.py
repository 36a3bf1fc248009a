"""A training that was killed: the same command goes on or begins anew, and nothing finished is written over."""

import subprocess
import sys

import pytest

from tickwright.core.errors import ConfigError

pytest.importorskip("torch")

from tickwright.app.commands.train import train as command
from tickwright.learn.train.folder import MARK, at_work

PPO = """steps = 288
seed = 5
checkpoint_every = 192
[episode]
steps = 6
messages = 20
templates = 2
warmup = 2_000
[ppo]
environments = 16
rollout = 6
minibatch = 48
epochs = 2
hidden = 16
[library]
environments = 16
hidden = 16
[tabular]
rounds = 2
[validation]
every = 96
episodes = 32
"""
SB3, TABLE = f"algorithm = 'sb3-ppo'\n{PPO}", f"algorithm = 'tabular'\n{PPO}"
KILLED = """
import os, signal, sys
from pathlib import Path
import numpy
from tickwright.app.commands.train import train
{imports}
calls = 0
def kill(real):
    def wrapped(*a, **k):
        global calls
        calls += 1
        if calls == {call}:
            {before}
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*a, **k)
    return wrapped
{place}.{name} = kill({place}.{name})
train(Path(sys.argv[1]), Path(sys.argv[2]), False, None)
"""
AT_THE_CHECKPOINT = {
    "imports": "from tickwright.learn.train import checkpoint", "place": "checkpoint", "name": "write", "call": 1,
    "before": "pass",
}  # fmt: skip
IN_A_FILE = {"imports": "", "place": "numpy", "name": "savez_compressed", "call": 1, "before": "a[0].write(b'half')"}
BETWEEN_FILES = {
    "imports": "from tickwright.learn.train import others", "place": "others", "name": "save", "call": 1,
    "before": "pass",
}  # fmt: skip


def killed(text, folder, where):
    """A training of this configuration in `folder/out`, ended by SIGKILL there."""
    file, out = folder / "recipe.toml", folder / "out"
    file.write_text(text)
    done = subprocess.run([sys.executable, "-c", KILLED.format(**where), file, out], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()[-2000:]
    assert (out / MARK).exists()
    return file, out


def files(folder):
    """What is left of a training, but for its clock and for TensorBoard's files, whose names have one."""
    return {path.name for path in folder.iterdir()} - {"timing.jsonl", "tensorboard"}


def test_before_its_first_checkpoint(tmp_path, capsys):
    """A policy is there and no checkpoint: both commands begin anew, say so, and end in the bytes of a whole run."""
    file, out = killed(PPO, tmp_path, AT_THE_CHECKPOINT)
    assert (out / "policy.twp").exists()
    assert not list(out.glob("checkpoints/*.npz"))
    command(file, tmp_path / "whole", False, None)
    capsys.readouterr()
    other = tmp_path / "other.toml"
    other.write_text(PPO.replace("seed = 5", "seed = 6"))
    before = (out / "policy.twp").read_bytes()
    with pytest.raises(ConfigError, match="the configuration that the unfinished training in it was begun with"):
        command(other, out, False, None)
    assert (out / "policy.twp").read_bytes() == before
    command(file, out, True, None)
    assert "begins anew" in capsys.readouterr().out
    for name in ("policy.twp", "metrics.jsonl", "manifest.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert files(out) == files(tmp_path / "whole")
    assert MARK not in files(out)
    with pytest.raises(ConfigError, match="or --resume"):
        command(file, out, False, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "where"),
    [(PPO, IN_A_FILE), (SB3, BETWEEN_FILES), (SB3, BETWEEN_FILES | {"call": 2}), (TABLE, IN_A_FILE)],
    ids=["in the first checkpoint", "before the first policy", "before a better policy", "in the table"],
)
def test_the_same_command_begins_anew(text, where, tmp_path, capsys):
    """Whatever was half written; what it leaves is what a whole run leaves, drafts of the dead one cleared away."""
    if text is SB3:
        pytest.importorskip("stable_baselines3")
        if where["call"] == 2:  # so that a second policy is better than the first one for sure
            where = where | {"imports": where["imports"] + "\nothers._Training._judge = judge_better"}
            where["imports"] = BETTER + where["imports"]
    file, out = killed(text, tmp_path, where)
    command(file, tmp_path / "whole", False, None)
    capsys.readouterr()
    command(file, out, False, None)
    assert "begins anew" in capsys.readouterr().out
    assert files(out) == files(tmp_path / "whole")
    assert (out / "metrics.jsonl").read_bytes() == (tmp_path / "whole" / "metrics.jsonl").read_bytes()
    with pytest.raises(ConfigError, match="a folder without a training in it"):
        command(file, out, False, None)


BETTER = """
from tickwright.learn.train import others as _others
_judge = _others._Training._judge
def judge_better(self, steps, decide):
    _judge(self, steps, decide)
    self._best = self._best | {"steps": steps}
    return True
"""


def test_after_a_checkpoint_it_is_gone_on_with(tmp_path, capsys):
    """The plain command refuses and names --resume, which ends in the bytes of a whole run."""
    file, out = killed(PPO, tmp_path, AT_THE_CHECKPOINT | {"call": 2})
    command(file, tmp_path / "whole", False, None)
    with pytest.raises(ConfigError, match="or --resume"):
        command(file, out, False, None)
    marked = (out / MARK).read_bytes()
    other = tmp_path / "other.toml"
    other.write_text(PPO.replace("seed = 5", "seed = 6"))
    with pytest.raises(ConfigError, match="the configuration that it was begun with"):
        command(other, out, True, None)
    assert (out / MARK).read_bytes() == marked
    capsys.readouterr()
    command(file, out, True, None)
    assert "begins anew" not in capsys.readouterr().out
    for name in ("policy.twp", "metrics.jsonl"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert MARK not in files(out)


def test_two_at_once_are_one_too_many(tmp_path):
    (tmp_path / "recipe.toml").write_text(PPO)
    with (
        at_work(tmp_path / "out", "other"),
        pytest.raises(ConfigError, match="no other training is at work"),
    ):
        command(tmp_path / "recipe.toml", tmp_path / "out", False, None)
    assert not files(tmp_path / "out")
