"""`tickwright factors check-…`: what the checks found of betas and features."""

from __future__ import annotations

import json as formats
from dataclasses import asdict

from tickwright.app import first_use, terminal
from tickwright.app.commands import factor_cases
from tickwright.app.commands.factor_cases import Asked
from tickwright.app.failures import OK, REFUSED
from tickwright.factors.checks import CHECKS


def check(asked: Asked) -> int:
    """The exit code: 0 where every factor passed, 2 where one did not."""
    first_use.say(*first_use.FACTORS)
    outcomes = [CHECKS[asked.check](case) for case in factor_cases.cases_of(asked)]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if asked.json:
        print(formats.dumps([{**asdict(o), "passed": o.passed} for o in outcomes], indent=2, sort_keys=True))
        return REFUSED if failed else OK
    rows = [
        ("ok" if o.passed else "FAIL", o.factor, f"{o.compared:,}", o.difference or ("" if o.compared else "no values"))
        for o in outcomes
    ]
    terminal.listing(rows, ("", "factor", "rows compared", "first difference"), right=("rows compared",))
    print(f"{asked.check}: " + (f"{len(failed)} of {len(outcomes)} failed" if failed else f"{len(outcomes)} passed"))
    return REFUSED if failed else OK
