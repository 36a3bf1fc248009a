"""The targets that a trained policy is held to, and what a benchmark says of each.

A row is `met`, `not met`, or `not measured`. A must that asks for five seeds and 50 000 episodes is not met by fewer,
however good the number; it may well be missed by fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tickwright.learn.benchmark.config import BASELINES, FULL_CELL, FULL_HEADLINE, LEAST_SEEDS
from tickwright.learn.benchmark.matched import MORE, TUNED_FOR_MEAN
from tickwright.learn.benchmark.rows import BEST_SIMPLE, SEVERAL
from tickwright.learn.benchmark.scenarios import FRONTIER, HEADLINE, SHELL, UNSEEN
from tickwright.learn.policies.baseline import HEURISTIC

MET, NOT_MET, NOT_MEASURED = "met", "not met", "not measured"
Table = Mapping[str, Any]
FORCED_MUST, FORCED_STRETCH = 0.015, 0.005
_OF_HEURISTIC = 0.95, 0.85
SHIFTED_MUST = 8


@dataclass(frozen=True, slots=True)
class Target:
    """One row: `value` as text, and why the verdict is what it is."""

    quantity: str
    must: str
    stretch: str
    value: str = "-"
    verdict: str = NOT_MEASURED
    stretch_verdict: str = NOT_MEASURED
    why: str = ""

    def to_json(self) -> dict[str, str]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def targets(document: Table) -> list[Target]:
    """Every row of the table, from a benchmark's document."""
    tight, wide = (headline_of(document, name) for name in ("tight", "wide"))
    return [
        _by_cheapest(
            _ratio(tight, "policy / tuned heuristic, tight", HEURISTIC, *_OF_HEURISTIC, document, surely=True),
            tight, *_OF_HEURISTIC,
        ),
        _ratio(wide, "policy / tuned heuristic, wide", "heuristic", 0.90, 0.75, document, gated="wide"),
        _ratio(tight, "policy / best simple (untuned) policy, tight", BEST_SIMPLE, 0.70, 0.60, document),
        _ratio(tight, "policy / TWAP-market, tight", "twap/take", 0.75, 0.45, document),
        _ratio(wide, "policy / TWAP-market, wide", "twap/take", 0.45, 0.25, document, gated="wide"),
        _matched(tight, document),
        _tails(tight, "CVaR 95 % of the policy / of TWAP-market, tight", "twap/take", 0.90, 0.70, document),
        _by_cheapest(
            _tails(tight, "CVaR 95 % of the policy / of the heuristic, tight", HEURISTIC, 1.0, 0.90, document),
            tight, 1.0, 0.90, tails=True,
        ),
        _forced(tight, document),
        _shifted(document),
        *_replay(document),
        Target("full-book environment, two cores", "250 000 steps/s", "450 000 steps/s", why="`python -m bench` does"),
        Target("one seed of training, two cores", "20 min", "10 min", why="the log of `tickwright train` does"),
    ]  # fmt: skip


def headline_of(document: Table, name: str) -> Table | None:
    """A headline by its name."""
    found = (s for s in document["scenarios"] if s["kind"] == HEADLINE and s["name"] == name)
    return next(found, None)


def policy_row(scenario: Table | None) -> Table | None:
    """The policy's row: the mean over its seeds where there are several."""
    if scenario is None:
        return None
    rows = [row for row in scenario["rows"] if row["kind"] in ("policy", "several")]
    return next((row for row in rows if row["policy"] == SEVERAL), rows[0] if len(rows) == 1 else None)


def row_of(scenario: Table | None, name: str) -> Table | None:
    """A row by its policy."""
    return None if scenario is None else next((row for row in scenario["rows"] if row["policy"] == name), None)


def shortage(row: Table, document: Table, base: str, episodes: int = FULL_HEADLINE) -> list[str]:
    """What a claim about the market of a headline, `base`, would need and this benchmark has not."""
    missing = []
    if row["seeds"] < LEAST_SEEDS:
        missing.append(f"{row['seeds']} of {LEAST_SEEDS} training seeds")
    if len({policy["recipe"] for policy in document["policies"]}) > 1:
        missing.append("several recipes")
    tuned = document["tuning"].get(base)
    if tuned is None:
        missing.append("a tuned heuristic")
    elif (short := budget_shortage(tuned["budget"], document["policies"])) is not None:
        missing.append(short)
    if not document["gates"].get(base, {}).get("passed", False):
        missing.append("a gate that passed")
    seeds = document["test_seeds"]
    if seeds["trained_with"]:
        missing.append("test seeds that no policy was trained with")
    if seeds["set"] > 1:
        missing.append("test seeds used once")
    if seeds["committed"] != seeds["hash"]:
        missing.append("the committed test seeds")
    if document["quick"]:
        missing.append("more than a look")
    if row["episodes"] + row["stopped"] < episodes:
        missing.append(f"{row['episodes']:,} of {episodes:,} episodes")
    return missing


def budget_shortage(budget: int, policies: Sequence[Table]) -> str | None:
    """What a tuning on so many episodes lacks of the policies' own; None where they are known, and it has as many."""
    if budget < max(policy["training_episodes_at_least"] for policy in policies):
        return "a heuristic tuned on as many episodes as the policy"
    if any(policy["training_episodes"] is None for policy in policies):
        return "a count of the episodes that the policy saw (its steps count as longest ones, and many end sooner)"
    return None


def _judged(
    made: Target, value: float, high: float | None, must: float, stretch: float, row: Table, document: Table,
    base: str, text: str, *, surely: bool = False, further: Sequence[str] = (),
) -> Target:  # fmt: skip
    """`high` is the upper end of the interval, which must be below 1 for a target that asks to be sure; `further` is
    what a claim of this target alone would need."""
    good = value <= must and (not surely or (high is not None and high < 1.0))
    missing = [*shortage(row, document, base), *further]
    verdict, why = (MET if good else NOT_MET), ""
    if good and missing:
        verdict, why = NOT_MEASURED, "the number would do, but a claim needs more: " + ", ".join(missing)
    elif value <= must and not good:
        why = "the interval reaches 1"
    stretched = (MET if verdict == MET else NOT_MEASURED) if value <= stretch else NOT_MET
    return Target(made.quantity, made.must, made.stretch, text, verdict, stretched, why)


def _ratio(
    scenario: Table | None, quantity: str, rival: str, must: float, stretch: float, document: Table, *,
    surely: bool = False, gated: str = "",
) -> Target:  # fmt: skip
    made = Target(quantity, f"≤ {must:.2f}" + (", upper bound below 1" if surely else ""), f"≤ {stretch:.2f}")
    row = policy_row(scenario)
    if row is None or scenario is None:
        return _with(made, _absent(scenario, document))
    if gated and not document["gates"].get(gated, {}).get("passed", False):
        return _with(made, "that market has not passed the gate", _ratio_text(row, rival))
    if rival == BEST_SIMPLE and BASELINES not in document["parts"]:
        return _with(made, "the other baselines were not played", _ratio_text(row, rival))
    value, between = row["ratio_to"].get(rival), row["ratio_ci95"].get(rival)
    if rival not in row["ratio_to"]:
        return _with(made, f"{rival} was not played")
    if value is None:
        apart = row["difference_to"][rival]
        why = "one of the two costs is near zero or below: no ratio"
        return _with(made, why, f"{apart['bps']:+.3f} bps" if apart else "-")
    high = between[1] if between else None
    return _judged(
        made, value, high, must, stretch, row, document, scenario["base"], _ratio_text(row, rival), surely=surely
    )


def _by_cheapest(made: Target, scenario: Table | None, must: float, stretch: float, *, tails: bool = False) -> Target:
    """The same against the cheapest heuristic of the frontier, where that is not the one tuned for the mean: a target
    is met by both."""
    found = (scenario or {}).get("matched_risk")
    other = None if found is None or made.value == "-" else found.get("cheapest")
    if found is None or other is None or other["rival"] == TUNED_FOR_MEAN:
        return made
    if tails:
        value, good = found["policy_cvar95_bps"] / other["rival_cvar95_bps"], True
    elif other["ratio"] is None:
        return made
    else:
        value, good = other["ratio"], other["ratio_ci95"][1] < 1.0
    good = good and value <= must
    told = f"of the cheapest of its frontier, {other['rival']}, {value:.3f} ({found['played']:,} episodes)"
    return replace(
        made,
        value=f"{made.value}; {told}",
        verdict=made.verdict if good else NOT_MET,
        stretch_verdict=made.stretch_verdict if good and value <= stretch else NOT_MET,
        why=made.why if good else "the cheapest heuristic that the tuner found is the measure",
    )


def _ratio_text(row: Table, rival: str) -> str:
    value, between = row["ratio_to"].get(rival), row["ratio_ci95"].get(rival)
    if value is None or between is None:
        return "-"
    apart = row["difference_to"][rival]
    return f"{value:.3f} ({between[0]:.3f} to {between[1]:.3f}); {apart['bps']:+.3f} bps, {apart['ticks']:+.3f} ticks"


def _matched(scenario: Table | None, document: Table) -> Target:
    """The heuristic's frontier at the policy's own tail: a claim against the heuristic rests on this row."""
    made = Target("policy / heuristic at the policy's CVaR 95 %, tight", "≤ 0.95, upper bound below 1", "≤ 0.85")
    row, found = policy_row(scenario), None if scenario is None else scenario.get("matched_risk")
    if scenario is None or row is None or found is None:
        return _with(made, _absent(scenario, document) if row is None else "no tail was matched")
    apart, between = found["difference"], found["ratio_ci95"]
    text = f"{apart['bps']:+.3f} bps ({apart['ci95'][0]:+.3f} to {apart['ci95'][1]:+.3f}), {apart['ticks']:+.3f} ticks"
    if found["status"] == MORE:
        why = "risk is not matched: it has more tail than every heuristic of the frontier"
        return Target(made.quantity, made.must, made.stretch, text, NOT_MET, NOT_MET, why)
    if found["ratio"] is None:
        return _with(made, "one of the two costs is near zero or below: no ratio", text)
    text = f"{found['ratio']:.3f} ({between[0]:.3f} to {between[1]:.3f}); {text}"
    further = [] if FRONTIER in document["parts"] else ["the heuristic's frontier"]
    if found["played"] < FULL_CELL:
        further.append(f"{found['played']:,} of {FULL_CELL:,} episodes of the frontier")
    return _judged(
        made,
        found["ratio"],
        between[1],
        *_OF_HEURISTIC,
        row,
        document,
        scenario["base"],
        text,
        surely=True,
        further=further,
    )


def _tails(scenario: Table | None, quantity: str, rival: str, must: float, stretch: float, document: Table) -> Target:
    made = Target(quantity, f"≤ {must:.2f}", f"≤ {stretch:.2f}")
    row = policy_row(scenario)
    found = None if row is None else row["cvar_ratio_to"].get(rival)
    if scenario is None or row is None or found is None:
        return _with(made, _absent(scenario, document) if row is None else f"{rival} was not played, or is near zero")
    text = f"{found['ratio']:.3f} ({found['ci95'][0]:.3f} to {found['ci95'][1]:.3f})"
    return _judged(made, found["ratio"], found["ci95"][1], must, stretch, row, document, scenario["base"], text)


def _forced(scenario: Table | None, document: Table) -> Target:
    made = Target("forced remainder, tight", f"≤ {FORCED_MUST:.1%}", f"≤ {FORCED_STRETCH:.1%}")
    row = policy_row(scenario)
    if scenario is None or row is None:
        return _with(made, _absent(scenario, document))
    share, base = row["forced_share"], scenario["base"]
    return _judged(made, share, share, FORCED_MUST, FORCED_STRETCH, row, document, base, f"{share:.2%} of the lots")


def _shifted(document: Table) -> Target:
    made = Target("shifted regimes: not dearer than the heuristic", f"in {SHIFTED_MUST} of 10", "in all 10")
    shells = [
        s for s in document["scenarios"] if s["kind"] == SHELL and s["base"] == "tight" and UNSEEN not in s["name"]
    ]
    rows = [row for row in map(policy_row, shells) if row is not None and "heuristic" in row["difference_to"]]
    if not rows:
        return _with(made, _absent(None, document))
    apart = [row["difference_to"]["heuristic"] for row in rows]
    good = sum(found["bps"] <= 0 for found in apart)
    surely = sum(found["ci95"][1] < 0 for found in apart)
    dearer = sum(found["ci95"][0] > 0 for found in apart)
    text = f"{good} of {len(rows)}; surely cheaper in {surely}, surely dearer in {dearer}"
    missing = [] if len(rows) == 10 else [f"{len(rows)} of 10 regimes"]
    missing += shortage(rows[0], document, "tight", FULL_CELL)
    verdict = MET if good >= SHIFTED_MUST else NOT_MET
    why = ""
    if verdict == MET and missing:
        verdict, why = NOT_MEASURED, "the number would do, but a claim needs more: " + ", ".join(missing)
    stretched = NOT_MET if good < 10 else (MET if verdict == MET else NOT_MEASURED)
    return Target(made.quantity, made.must, made.stretch, text, verdict, stretched, why)


def _replay(document: Table) -> list[Target]:
    """Of a few days, so a smoke test: a number is shown and no verdict but a failure."""
    take = Target("recorded days / TWAP-market", "≤ 0.70", "≤ 0.55")
    kin = Target("recorded days / heuristic", "not worse", "≤ 0.90 to 0.95")
    days = document["replay"]
    own = [[row for row in day["rows"] if row["kind"] == "policy"] for day in days]
    if not days or not any(own):
        why = "no recorded day was given" if not days else _absent(None, document)
        return [_with(take, why), _with(kin, why)]
    found = []
    for made, rival in ((take, "twap/take"), (kin, HEURISTIC)):
        theirs = [_named(day["rows"], rival) for day in days]
        if any(row is None for row in theirs):
            found.append(_with(made, f"{rival} was not replayed"))
            continue
        ours = sum(sum(row["mean_bps"] for row in rows) / len(rows) for rows in own) / len(days)
        other = sum(row["mean_bps"] for row in theirs if row) / len(days)
        text = f"{ours:.2f} against {other:.2f} bps, {len(days)} {'day' if len(days) == 1 else 'days'}"
        verdict = NOT_MET if ours > other else NOT_MEASURED
        why = "it costs more" if ours > other else "a few days are a smoke test and meet no target"
        found.append(Target(made.quantity, made.must, made.stretch, text, verdict, verdict, why))
    return found


def _named(rows: Sequence[Table], name: str) -> Table | None:
    return next((row for row in rows if row["policy"] == name), None)


def _absent(scenario: Table | None, document: Table) -> str:
    if not document["policies"]:
        return "no policy was given"
    return "it was not played" if scenario is None else "several policies, and none is the mean of them"


def _with(made: Target, why: str, value: str = "-") -> Target:
    return Target(made.quantity, made.must, made.stretch, value, NOT_MEASURED, NOT_MEASURED, why)
