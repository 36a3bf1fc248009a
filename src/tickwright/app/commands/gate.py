"""`tickwright gate`: carry out the checks of a market, and of a policy in it, and tell, store or print the verdict."""

from __future__ import annotations

import json as formats
from dataclasses import dataclass
from pathlib import Path

from tickwright.app import first_use, terminal
from tickwright.app.failures import OK, REFUSED
from tickwright.core.errors import ConfigError
from tickwright.data.store.disk import whole_files
from tickwright.learn.gate import Sizes, Verdict, run_gate
from tickwright.learn.policies import policy_of
from tickwright.run.parameters_file import chosen_market

FILE = "gate.json"
_MOST_SEEDS = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    parameters: Path | None
    model: str | None
    seeds: int | None
    quick: bool
    out: Path | None
    seed: int
    json: bool
    policy: str | None = None


def gate(asked: Asked) -> int:
    """The exit code: 0 where the gate is passed, 2 where it is not."""
    given = chosen_market(asked.model, asked.parameters).parameters
    policy = None if asked.policy is None else policy_of(asked.policy)
    sizes = _sizes(asked)
    if asked.out is not None and asked.out.exists() and not asked.out.is_dir():
        raise ConfigError("--out", str(asked.out), "a folder")
    first_use.say(*(first_use.GATE if policy is None else first_use.GATE_POLICY))
    with terminal.progress() as report:
        verdict = run_gate(given, sizes, asked.seed, report, policy)
    text = formats.dumps(verdict.to_json(), indent=2, sort_keys=True, allow_nan=False) + "\n"
    if asked.out is not None:
        with whole_files([asked.out / FILE]) as (draft,):
            draft.write_text(text, "utf-8")
    if asked.json:
        print(text, end="")
    else:
        _tell(verdict, asked.out)
    return OK if verdict.passed else REFUSED


def _sizes(asked: Asked) -> Sizes:
    seeds = asked.seeds
    if seeds is not None and (seeds < 4 or seeds % 2 or seeds > _MOST_SEEDS):
        raise ConfigError("--seeds", seeds, f"an even number from 4 to {_MOST_SEEDS}")
    make = Sizes.quick if asked.quick else Sizes.full
    return make() if seeds is None else make(seeds)


def _tell(verdict: Verdict, out: Path | None) -> None:
    heads = ("", "check", "value", "95 % interval", "band")
    terminal.listing(list(verdict.rows()), heads, right=("value",), keys=("", "95 % interval"))
    failed = sum(not check.passed for check in verdict.checks)
    for check in verdict.checks:
        if "error" in check.detail:
            print(f"{check.name}: {check.detail['error']}")
    judged = verdict.parameters.name if verdict.policy is None else f"{verdict.parameters.name} with {verdict.policy}"
    print(f"{judged}: " + (f"{failed} of {len(verdict.checks)} checks failed" if failed else "passed"))
    if out is not None:
        print(f"verdict: {out / FILE}")
