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

import os
import sys
import traceback
from collections.abc import Callable

from tickwright.core.errors import InternalError, TickwrightError

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
        # Python flushes stdout once more at exit; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (TickwrightError, OSError, MemoryError) as error:
        if isinstance(error, InternalError):
            return _bug(error, debug)
        if debug:
            traceback.print_exc()
        _say(f"error: {_words(error)}")
        return REFUSED
    except Exception as error:
        message = getattr(error, "format_message", None)  # how the option parser words a wrong option
        if message is None:
            return _bug(error, debug)
        _say(f"error: {message()}")
        _say("see `tickwright --help`, or `--help` after the name of a command")
        return REFUSED


def _bug(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    _say(f"error: this is a bug of Tickwright: {type(error).__name__}: {error}")
    _say("please report it with the command line; `tickwright --debug ...` shows where it happened")
    return BUG


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return "out of memory; ask for a shorter time range or fewer instruments"
    return str(error)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
