"""How to read a benchmark: what its numbers mean, in words, from its document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tickwright.learn.benchmark.scenarios import HEADLINE
from tickwright.learn.benchmark.targets import row_of
from tickwright.learn.benchmark.verdict import Document, of_kind


def notes(document: Document) -> list[str]:
    """What the numbers mean."""
    episodes = document["episodes"]
    found = [
        "A cost above zero is bad. bps of quantity times the mid at arrival; one tick is "
        f"{_tick(document):.2f} bps at the price that episodes begin around.",
        f"Everybody plays the same episodes: {episodes['headline']:,} in the headline table, the first "
        f"{episodes['cell']:,} of them for further baselines, {episodes['cell']:,} elsewhere; same order, same draws.",
        "Mean, its interval, interquartile mean, differences and ratios are of the shortfall less the news: what the "
        "exogenous news cost while it was held has mean zero whatever the policy. Median, standard deviation, CVaR and "
        "wins are of the shortfall as it was.",
        "The clairvoyant's mean is of the shortfall as it was: it is unpaired in the news, and its interval wider.",
        "Spread: half-spreads paid less those earned. Adverse selection: fills at rest against the mid at the end of "
        "their step. Own impact: what was paid beyond the touch, and the mid against the same seed without us. Drift: "
        "what that market did anyway, less the news. They add up to the mean.",
        "With latency, own impact holds what moved while an order was on its way.",
        "A ratio is only printed where both costs are above a tenth of the half-spread, the lower one's interval too.",
        "Episodes share warmed-up books, and may depend on each other within one: every interval counts books. Ratios "
        "and differences: 2 000 bootstrap resamples of books, and of training seeds where there are several. At "
        "matched risk the heuristic's frontier is interpolated to the policy's CVaR 95 %, its weights taken as known. "
        "CVaR ratios: delta method. None is corrected for the number of comparisons.",
        *_risk(document),
        *_budget(document),
    ]
    if any(
        _same(row_of(s, "vwap/post-then-cross"), row_of(s, "twap/post-then-cross")) for s in of_kind(document, HEADLINE)
    ):
        found.append("vwap is twap here: the volume of an episode has no predicted slope.")
    stopped = sum(row["stopped"] for scenario in document["scenarios"] for row in scenario["rows"])
    if stopped:
        found.append(f"In {stopped:,} episodes of all rows a market stopped; they are in no statistic.")
    return found


def _risk(document: Document) -> list[str]:
    """What the policies go by where an episode has no risk aversion, which is everywhere but on the frontier."""
    own = sorted({risk for policy in document["policies"] if (risk := policy.get("goes_by"))})
    if not own:
        return []
    said = " or ".join(f"{risk:g}" for risk in own)
    return [f"Where an episode has no risk aversion a policy goes by its own, λ = {said} /bps, as it does at work."]


def _budget(document: Document) -> list[str]:
    """What the heuristic was tuned on, beside what the policies saw."""
    budgets = [told["budget"] for told in document["tuning"].values() if told is not None]
    if not budgets:
        return []
    had = f"The heuristic is tuned on {min(budgets):,} episodes, once a headline and once for each risk aversion"
    policies = document["policies"]
    if not policies:
        return [f"{had}."]
    least = max(policy["training_episodes_at_least"] for policy in policies)
    if all(policy["training_episodes"] is not None for policy in policies):
        return [f"{had}; the policy was trained and validated on {least:,}, the most of its seeds."]
    return [
        f"{had}; of the policy {least:,} are known of, for its steps count as longest episodes: it saw more where they "
        "ended sooner."
    ]


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    return one is not None and other is not None and one["mean_bps"] == other["mean_bps"]


def _tick(document: Document) -> float:
    scenarios = document["scenarios"]
    return 1e4 / scenarios[0]["episode"]["mid_price"] if scenarios else 1.0
