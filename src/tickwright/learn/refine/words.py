"""The verdict as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tickwright.learn.refine.judge import WOULD_PASS, apart, worse_by


def text_of(verdict: Mapping[str, Any]) -> str:
    """verdict.txt."""
    lines = [f"{verdict['verdict'].upper()}: {_reason(verdict)}", ""]
    lines += [f"{_mark(one)}  {one['name']:<8} {one['words']}" for one in verdict["criteria"]]
    lines += ["", "Market parameters by the fills:"]
    for one in verdict["recalibration"]["moved"]:
        lines.append(f"  {one['name']:<14} {one['status']:<8} x {one['factor']:.3f}  {one['why']}")
    if all(one["factor"] == 1.0 for one in verdict["recalibration"]["moved"]):
        lines.append("  nothing moved: the challenger was trained on in the market as it was")
    lines += _figures(verdict["recalibration"])
    tuned = verdict["training"]
    lines += [
        "",
        f"Trained on for {tuned['steps']:,} steps, ended by {tuned['why']}; {tuned['divergence']:.4f} nats from the "
        f"champion, another best action in {tuned['changed']:.2%} of {tuned['states']:,} states.",
        "",
        f"{'bps, challenger less champion':<34} {'champion':>9} {'less':>9} {'95 % interval':>22} {'at most':>8}",
    ]  # fmt: skip
    for scenario in verdict["scenarios"]:
        found, cost, share = apart(scenario), scenario["rows"][0]["mean_bps"], worse_by(scenario)
        if found is None or cost is None or share is None:
            lines.append(f"{scenario['name']:<34} too few episodes")
            continue
        low, high = found["ci95"]
        between = f"{low:+.4f} to {high:+.4f}"
        lines.append(f"{scenario['name']:<34} {cost:>9.3f} {found['bps']:>+9.4f} {between:>22} {share:>+8.1%}")
    lines += ["", "Not shown:", *(f"- {line}" for line in verdict["not_shown"])]
    return "\n".join(lines) + "\n"


def not_shown(verdict: Mapping[str, Any]) -> list[str]:
    """What nobody may conclude from it."""
    found = []
    if verdict["quick"]:
        found.append("This is a look (--quick): a short training, few episodes, wide intervals.")
    if verdict["test_seeds"]["set"] > 1:
        found.append(
            f"That it is better by more than luck over all tries: this is challenger {verdict['test_seeds']['set']} of "
            "this champion in this folder, each on episodes of its own; recorded days were the same for all."
        )
    if not verdict["replay"]:
        found.append("Anything on recorded days: none was given (--catalog, --instrument, --date).")
    else:
        found.append("Anything general on recorded days: a few are a smoke test, within a wide margin.")
    if not verdict["trained_in_market"]:
        found.append("That the champion knows this market at all: it was trained in another than --market.")
    if verdict["gate"] is None:
        found.append("That the corrected market is fit to learn in: its gate was left out.")
    if any(one["status"] == "refused" for one in verdict["recalibration"]["moved"]):
        found.append("Parameters that were refused: they stay as they were, right or wrong.")
    found.append(
        "That the market is another in nothing else: impact, the informed and market orders alone can move here, and "
        "what a changed volatility or spread does to the fills is put on these, or hides them. `tickwright calibrate` "
        "fits the rest to recorded days."
    )
    found.append(
        "That the fills are of an ordinary time: a correction holds for the market of these orders; those of one day "
        "are hardly independent, though they are counted so."
    )
    found.append("That a live market answers so: a shadow and a canary come next, and they can be rolled back.")
    return found


def _mark(criterion: Mapping[str, Any]) -> str:
    return "FAIL" if not criterion["passed"] else "pass" if criterion["shown"] else "open"


def _reason(verdict: Mapping[str, Any]) -> str:
    failed = [one["name"] for one in verdict["criteria"] if not one["passed"]]
    if failed:
        return f"the champion stays; the challenger failed by {', '.join(failed)}"
    if verdict["verdict"] == WOULD_PASS:
        left = ", ".join(one["name"] for one in verdict["criteria"] if not one["shown"])
        return f"the champion stays; the challenger failed by nothing, but {left} was left out"
    return "the challenger passed by every criterion; it may go into shadow"


def _figures(told: Mapping[str, Any]) -> list[str]:
    recorded = told["figures"].get("recorded")
    if recorded is None:
        return []
    sides = [name for name in ("recorded", "before", "after") if name in told["figures"]]
    lines = [f"  {'figure':<14} " + " ".join(f"{side:>20}" for side in sides)]
    for name in recorded:
        cells = [told["figures"][side][name] for side in sides]
        lines.append(f"  {name:<14} " + " ".join(f"{f'{value:.4f} ± {error:.4f}':>20}" for value, error in cells))
    return lines
