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
import threading
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
_OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""Of all that is compiled. Nobody calls it through a C pointer, and the wrapper for that is a twentieth of the time."""
_SWAPPING = threading.RLock()
"""Numba's folder is one for the process: whoever names another holds this."""


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
    source = Path(function.__code__.co_filename).resolve()
    folder = _cache_root() / source_hash(source) if source.is_file() else None
    # What was typed in has no file, and Numba nowhere to keep it.
    options = {"cache": source.is_file(), **_OPTIONS, **options}
    compiled: F = _njit(function, None if os.environ.get("NUMBA_CACHE_DIR") else folder, options)
    return compiled


def _njit(function: Callable[..., Any], folder: Path | None, options: dict[str, Any]) -> Any:
    """Compile with what is kept on disk in a folder of its own; None is Numba's."""
    config: Any = numba.core.config
    with _SWAPPING:
        previous = config.CACHE_DIR
        if folder is not None:
            config.CACHE_DIR = str(folder)
        try:
            return numba.njit(**options)(function)
        finally:
            config.CACHE_DIR = previous


def bound(loop: Callable[..., Any], part: Callable[..., Any]) -> Any:
    """A plain loop over a function that it calls by the name `part`, compiled as one with the function given for it.

    So a loop is written once, and what it calls, be it a user's own, is inlined into it; a call by pointer costs three
    times as much. Kept on disk where the function stands in a file; but not one that holds values, in a closure or as
    defaults, for another of the same place may hold others.
    """
    inner: Any = part if hasattr(part, "py_func") else numba.njit(nogil=True, error_model="numpy")(part)
    plain = inner.py_func
    source = Path(plain.__code__.co_filename).resolve()
    kept = source.is_file() and plain.__closure__ is None and plain.__defaults__ is None
    names = {**loop.__globals__, "part": inner}
    clone = FunctionType(loop.__code__, names, loop.__name__, loop.__defaults__)
    folder = None
    if kept:
        # Numba knows a function by its place: every pair of loop and part needs a folder of its own.
        place = f"{source_hash(source)}-{plain.__name__}-{plain.__code__.co_firstlineno}"
        root = Path(given) if (given := os.environ.get("NUMBA_CACHE_DIR")) else _cache_root()
        folder = root / source_hash(Path(loop.__code__.co_filename).resolve()) / place
    return _njit(clone, folder, {"cache": kept, **_OPTIONS, "_nrt": False})


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
