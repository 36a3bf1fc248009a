"""Exceptions to one clear line on stderr and an exit code.

| exit | meaning |
|---|---|
| 0 | done |
| 2 | the request cannot be met: a wrong option, a bad file, a missing day; or a check that found a mismatch |
| 70 | a bug of ours |
| 130 | interrupted |
| 141 | the reader of our output went away |
"""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tickwright.core.errors import InternalError, TickwrightError

_STDOUT = "standard output"

OK, REFUSED, BUG, INTERRUPTED, BROKEN_PIPE = 0, 2, 70, 130, 141


def guarded(action: Callable[[], int | None], debug: bool) -> int:
    """Run a command and return its exit code; what it raises becomes a message. `debug` adds the traceback."""
    try:
        code = action() or OK
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("interrupted; whatever was there before is unchanged")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return BROKEN_PIPE
    except (TickwrightError, OSError, MemoryError) as error:
        if isinstance(error, InternalError):
            return _bug(error, debug)
        if debug:
            _show_trace()
        if isinstance(error, OSError) and error.filename == _STDOUT:
            _forget_stdout()
        _say(f"error: {_words(error)}")
        return REFUSED
    except Exception as error:
        message = getattr(error, "format_message", None)  # how the option parser words a wrong option
        if message is None:
            return _bug(error, debug)
        if not message():  # no command was given, and the help has been shown
            return REFUSED
        _say(f"error: {message()}")
        _say("see `tickwright --help`, or `--help` after the name of a command")
        return REFUSED


class _NamedOutput(io.FileIO):
    """Standard output whose errors say what they are about, as those of any file do."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = _STDOUT
            raise


def prepare_streams() -> None:
    """Output goes nowhere where the caller closed it (`>&-`), for which Python leaves None; its errors have a name."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the life of the process
    old = sys.stdout
    if old is sys.__stdout__ and isinstance(old, io.TextIOWrapper):
        raw = io.BufferedWriter(_NamedOutput(old.fileno(), "wb", closefd=False))
        sys.stdout = io.TextIOWrapper(raw, encoding=old.encoding, errors=old.errors, line_buffering=old.line_buffering)


class _Interrupts:
    """SIGINT as KeyboardInterrupt, once a second at most: a second one must not end the tidying up after the first."""

    def __init__(self) -> None:
        self.last: float | None = None

    def __call__(self, number: int, frame: Any) -> None:
        now = time.monotonic()
        fresh = self.last is None or now - self.last > 1.0
        self.last = now
        if fresh:
            raise KeyboardInterrupt


_interrupts = _Interrupts()


@contextmanager
def interrupts_remembered() -> Iterator[None]:
    """In here Ctrl-C is remembered, for a library that is being imported may swallow the exception."""
    _interrupts.last = None
    before = signal.signal(signal.SIGINT, _interrupts)
    try:
        yield
    finally:
        _interrupts.last = None
        signal.signal(signal.SIGINT, before)


def check_interrupted() -> None:
    """Raise the KeyboardInterrupt that was swallowed. Called where progress is told."""
    if _interrupts.last is not None:
        raise KeyboardInterrupt


def _forget_stdout() -> None:
    """Python flushes stdout once more at exit; let that go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception, debug: bool) -> int:
    if debug:
        _show_trace()
    _say(f"error: this is a bug of Tickwright: {type(error).__name__}: {error}")
    _say("please report it with the command line; `tickwright --debug ...` shows where it happened")
    return BUG


def _show_trace() -> None:
    import traceback  # here, since what is imported at the start delays every command

    traceback.print_exc()


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return "out of memory; ask for a shorter time range or fewer instruments"
    # Notes say where an error arose: the one added last is the outermost place.
    return ": ".join([*reversed(getattr(error, "__notes__", [])), str(error)])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
