"""The kernel cache is fresh only if the hash of a module sees all that the module imports."""

import ast
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba.core.config
import pytest

import tickwright
from tickwright.core import kernel

PACKAGE = Path(tickwright.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def imports_by_syntax(source: bytes) -> set[tuple[str, str]]:
    """(module, name) of every import from Tickwright, by Python's own parser; the name is empty for a plain import."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tickwright."):
            found |= {(node.module.removeprefix("tickwright."), alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("tickwright.")]
            found |= {(name.removeprefix("tickwright."), "") for name in names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_is_overlooked(path):
    """Invariant: what the hash follows holds every import that Python's own parser finds."""
    source = path.read_bytes()
    seen = set()
    for dotted, bracketed, plain in kernel._IMPORT.findall(source):
        seen |= {(dotted.decode(), name.decode()) for name in kernel._NAME.findall(bracketed or plain)}
        seen.add((dotted.decode(), ""))
    assert imports_by_syntax(source) <= seen


def caller(x):
    return part(x)  # noqa: F821 - what `bound` puts there


def times(factor):
    def update(x):
        return factor * x

    return update


class One:
    @staticmethod
    def update(x):
        return x + 1.0


class Two:
    @staticmethod
    def update(x):
        return x + 2.0


@pytest.mark.parametrize(("first", "second", "wanted"), [(times(2.0), times(3.0), [20, 30]),
                                                         (One.update, Two.update, [11, 12])])  # fmt: skip
def test_functions_of_one_name_are_not_one(first, second, wanted, tmp_path, monkeypatch):
    """What is kept on disk of one is not taken for the other; each is itself in the next process too."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for _ in range(2):
        assert [kernel.bound(caller, part)(10.0) for part in (first, second)] == wanted


def test_threads_that_bind_at_once_have_a_folder_each(tmp_path, monkeypatch):
    """Invariant: the folder that Numba is told stays while a function is compiled, and is then the one before."""
    config, before = numba.core.config, numba.core.config.CACHE_DIR
    parts = [numba.njit(One.update), numba.njit(Two.update)]
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def slowly(function):
        first = config.CACHE_DIR
        time.sleep(0.02)
        return first, config.CACHE_DIR

    monkeypatch.setattr(numba, "njit", lambda **options: slowly)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda i: kernel.bound(caller, parts[i % 2]), range(8)))
    assert all(first == last for first, last in told)
    assert len(set(told)) == 2
    assert before == config.CACHE_DIR


def test_the_hash_changes_with_a_module_far_below(tmp_path, monkeypatch):
    package = tmp_path / "tickwright"
    (package / "core").mkdir(parents=True)
    first, second, third = package / "first.py", package / "core" / "second.py", package / "core" / "third.py"
    first.write_text("from tickwright.core.other import x\nfrom tickwright.core import (\n    second,\n)\n")
    second.write_text("from tickwright.core.third import y\n")
    third.write_text("y = 1\n")
    monkeypatch.setattr(kernel, "_PACKAGE", package)
    before = kernel.source_hash.__wrapped__(first)
    assert before == kernel.source_hash.__wrapped__(first)
    third.write_text("y = 2\n")
    assert before != kernel.source_hash.__wrapped__(first)
