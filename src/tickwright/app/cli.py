"""The entry point of the console script.

1. `main` makes sure that there is an output, and hands the words to `interface`, which declares the commands. Nothing
   that takes time is imported before, so that an interruption at any moment ends in a line and not in a traceback.
2. `failures` turns whatever happens into an exit code and, if need be, one clear line.
"""

from __future__ import annotations

import sys
from typing import Any

from tickwright.app.failures import BROKEN_PIPE, INTERRUPTED, guarded, interrupts_remembered, prepare_streams


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script; ends the process with an exit code of `failures`."""
    with interrupts_remembered():
        prepare_streams()
        given = sys.argv[1:] if arguments is None else arguments
        debug = "--debug" in given
        # --debug may stand anywhere on the line.
        words = [word for word in given if word != "--debug"]
        code = guarded(lambda: _run(words), debug)
    sys.exit(code)


def _run(words: list[str]) -> int:
    from tickwright.app.interface import app

    try:
        outcome: Any = app(words, prog_name="tickwright", standalone_mode=False)
    except SystemExit:  # the parser's own answer to a closed pipe
        return BROKEN_PIPE
    if outcome == INTERRUPTED:  # and to Ctrl-C
        raise KeyboardInterrupt
    return outcome if isinstance(outcome, int) else 0
