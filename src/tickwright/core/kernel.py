"""The two decorators of compiled code, and where compiled code is kept.

Numba keys its cache by the file that holds a function, not by the files of the helpers compiled into it: edit a
helper and a stale kernel runs on. So the kernels of each module, a user's own too, are kept in a folder named by a
hash of that module's source and of every Tickwright module it imports, however far down; an edit to any of them starts
a new folder.
Kernels hold no classes, no strings and no I/O.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, overload

import numba
import numba.core.config

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).resolve().parents[1]
# The module, and the names taken from it: in brackets over many lines, or to the end of the one line and no further.
_IMPORT = re.compile(rb"^\s*(?:from|import) tickwright\.([\w.]+)(?: import (?:\(([^)]*)\)|([^\n]*)))?", re.MULTILINE)
_NAME = re.compile(rb"\w+")


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(*, borrow: bool) -> Callable[[F], F]: ...
def kernel(function: F | None = None, *, borrow: bool = False) -> Any:
    """Compile an entry point: cached on disk, no GIL, C division. Few of these; each costs seconds to compile.

    With `borrow` the arrays it is given are borrowed for the call: it counts no references, and makes and returns no
    array. Counting is atomic: it was a fifth of a simulated event. What is compiled for its sake borrows too.
    """
    return _decorated(function, borrow, forceinline=False)  # said, or Numba hands down the flag of an inlined caller


@overload
def inline(function: F) -> F: ...
@overload
def inline(*, borrow: bool) -> Callable[[F], F]: ...
def inline(function: F | None = None, *, borrow: bool = False) -> Any:
    """Compile a helper that is always inlined into its caller: on book records about twice as fast. `borrow`: as for
    `kernel`."""
    return _decorated(function, borrow, forceinline=True)


def _decorated(function: F | None, borrow: bool, **options: Any) -> Any:
    if borrow:
        options["_nrt"] = False
    return partial(_compile, **options) if function is None else _compile(function, **options)


def _compile(function: F, **options: Any) -> F:
    config: Any = numba.core.config
    previous = config.CACHE_DIR
    source = Path(function.__code__.co_filename).resolve()
    if not os.environ.get("NUMBA_CACHE_DIR") and source.is_file():
        config.CACHE_DIR = str(_cache_root() / source_hash(source))
    try:
        # What was typed in has no file, and Numba nowhere to keep it.
        compiled: F = numba.njit(cache=source.is_file(), nogil=True, error_model="numpy", **options)(function)
        return compiled
    finally:
        config.CACHE_DIR = previous


def bound(loop: Callable[..., Any], part: Callable[..., Any]) -> Any:
    """A plain loop over a function that it calls by the name `part`, compiled as one with the function given for it.

    So a loop is written once, and what it calls, be it a user's own, is inlined into it; a call by pointer costs three
    times as much. Kept on disk where the function stands in a file.
    """
    inner: Any = part if hasattr(part, "py_func") else numba.njit(nogil=True, error_model="numpy")(part)
    config: Any = numba.core.config
    previous = config.CACHE_DIR
    source = Path(inner.py_func.__code__.co_filename).resolve()
    names = {**loop.__globals__, "part": inner}
    clone = FunctionType(loop.__code__, names, loop.__name__, loop.__defaults__)
    # Numba knows a function by its place: every pair of loop and part needs a folder of its own.
    if source.is_file():
        pair = f"{source_hash(Path(loop.__code__.co_filename).resolve())}/{source_hash(source)}-{inner.__name__}"
        config.CACHE_DIR = str((Path(given) if (given := os.environ.get("NUMBA_CACHE_DIR")) else _cache_root()) / pair)
    try:
        options: dict[str, Any] = {"cache": source.is_file(), "nogil": True, "error_model": "numpy", "_nrt": False}
        return numba.njit(**options)(clone)
    finally:
        config.CACHE_DIR = previous


def is_compiled(module: str, function: str) -> bool:
    """Whether a kernel, as `run.loop` and `advance`, is on disk from an earlier run and so starts at once."""
    source = _PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    given = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(given) if given else _cache_root() / source_hash(source)
    # Numba's index of a function: the module's last name, the function, the line it stands on.
    return any(folder.glob(f"*/{source.stem}.{function}-*.nbi"))


def _cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickwright" / "kernels"


@cache
def source_hash(module: Path) -> str:
    """Sixteen hex digits of a module's source and of all Tickwright source it reaches by imports."""
    reached: set[Path] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for dotted, bracketed, plain in _IMPORT.findall(path.read_bytes()):
            base = _PACKAGE.joinpath(*dotted.decode().split("."))
            members = [base / name.decode() for name in _NAME.findall(bracketed or plain)]
            waiting += [f for f in (p.with_suffix(".py") for p in (base, *members)) if f.is_file()]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(reached):
        digest.update(path.read_bytes())
    return digest.hexdigest()
