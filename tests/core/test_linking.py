"""Compiled functions put together our way compute what their Python does: at once, from disk, and for those who know
nothing of it. The oracle is the same source, uncompiled."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from tickwright.core.kernel import inline, kernel
from tickwright.core.linking import Role
from tickwright.strategy.tick.uncompiled import as_python


@kernel
def rare(values, at, up):
    """What a kernel that is called by others may do: write, branch, loop."""
    for i in range(values.shape[0]):
        values[i] += at * i if up else -at
    return values[0] - values[-1]


@inline
def often(values, at):
    """A helper that calls a kernel, with constants and without."""
    return rare(values, at, True) - 2.0 * rare(values, at + 1.0, False) if at > 1.0 else rare(values, at, at > 0.5)


@inline
def outer(values, at):
    return often(values, at) + often(values, 0.25)


@kernel
def entry(values, at):
    return outer(values, at) + rare(values, 3.0, False)


@numba.njit
def stranger(values, at):
    """A user's own function, compiled by Numba as it is."""
    return outer(values, at)


@inline
def nth(pair, which):
    """Cannot be typed without the value of its argument."""
    return pair[which]


@kernel
def both(number):
    pair = (number, "b")
    return nth(pair, 0) + len(nth(pair, 1))


def ran(function, at):
    values = np.arange(7.0)
    result = function(values, at)
    return result, values.tolist()


@pytest.mark.parametrize("at", [0.25, 0.75, 2.0])
@pytest.mark.parametrize("function", [entry, outer, often, stranger], ids=lambda f: f.__name__)
def test_compiled_is_what_python_does(function, at):
    """Invariant: kernels in helpers in helpers in kernels, helpers called from Python, and from a plain function."""
    assert ran(function, at) == ran(as_python(function), at)


def test_a_constant_makes_no_copy():
    entry(np.arange(3.0), 2.0)
    assert len(rare.signatures) == 1, "True, False and a variable are one type"
    assert both(2.0) == 3.0, "but where the value is needed it is known"


def test_a_helper_has_no_machine_code_and_no_kernel_is_within_another():
    entry(np.arange(3.0), 2.0)
    outer(np.arange(3.0), 2.0)
    (helper,), (called,) = outer.overloads.values(), rare.overloads.values()
    assert (helper.library.role, called.library.role) == (Role.HELPER, Role.KERNEL)
    name = called.fndesc.llvm_func_name
    assert helper.library.module_alone().get_function(name).is_declaration
    body = str(next(iter(entry.overloads.values())).library.get_function(name))
    assert "\ndefine linkonce_odr" in body, "who is joined is there"


SOURCE = Path(__file__).read_text().partition("\ndef ran(")[0].replace("import pytest\n", "")
SCRIPT = """
import json, sys
def ran(function, at):
    values = np.arange(7.0)
    return float(function(values, at)), values.tolist()
print(json.dumps([[ran(f, at) for at in (0.25, 2.0)] for f in (entry, outer, stranger)]))
print(sum(entry.stats.cache_hits.values()), sum(outer.stats.cache_hits.values()))
"""


def test_from_disk_it_is_the_same(tmp_path):
    """Invariant: a process that reads all from disk, one that reads helpers but compiles what calls them, and one that
    compiles all agree."""
    module = tmp_path / "parts.py"
    module.write_text(SOURCE + "\n" + SCRIPT)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def told():
        done = subprocess.run([sys.executable, module], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        values, hits = done.stdout.splitlines()
        return values, [int(word) for word in hits.split()]

    first, hits = told()
    assert hits == [0, 0]
    again, hits = told()
    assert again == first
    assert hits[0] == 1
    gone = [file for file in (tmp_path / "cache").rglob("*") if file.name.startswith("parts.entry-")]
    assert gone
    for file in gone:
        file.unlink()
    anew, hits = told()
    assert anew == first
    assert hits == [0, 1], "the helper came from disk"


def test_another_numba_compiles_as_it_does_by_itself(tmp_path):
    """Invariant: in a version that nobody has looked at Numba is left alone, and the values are the same."""
    module = tmp_path / "parts.py"
    module.write_text("import numba\nnumba.__version__ = '0.99.0'\n" + SOURCE + SCRIPT)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, module], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = [[list(ran(as_python(f), at)) for at in (0.25, 2.0)] for f in (entry, outer, stranger)]
    assert json.loads(done.stdout.splitlines()[0]) == expected
    asked = "import numba; numba.__version__ = '0.99.0'; from tickwright.core import kernel; "
    asked += (
        "from numba.core.registry import cpu_target; print(cpu_target.target_context.codegen()._library_class.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "JITCodeLibrary"
