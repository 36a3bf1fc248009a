"""What a benchmark shows, and what it does not, in words: functions of its document alone.

A claim is a sentence with a tone: `good` where an interval shows that the policy is cheaper without more tail, `bad`
where one shows that it is dearer or a gate has failed, `plain` else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickwright.learn.benchmark.config import (
    BASELINES,
    FULL_CELL,
    FULL_HEADLINE,
    GATE,
    LEAST_SEEDS,
    PARTS_OF,
)
from tickwright.learn.benchmark.gates import failures
from tickwright.learn.benchmark.matched import MATCHED, MORE, TUNED_FOR_MEAN
from tickwright.learn.benchmark.rows import AGAINST, SIMPLE
from tickwright.learn.benchmark.scenarios import ENVELOPE, FRONTIER, HEADLINE, SHELL
from tickwright.learn.benchmark.targets import FORCED_MUST, budget_shortage, headline_of, policy_row, row_of, shortage

Document = Mapping[str, Any]
GOOD, BAD, PLAIN = "good", "bad", "plain"
HEURISTIC, TAKE = "heuristic", "twap/take"


def claims(document: Document) -> list[dict[str, str]]:
    """Sentences on what was measured, the gates first."""
    found = [*_gates(document)]
    for scenario in of_kind(document, HEADLINE):
        found += _headline(document, scenario) if policy_row(scenario) else [_baselines(scenario)]
    found += _spread_of(document, ENVELOPE, "Over the assumptions that nobody can check")
    found += _spread_of(document, SHELL, "Out of sample")
    found += _dearer_than_plain(document)
    found += _swept(document)
    return [{"text": text, "tone": tone} for text, tone in found]


def of_kind(document: Document, kind: str) -> list[Mapping[str, Any]]:
    """The scenarios of a kind."""
    return [scenario for scenario in document["scenarios"] if scenario["kind"] == kind]


def _gates(document: Document) -> list[tuple[str, str]]:
    found = []
    for name, verdict in document["gates"].items():
        failed = failures(verdict)
        asked = "the market and " + ", ".join(verdict["policies"]) + " in it"
        if failed:
            text = f"The gate of {name} FAILED: {'; '.join(failed)}. Nothing below counts for this market."
            found.append((text, BAD))
        else:
            size = "a short one: a look" if verdict["quick"] else "the full one"
            found.append((f"The gate of {name} passed, {size}, for {asked}.", PLAIN))
    return found


def _headline(document: Document, scenario: Mapping[str, Any]) -> list[tuple[str, str]]:
    row = policy_row(scenario)
    assert row is not None
    name, missing = scenario["name"], shortage(row, document, scenario["base"])
    matched, frontier = scenario.get("matched_risk"), FRONTIER in document["parts"]
    found = [_against(name, row, rival) for rival in (HEURISTIC, *AGAINST[:2]) if row["difference_to"].get(rival)]
    if found and row["difference_to"].get(HEURISTIC) and found[0][1] == GOOD and not (frontier and _sure(matched)):
        found[0] = (f"{found[0][0]} It is no claim, for at matched risk it is not shown.", PLAIN)
    if matched is not None:
        found[1:1] = [_matched(name, matched, frontier), *_cheapest(name, matched)]
    if missing:
        found = [(text, PLAIN if tone == GOOD else tone) for text, tone in found]
        found.append((f"{name}: whatever is cheaper above, no claim is made of it: {', '.join(missing)}.", PLAIN))
    return [*found, _cheaper(name, scenario, row), *_seeds(name, scenario)]


def _cheaper(name: str, scenario: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    """Which baselines cost less: by their paired difference to the heuristic, for they have played fewer episodes."""
    own = row["difference_to"].get(HEURISTIC)
    found = [
        f"{other['policy']} ({apart['bps'] - own['bps']:+.3f} bps)" for other in scenario["rows"]
        if other["kind"] == "baseline" and own and (apart := other["difference_to"].get(HEURISTIC))
        and apart["bps"] < own["bps"]
    ]  # fmt: skip
    if found:
        return f"{name}: {len(found)} baselines cost less than the policy: {', '.join(found)}.", BAD
    return f"{name}: no baseline that was played has a lower mean than the policy.", PLAIN


def _seeds(name: str, scenario: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    seeds = [other for other in scenario["rows"] if other["kind"] == "policy"]
    if len(seeds) > 1 and all(other["difference_to"].get(HEURISTIC) for other in seeds):
        apart = [other["difference_to"][HEURISTIC]["bps"] for other in seeds]
        worse = sum(value > 0 for value in apart)
        found.append((
            f"{name}: of {len(seeds)} training seeds {worse} {'is' if worse == 1 else 'are'} dearer than the "
            "heuristic; "
            f"the best {min(apart):+.3f} bps, the worst {max(apart):+.3f} bps.",
            BAD if worse else PLAIN,
        ))  # fmt: skip
    return found


def _against(name: str, row: Mapping[str, Any], rival: str) -> tuple[str, str]:
    """A comparison, with the tail: a mean that was bought with risk is no claim."""
    apart, ratio, tails = row["difference_to"][rival], row["ratio_to"][rival], row["cvar_ratio_to"][rival]
    low, high = apart["ci95"]
    numbers = f"{apart['bps']:+.3f} bps ({low:+.3f} to {high:+.3f}), {apart['ticks']:+.3f} ticks"
    numbers += f", ratio {ratio:.3f}" if ratio is not None else "; no ratio, a cost is near zero or below"
    tail = "" if tails is None else f"; CVaR 95 % is {tails['ratio']:.3f} of it"
    rival_name = {"heuristic": "the heuristic"}.get(rival, rival)
    if low > 0:
        return f"{name}: the policy is DEARER than {rival_name}: {numbers}{tail}.", BAD
    if high >= 0:
        return f"{name}: no difference to {rival_name} is shown: {numbers}{tail}.", PLAIN
    if tails is None:
        unknown = "its tail against that one's is not known, a CVaR being near zero"
        return f"{name}: the policy has a lower mean than {rival_name}: {numbers}; {unknown}. No claim.", PLAIN
    if tails["ratio"] <= 1.0:
        return f"{name}: the policy is cheaper than {rival_name}: {numbers}{tail}.", GOOD
    return f"{name}: the policy is cheaper than {rival_name}, but with more tail: {numbers}{tail}. No claim.", PLAIN


def _sure(matched: Mapping[str, Any] | None) -> bool:
    """Whether the policy is cheaper than the heuristic at matched risk, beyond its interval."""
    return matched is not None and matched["status"] != MORE and matched["difference"]["ci95"][1] < 0


def _matched(name: str, found: Mapping[str, Any], frontier: bool) -> tuple[str, str]:
    """Whether risk matched, and what the policy costs there: no claim where the heuristic has no frontier to match."""
    apart, rival = found["difference"], f"the heuristic ({found['rival']})"
    tail, other = found["policy_cvar95_bps"], found["rival_cvar95_bps"]
    if found["status"] == MORE:
        return (
            f"{name}: risk is NOT matched: the policy's CVaR 95 %, {tail:.2f} bps, is above that of every heuristic of "
            f"the frontier. No claim against the heuristic.",
            PLAIN,
        )
    low, high = apart["ci95"]
    word, tone = ("cheaper", GOOD) if high < 0 else ("DEARER", BAD) if low > 0 else ("not shown to differ", PLAIN)
    risk = (
        f"risk matched at a CVaR 95 % of {tail:.2f} bps, the rival's {other:.2f}" if found["status"] == MATCHED
        else f"risk is less than matched, a CVaR 95 % of {tail:.2f} bps where no heuristic is below {other:.2f}"
    )  # fmt: skip
    text = f"{name}: {risk}: the policy is {word}, {apart['bps']:+.3f} bps ({low:+.3f} to {high:+.3f}) to {rival}."
    if tone == GOOD and not frontier:
        return f"{text} No claim: the heuristic's frontier was not played.", PLAIN
    return text, tone


def _cheapest(name: str, found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is said where the heuristic that was tuned for the mean is not that of the lowest mean."""
    other = found.get("cheapest")
    if other is None or other["rival"] == TUNED_FOR_MEAN:
        return []
    apart = other["difference"]
    low, high = apart["ci95"]
    ratio = "" if other["ratio"] is None else f", ratio {other['ratio']:.3f}"
    word = "DEARER than it" if low > 0 else "cheaper than it" if high < 0 else "not shown to differ from it"
    return [(
        f"{name}: the tuner did not find the cheapest heuristic when it looked for the lowest mean: the one "
        f"{other['rival']} costs {other['rival_mean_bps']:.3f} bps. The policy is {word}: {apart['bps']:+.3f} bps "
        f"({low:+.3f} to {high:+.3f}){ratio}.",
        BAD if low > 0 else PLAIN,
    )]  # fmt: skip


def _baselines(scenario: Mapping[str, Any]) -> tuple[str, str]:
    rows = [row for row in scenario["rows"] if row["kind"] == "baseline" and row["mean_bps"] is not None]
    take, best = row_of(scenario, TAKE), min(rows, key=lambda row: float(row["mean_bps"]))
    dearest = max(rows, key=lambda row: float(row["mean_bps"]))
    against = f", twap/take {take['mean_bps']:.3f}" if take else ""
    return (
        f"{scenario['name']}: no policy was given. Of {len(rows)} baselines {best['policy']} costs least, "
        f"{best['mean_bps']:.3f} bps{against}; {dearest['policy']} costs most, {dearest['mean_bps']:.3f}.",
        PLAIN,
    )


def _spread_of(document: Document, kind: str, words: str) -> list[tuple[str, str]]:
    """Of a group of scenarios, between what the difference to the heuristic moves, and where it turns."""
    found = []
    for scenario in of_kind(document, kind):
        row = policy_row(scenario)
        if row is not None and row["difference_to"].get(HEURISTIC):
            found.append((scenario["name"], row["difference_to"][HEURISTIC]))
    if not found:
        return []
    low, high = min(found, key=lambda f: f[1]["bps"]), max(found, key=lambda f: f[1]["bps"])
    dearer = [name for name, apart in found if apart["ci95"][0] > 0]
    text = (
        f"{words}, the difference to the heuristic goes from {low[1]['bps']:+.3f} bps ({low[0]}) to "
        f"{high[1]['bps']:+.3f} bps ({high[0]})"
    )
    text += f"; the policy is surely DEARER in {', '.join(dearer)}." if dearer else "; surely dearer nowhere."
    return [(text, BAD if dearer else PLAIN)]


def _swept(document: Document) -> list[tuple[str, str]]:
    """Where more than a target allows is left to the deadline: a policy that hardly trades has no cost to speak of."""
    rows = [(scenario["name"], row) for scenario in document["scenarios"] if (row := policy_row(scenario)) is not None]
    found = [f"{name}, {row['forced_share']:.1%}" for name, row in rows if row["forced_share"] > FORCED_MUST]
    if not found:
        return []
    return [(f"The policy leaves more than {FORCED_MUST:.1%} of the lots to the deadline in {'; '.join(found)}.", BAD)]


def _dearer_than_plain(document: Document) -> list[tuple[str, str]]:
    """Every scenario in which a baseline that needs no tuning is surely cheaper, and by how much."""
    found, asked = [], 0
    for scenario in document["scenarios"]:
        row = policy_row(scenario)
        if row is None:
            continue
        asked += 1
        for rival in SIMPLE:
            apart = row["difference_to"].get(rival)
            if apart and apart["ci95"][0] > 0:
                low, high = apart["ci95"]
                found.append(f"{scenario['name']}, than {rival} by {apart['bps']:+.3f} bps ({low:+.3f} to {high:+.3f})")
    if not asked:
        return []
    if found:
        return [(f"The policy is surely DEARER than a plain baseline in {'; '.join(found)}.", BAD)]
    where = f"{asked} scenarios" if asked > 1 else "the one scenario"
    return [(f"In no row of {where} is the policy surely dearer than {', '.join(SIMPLE)}.", PLAIN)]


# -- what is not shown -------------------------------------------------------------------------------------------------


def not_shown(document: Document) -> list[str]:
    """What nobody may conclude from this benchmark."""
    return [
        *_too_little(document), *_about_policies(document), *_about_heuristic(document), *_about_markets(document),
        *_always(),
    ]  # fmt: skip


def _too_little(document: Document) -> list[str]:
    found = []
    episodes = document["episodes"]
    if document["quick"]:
        found.append("This is a look (--quick): its intervals are wide, its gate is short, and no target is met by it.")
    elif not document["complete"]:
        found.append(
            f"It is smaller than a claim asks for: {episodes['headline']:,} of {FULL_HEADLINE:,} episodes in the "
            f"headline, {episodes['cell']:,} of {FULL_CELL:,} elsewhere, or a gate of fewer than 2048 books."
        )
    left_out = [part for part in PARTS_OF if part not in document["parts"]]
    if left_out:
        found.append(f"Left out on request: {', '.join(left_out)}.")
    if document["test_seeds"]["set"] > 1:
        found.append(
            f"These test seeds have been used before: this is set {document['test_seeds']['set']} of policies that was "
            "tested with them in this folder. Whoever chooses by them has trained on them."
        )
    if document["test_seeds"]["trained_with"]:
        found.append("A policy was trained or validated with one of the test seeds: its numbers are worth nothing.")
    return found


def _about_policies(document: Document) -> list[str]:
    policies = document["policies"]
    if not policies:
        return ["Anything about a trained policy: none was given."]
    found = []
    if len(policies) < LEAST_SEEDS:
        one = len(policies) == 1
        found.append(
            "How the recipe does on other training seeds: "
            f"{'one policy is' if one else f'{len(policies)} policies are'} "
            f"too few, {LEAST_SEEDS} are asked for."
        )
    if len({policy["recipe"] for policy in policies}) > 1:
        found.append("One recipe: the policies were trained by several, so their mean is not that of seeds.")
    found.append("That the recipe was fixed before its results were seen: nobody can see that from here.")
    for name, tuned in document["tuning"].items():
        asked = max(policy["training_episodes_at_least"] for policy in policies)
        unknown = any(policy["training_episodes"] is None for policy in policies)
        if tuned is None:
            found.append(f"{name}: that the policy beats a tuned heuristic: it was not tuned.")
        elif name in ("tight", "wide") and budget_shortage(tuned["budget"], policies):
            text = f"{name}: that it beats a heuristic of its own budget: that had {tuned['budget']:,} episodes, the "
            text += f"policy {'at least ' if unknown else ''}{asked:,}"
            if unknown:
                text += (
                    ", for no metrics.jsonl of its training stands beside it and its steps count as longest episodes: "
                    "it saw more where they ended sooner"
                )
            found.append(f"{text}.")
    for scenario in of_kind(document, HEADLINE):
        trained = scenario["trained_here"]
        if trained and not trained["market"]:
            found.append(f"{scenario['name']}: what a policy of this market would do: these were trained in another.")
    frontier = of_kind(document, FRONTIER)
    if any(s["trained_here"] and not s["trained_here"]["risk_aversion"] for s in frontier):
        found.append("The policy's own frontier: it was not trained with these risk aversions, and does not heed them.")
    return found


def _about_heuristic(document: Document) -> list[str]:
    """Where a better heuristic is known than the one that everything but the headline is held against."""
    found = []
    for scenario in of_kind(document, HEADLINE):
        other = (scenario.get("matched_risk") or {}).get("cheapest")
        if other is None or other["rival"] == TUNED_FOR_MEAN:
            continue
        name = scenario["name"]
        less = scenario["matched_risk"]["policy_cvar95_bps"] > other["rival_cvar95_bps"]
        text = f"{name}: how the policy stands against the heuristic {other['rival']} where something has changed: "
        text += "shells, envelope, gate and recorded days have the one tuned for the mean."
        found.append(text)
        if less:
            found.append(
                f"{name}: that the policy is cheaper at the tail of that heuristic, {other['rival_cvar95_bps']:.2f} "
                "bps: its own frontier stands in the tables, and is not interpolated."
            )
    return found


def _about_markets(document: Document) -> list[str]:
    found = []
    wide = headline_of(document, "wide")
    passed = document["gates"].get("wide", {}).get("passed", False)
    if wide is None:
        found.append("A wide spread: that market was not played.")
    elif not passed:
        found.append("A wide spread, though it was played: its market has not passed the gate.")
    if GATE not in document["parts"]:
        found.append("That the markets are fit to be learned in: the gate was not carried out.")
    if document["scenarios"] and of_kind(document, SHELL):
        found.append(
            "That the shifted markets are fit: their own gates are not carried out; with twice the impact, an "
            "adversary is known to earn."
        )
    days = document["replay"]
    if not days:
        found.append("Anything on recorded days: none was given (--catalog, --instrument, --date).")
    else:
        count = len(days)
        found.append(
            f"Anything general on recorded days: {count} {'day is' if count == 1 else 'days are'} a smoke test, "
            "and what was recorded does not answer our orders."
        )
    if BASELINES in document["parts"] and of_kind(document, HEADLINE):
        found.append(
            "The best of the simple policies beforehand: it is picked on the test episodes themselves, which "
            "favours it."
        )
    return found


def _always() -> Sequence[str]:
    return (
        "That a real market behaves so: the square root of impact, its decay and the informed are put into the "
        "simulator by law. A policy that does well here can deal with these laws, no more.",
        "Costs with fees: the episodes have none, so no maker's rebate is taken for skill; on a venue they count.",
        "Latency below one message of the market: 1 ms and 10 ms are rounded up to one.",
        "That nobody has looked at these test seeds elsewhere: the count of sets of policies is of this folder alone.",
        "Other policies in the market that do the same: we are alone with the background.",
    )
