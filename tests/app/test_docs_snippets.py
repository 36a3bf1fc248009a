"""Every `$ tickwright` line of the documentation is a command that parses, and (slow) one that runs."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from tickwright.app.interface import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page):
    """(language, title, text) of every fenced block of a page."""
    for language, rest, text in BLOCK.findall(page.read_text()):
        title = re.search(r'title="([^"]+)"', rest)
        yield language, title[1] if title else None, text


def commands(text):
    """The words of every `$ tickwright` line of a console block; a backslash joins lines."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ tickwright "):
            yield shlex.split(line[2:])[1:]


def described():
    return [(p, c) for p in PAGES for kind, _, text in blocks(p) if kind == "console" for c in commands(text)]


def test_console_blocks_hold_commands_only():
    for page in PAGES:
        for kind, _, text in blocks(page):
            if kind == "console":
                first = text.replace("\\\n", " ").splitlines()[0]
                assert first.startswith("$ tickwright "), (page.name, first)


@pytest.mark.parametrize(("page", "words"), [pytest.param(p, c, id=" ".join(c)[:60]) for p, c in described()])
def test_command_parses(page, words):
    command = typer.main.get_command(app)
    context = command.make_context("tickwright", list(words))
    while context.args or getattr(context, "_protected_args", None):
        name, command, rest = command.resolve_command(
            context, [*getattr(context, "_protected_args", []), *context.args]
        )
        context = command.make_context(name, rest, parent=context)
        if not hasattr(command, "resolve_command"):
            break
    assert not hasattr(command, "resolve_command"), f"{page.name}: {words} names no command"


def test_every_command_and_option_is_documented():
    text = (ROOT / "docs" / "commands.md").read_text()
    for path, command in leaf_commands(typer.main.get_command(app), ()):
        assert f"tickwright {' '.join(path)}" in text, path
        for option in command.params:
            for name in option.opts:
                assert not name.startswith("--") or name in text, (path, name)


def leaf_commands(command, path):
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaf_commands(inner, (*path, name))
    if not getattr(command, "commands", {}):
        yield path, command


@pytest.mark.parametrize("page", [p for p in PAGES if "```python" in p.read_text()], ids=lambda p: p.name)
def test_python_runs(page, tmp_path):
    """Every Python block of a page, where `make demo` has been run before."""
    run = [sys.executable, "-m", "tickwright.app", "demo", "--out", "out/demo"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, timeout=600)
    for kind, _, text in blocks(page):
        if kind == "python":
            done = subprocess.run(
                [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, done.stderr
            assert "filled" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if "```console" in p.read_text()], ids=lambda p: p.name)
def test_commands_run(page, shared_data, tmp_path):
    """All commands of a page, in order, in one folder that holds the data files the page names."""
    for folder in ("lobster", "databento"):
        for file in (shared_data / folder).iterdir():
            if file.is_file():
                (tmp_path / file.name).symlink_to(file)
    for kind, title, text in blocks(page):
        if kind == "toml" and title:
            tomllib.loads(text)
            (tmp_path / title).write_text(text)
        if kind == "console":
            for words in commands(text):
                done = subprocess.run(
                    [sys.executable, "-m", "tickwright.app", *words], cwd=tmp_path, capture_output=True, text=True,
                    timeout=900, env=os.environ | {"COLUMNS": "120"},
                )  # fmt: skip
                assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
                assert "Traceback" not in done.stderr
