"""The page of a benchmark: the verdict first, then every number it rests on. One HTML file that loads nothing.

A function of benchmark.json's content alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tickwright.app.report import benchmark_figures as figures
from tickwright.app.report import benchmark_tables as tables
from tickwright.app.report import page
from tickwright.learn.benchmark.measure import TUNED_LEAVE
from tickwright.learn.benchmark.rows import AGAINST
from tickwright.learn.benchmark.scenarios import ENVELOPE, FRONTIER, HEADLINE, SHELL
from tickwright.learn.benchmark.targets import policy_row
from tickwright.learn.benchmark.verdict import of_kind

Document = Mapping[str, Any]
FIRST = (
    "twap/take", "twap/post-then-cross", "vwap/post-then-cross", "ac/post-then-cross", "heuristic",
)  # fmt: skip
_CSS = """
.badge { display: inline-block; min-width: 62px; text-align: center; border-radius: 3px; padding: 0 6px; color: #fff;
  font-size: 11px; font-weight: 600; line-height: 18px; white-space: nowrap; background: #7b8896; }
.badge.good { background: #2f7d5b; } .badge.bad { background: #b23b3b; }
td span.good { color: #2f7d5b; } td span.bad { color: #b23b3b; }
td span.badge.good, td span.badge.bad { color: #fff; }
.numbers td small { display: block; }
ul.claims { list-style: none; margin: 8px 0 0; padding: 0; }
ul.claims li { border-left: 4px solid #d9dee4; padding: 3px 0 3px 12px; margin: 5px 0; max-width: 110ch; }
ul.claims li.good { border-color: #2f7d5b; } ul.claims li.bad { border-color: #b23b3b; }
.numbers tr.own th, .numbers tr.own td { background: #fbf3ee; }
.numbers tr.worse th, .numbers tr.worse td:last-child { color: #b23b3b; }
table.targets td.count { text-align: right; font-variant-numeric: tabular-nums; }
table.targets { font-size: 12.5px; }
"""


def render(document: Document) -> str:
    """The page."""
    drawn: page.Figures = {}
    body = "".join(
        [
            _header(document),
            _verdict(document),
            _targets(document),
            *(_headline(document, scenario, drawn) for scenario in of_kind(document, HEADLINE)),
            _frontier(document, drawn),
            _others(document, ENVELOPE, "Assumptions that nobody can check", _ENVELOPES, drawn),
            _others(document, SHELL, "Out of sample", _SHELLS, drawn),
            _learning(document, drawn),
            _gates(document),
            _replay(document),
            _made_from(document),
        ]
    )
    return page.assemble(_title(document), f"<style>{_CSS}</style>{body}", drawn)


_ENVELOPES = (
    "The frozen policies, in markets that differ in what an order of ours does at rest, in whose orders go first when "
    "others cancel, and in how late we are. A result that turns within these is a result of the assumption."
)
_SHELLS = (
    "The frozen policies after something has changed that nobody was told of; the heuristic is not tuned anew either. "
    "Spread, depth, and how far the mid moves over an episode (root of the mean square) are measured without us."
)


def _title(document: Document) -> str:
    count = len(document["policies"])
    what = "baselines alone" if count == 0 else "one policy" if count == 1 else f"{count} policies"
    return f"Execution benchmark: {what}"


def _header(document: Document) -> str:
    episodes, seeds = document["episodes"], document["test_seeds"]
    committed = seeds["committed"]
    stands = "" if committed is None else (
        ", the one in the source" if committed == seeds["hash"] else ", NOT the one in the source"
    )  # fmt: skip
    facts = {
        "policies": "; ".join(f"{p['policy']}: {p['fingerprint']}" for p in document["policies"]) or "none",
        "training seeds": ", ".join(str(seed) for seed in document["seeds"]) or "none",
        "episodes": f"{episodes['headline']:,} in the headline, {episodes['cell']:,} elsewhere, the same for everybody",
        "test seeds": f"sha256 {seeds['hash']}, known before anything was played{stands}; set {seeds['set']} of "
        "policies tested with them in this folder",
        "heuristic": "; ".join(_tuned(name, told) for name, told in document["tuning"].items() if ":" not in name),
        "submit-and-leave": "; ".join(
            f"{_tuned(name, told)}: {told['name']}, {told['numbers']['offset']:+d} ticks from the best"
            for name, told in document["tuning"].items()
            if name.endswith(TUNED_LEAVE)
        )
        or "not tuned",
        "markets": "; ".join(f"{s['name']} {s['market_hash']}" for s in of_kind(document, HEADLINE)),
        "manifest": document["manifest"],
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f"<header><h1>{escape(_title(document))}</h1><p>{escape(_lead(document))}</p></header>{_warning(document)}"
        f'<section class="first"><dl class="facts">{rows}</dl></section>'
    )


def _lead(document: Document) -> str:
    found = [target["verdict"] for target in document["targets"]]
    counts = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in ("met", "not met", "not measured"))
    failed = [name for name, verdict in document["gates"].items() if not verdict["passed"]]
    gate = f"The gate of {', '.join(failed)} failed. " if failed else ""
    return f"{gate}Of {len(found)} targets {counts}."


def _warning(document: Document) -> str:
    lines = []
    if document["quick"]:
        lines.append("A look, not a benchmark: few episodes and a short gate. No claim rests on this page.")
    if any(not verdict["passed"] for verdict in document["gates"].values()):
        lines.append("A gate failed: the numbers of its market say nothing about markets.")
    if document["test_seeds"]["set"] > 1:
        lines.append("The test seeds were used before in this folder, with other policies.")
    return "".join(f'<p class="warning">{escape(line)}</p>' for line in lines)


def _tuned(name: str, told: Mapping[str, Any] | None) -> str:
    if told is None:
        return f"{name}: not tuned"
    return f"{name}: tuned on {told['episodes']:,} episodes in {told['trials']} trials"


def _verdict(document: Document) -> str:
    claims = "".join(f'<li class="{c["tone"]}">{tables.words(c["text"])}</li>' for c in document["claims"])
    open_ones = "".join(f"<li>{escape(text)}</li>" for text in document["not_shown"])
    return (
        f'<section><h2 class="flow">Verdict</h2><ul class="claims">{claims}</ul>'
        f'<h3>What is not shown</h3><ul class="notes">{open_ones}</ul></section>'
    )


def _targets(document: Document) -> str:
    return (
        '<section><h2 class="flow">Targets</h2><p class="what">A must that asks for five seeds and 50 000 episodes '
        f'is not met by fewer.</p><div class="scroll">{tables.targets(document["targets"])}</div></section>'
    )


def _headline(document: Document, scenario: Mapping[str, Any], drawn: page.Figures) -> str:
    name, rows = scenario["name"], scenario["rows"]
    first = [row for row in rows if row["policy"] in FIRST or row["kind"] in ("policy", "several", "worst")]
    further = [row for row in rows if row not in first]
    near = scenario["market"]["near_zero_bps"]
    best = scenario["best_simple"]
    gate = "" if scenario["gate_known_to_pass"] else " Its gate is not known to pass."
    every = (
        f"<details><summary>Every other baseline and the bounds</summary>{tables.headline(further)}"
        f"{_chart(f'all-{name}', figures.costs(further), drawn)}</details>"
        if further else ""
    )  # fmt: skip
    return (
        f'<section><h2>{escape(name)}: the headline table</h2><p class="what">{escape(scenario["what"])}. '
        f"Cheapest first. Median, sd, CVaR and wins are of the shortfall as it was, the rest less the news."
        f"{escape(gate)}</p>"
        f"{tables.headline(first)}{_chart(f'costs-{name}', figures.costs(first), drawn)}"
        f'<h3>Ratios, beside the differences</h3><p class="what">No ratio where a cost is below {near:.3f} bp. '
        f"The best simple policy is {escape(best)}, picked on these very episodes.</p>"
        f"{tables.ratios(first, _rivals(rows))}"
        '<h3>Where the cost comes from</h3><p class="what">Own impact is against the same seed without us; the '
        f"parts add up to the mean.</p>{_chart(f'split-{name}', figures.split(first), drawn)}"
        f"{tables.split(first)}{every}</section>"
    )


def _rivals(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [*AGAINST, *(["best simple"] if "best simple" in rows[0]["ratio_to"] else [])]


def _frontier(document: Document, drawn: page.Figures) -> str:
    text = ""
    for base in _bases(document, FRONTIER):
        own = [s for s in of_kind(document, FRONTIER) if s["base"] == base]
        headline = next((s for s in of_kind(document, HEADLINE) if s["name"] == base), None)
        rows = [] if headline is None else [r for r in headline["rows"] if r["kind"] == "baseline"]
        points = [row for row in rows if row["policy"] not in FIRST and row["policy"] != "random"]
        text += (
            f"<h3>{escape(base)}</h3>{_chart(f'frontier-{base}', figures.frontier(own, points), drawn)}"
            f"{tables.frontier(own)}"
        )
    if not text:
        return ""
    return (
        '<section><h2>Frontier: mean against tail</h2><p class="what">Four risk aversions. A lower mean counts '
        "where the tail is no worse. Along its line ac hurries more, the heuristic is tuned for the risk aversion, and "
        "the policy is told of it; schedules that heed none of it stay where they are. The objective is the mean and "
        f"λ times the risk: what the heuristic was tuned for there.</p>{text}</section>"
    )


def _others(document: Document, kind: str, title: str, what: str, drawn: page.Figures) -> str:
    text = ""
    for base in _bases(document, kind):
        own = [s for s in of_kind(document, kind) if s["base"] == base]
        name = None if (row := policy_row(own[0])) is None else row["policy"]
        charts = _chart(f"{kind}-levels-{base}", figures.levels(own, name), drawn)
        if name is not None:
            apart = _chart(f"{kind}-apart-{base}", figures.apart(own, policy_row, "heuristic"), drawn)
            charts = (
                f'<div class="pair"><div><h3>Costs</h3>{charts}</div><div><h3>The policy less the heuristic</h3>{apart}'
                "</div></div>"
            )
        text += f"{charts}{tables.scenarios(own, policy_row, FIRST)}"
    return f'<section><h2>{escape(title)}</h2><p class="what">{escape(what)}</p>{text}</section>' if text else ""


def _bases(document: Document, kind: str) -> list[str]:
    return list(dict.fromkeys(scenario["base"] for scenario in of_kind(document, kind)))


def _learning(document: Document, drawn: page.Figures) -> str:
    curves = {policy["policy"]: policy["curve"] for policy in document["policies"]}
    if not any(curves.values()):
        return ""
    return (
        '<section><h2 class="flow">Learning curve</h2><p class="what">Validations of the training itself, on its own '
        "episodes, as metrics.jsonl beside the policy holds them.</p>"
        f"{_chart('learning', figures.learning(curves), drawn)}</section>"
    )


def _gates(document: Document) -> str:
    if not document["gates"]:
        return ""
    parts = "".join(
        f"<h3>{escape(name)}: {'passed' if verdict['passed'] else 'FAILED'}, {verdict['books']:,} books</h3>"
        f"<details{'' if verdict['passed'] else ' open'}><summary>Every check</summary>"
        f'<div class="scroll">{tables.checks(verdict)}</div></details>'
        for name, verdict in document["gates"].items()
    )
    return (
        '<section><h2 class="flow">Gates</h2><p class="what">Is the market fit to learn in, and do the policies '
        f"in it pay for what they trade?</p>{parts}</section>"
    )


def _replay(document: Document) -> str:
    parts = ""
    for day in document["replay"]:
        impact = day["impact_ticks_a_lot"]
        moved = (
            f"impact {impact:g} ticks a lot taken" if impact else "without impact of what we take, beyond its liquidity"
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in day["notes"])
        parts += (
            f"<h3>{escape(day['instrument'])}, {escape(day['date'])}</h3>"
            f'<p class="what">{day["orders"]} orders of {day["horizon_seconds"]:.0f} s, both sides, {moved}; ratios of '
            f"sums, intervals over start times.</p>{tables.replay(day['rows'])}"
            f'<details><summary>Notes of the run</summary><ul class="notes">{notes}</ul></details>'
        )
    if not parts:
        return ""
    return (
        '<section><h2 class="flow">Recorded days: a smoke test</h2><p class="what">What was recorded does not '
        f"answer our orders, and a few days are no sample. Nothing is claimed from this.</p>{parts}</section>"
    )


def _made_from(document: Document) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in document["notes"])
    return f'<section><h2 class="flow">How to read it</h2><ul class="notes">{items}</ul></section>'


def _chart(name: str, figure: dict[str, Any], drawn: page.Figures) -> str:
    return page.chart(name, figure, drawn)
