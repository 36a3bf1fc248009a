"""The kernel cache is fresh only if the hash of a module sees all that the module imports."""

import ast
from pathlib import Path

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
