"""The frame of the command line: what help imports, how failures end."""

import json
import os
import subprocess
import sys
import time

import pytest

from tickwright.app.failures import BUG, INTERRUPTED, REFUSED, guarded
from tickwright.core.errors import ConfigError, InternalError

HEAVY = ("numba", "numpy", "polars", "pyarrow", "plotly", "scipy", "pandas", "msgspec", "databento_dbn")

SHOWS_HELP = f"""
import json, sys
from tickwright.app.cli import main
try:
    main({{arguments}})
except SystemExit as end:
    code = end.code
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)
"""


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "tickwright.app", *arguments], capture_output=True, text=True, timeout=120, **options
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["execute", "--help"], ["ingest", "lobster", "--help"], ["data", "--help"]]
)
def test_help_imports_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", SHOWS_HELP.replace("{arguments}", repr(arguments))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []], done.stderr
    assert "Usage" in done.stdout


def test_help_is_quick():
    times = []
    for _ in range(3):
        before = os.times()
        started = time.perf_counter()
        assert run("--help").returncode == 0
        after = os.times()
        used = after.children_user - before.children_user + after.children_system - before.children_system
        times.append(min(used, time.perf_counter() - started))
    assert min(times) < 0.5, times  # CPU seconds, so that a busy machine does not fail it


def test_version_and_unknown_command():
    assert run("--version").stdout.startswith("tickwright ")
    wrong = run("exectue")
    assert wrong.returncode == REFUSED
    assert "exectue" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (ConfigError("side", "hold", "buy or sell"), REFUSED, "error: side: got 'hold', expected buy or sell\n"),
        (
            FileNotFoundError(2, "No such file or directory", "x.zip"),
            REFUSED,
            "error: x.zip: No such file or directory\n",
        ),
        (KeyboardInterrupt(), INTERRUPTED, "unchanged"),
        (ZeroDivisionError("division by zero"), BUG, "ZeroDivisionError: division by zero"),
        (InternalError("sums differ"), BUG, "InternalError: sums differ"),
    ],
)
def test_a_failure_is_a_line_and_a_code(capsys, raised, code, words):
    def fail():
        raise raised

    assert guarded(fail, debug=False) == code
    shown = capsys.readouterr().err
    assert words in shown
    assert "Traceback" not in shown
    assert guarded(fail, debug=True) == code
    wants_trace = not isinstance(raised, KeyboardInterrupt)
    assert ("Traceback" in capsys.readouterr().err) == wants_trace


def test_a_reader_that_goes_away_is_no_error():
    help_to_head = f"{sys.executable} -m tickwright.app execute --help | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", help_to_head], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 141)
    assert done.stderr == ""
