"""A refinement from fills to a verdict, in a folder.

1. The run's orders are read, and with them the champion and its market (`fills`).
2. The market's parameters are corrected by the fills: parameters.toml (`recalibrate`).
3. The champion is trained on in that market under the cap: challenger.twp (`tune`).
4. Both are compared: verdict.json, verdict.txt (`judge`, `words`).

Nothing is done twice: a correction is kept by what it was made from, like the cells of the comparison; a challenger by
the fingerprint in its manifest. So the same command after an interruption goes on, and ends with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tickwright.core.errors import ConfigError, TickwrightError
from tickwright.core.ids import fingerprint
from tickwright.core.kernel import source_hash
from tickwright.data.store.disk import storage, whole_file, whole_files
from tickwright.learn.artefact import save
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.refine import recalibrate as recalibration
from tickwright.learn.refine.again import worked_again
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.fills import Evidence, evidence_of
from tickwright.learn.refine.judge import PROMOTED, criteria, judge, outcome
from tickwright.learn.refine.recalibrate import Moved, Recalibration
from tickwright.learn.refine.tune import as_policy, changed, episode_of, manifest_of, recipe, states_of, tune
from tickwright.learn.refine.words import not_shown, text_of
from tickwright.learn.train import require_torch
from tickwright.run.manifest import source_commit
from tickwright.run.parameters_file import MarketFile, market_toml
from tickwright.run.reactive import named_market
from tickwright.strategy.learned.container import TrainedPolicy, load
from tickwright.venue.sim.reactive.parameters import FP, content_hash

SCHEMA = "tickwright.refinement.verdict/1"
OLD, NEW, PARAMETERS, VERDICT, TEXT, MANIFEST = (
    "champion.twp", "challenger.twp", "parameters.toml", "verdict.json", "verdict.txt", "manifest.json",
)  # fmt: skip
RESULTS = (MANIFEST, TEXT, VERDICT)
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Refined:
    """What came of it."""

    folder: Path
    verdict: dict[str, Any]

    @property
    def promoted(self) -> bool:
        """Whether the challenger passed by every criterion, and none was left out."""
        return bool(self.verdict["verdict"] == PROMOTED)

    @property
    def challenger(self) -> Path:
        """The new policy's file."""
        return self.folder / NEW

    @property
    def content_hash(self) -> str:
        """SHA-256 of verdict.json."""
        return hashlib.sha256(_json(self.verdict).encode()).hexdigest()

    @property
    def text(self) -> str:
        """As a person reads it."""
        return text_of(self.verdict)


def refine(
    runs: tuple[Path, ...], champion_file: Path, config: RefineConfig, folder: Path,
    report: Report = lambda what, done, total: None,
) -> Refined:  # fmt: skip
    """Refine a policy by the runs that it traded in. Raises ConfigError, also where torch is not installed,
    FileFormatError, TrainingError, StorageError."""
    require_torch()
    champion = load(champion_file)
    evidence = evidence_of(runs, champion.fingerprint)
    _check_unseen(evidence, config)
    given = named_market(config.market)
    market = given.parameters
    if not isinstance(market, FP):
        raise ConfigError("--market", market.name, "a market of model fp, whose parameters fills can correct")
    with storage(folder, "nothing was done"):
        for name in RESULTS[::-1]:  # of an earlier run: it says nothing of what stands beside it from here on
            (folder / name).unlink(missing_ok=True)
    _copy(champion, folder / OLD)
    found = _recalibrated(champion, replace(given, parameters=market), evidence, config, folder, report)
    corrected = MarketFile(found.market, given.mid_price)
    _text(folder / PARAMETERS, market_toml(corrected, _told(found, market, evidence)))
    training = _trained(champion, found.market, evidence, config, folder, report)
    challenger = load(folder / NEW)
    document = judge(
        (folder / OLD, champion), (folder / NEW, challenger), episode_of(champion, found.market), config, folder, report
    )
    held_to = criteria(document, training["divergence"], config)
    verdict: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": outcome(held_to),
        "quick": config.quick,
        "champion": champion.fingerprint,
        "challenger": challenger.fingerprint,
        "market": {"before": content_hash(market), "after": content_hash(found.market)},
        "trained_in_market": content_hash(market) in champion.markets,
        "criteria": [asdict(one) for one in held_to],
        "recalibration": found.to_json() | {"orders": len(evidence.figures), "fills": evidence.fills},
        "training": training,
        **document,
    }
    verdict["not_shown"] = not_shown(verdict)
    manifest = _manifest(config, champion, challenger, evidence, verdict)
    verdict["manifest"] = manifest["fingerprint"]
    text = _json(verdict)
    verdict = json.loads(text)
    with whole_files([folder / name for name in RESULTS]) as drafts:
        for draft, content in zip(drafts, (_json(manifest), text_of(verdict), text), strict=True):
            draft.write_text(content, "utf-8")
    return Refined(folder, verdict)


def _check_unseen(evidence: Evidence, config: RefineConfig) -> None:
    """Raise ConfigError for a recorded day on which a run traded: what was learned from it, it cannot show."""
    for run in evidence.runs:
        asked = run.manifest["config"]
        traded = {order["instrument"] for order in asked["orders"]} if not asked["market"] else set()
        for day in config.replay.days:
            if day.date == asked["date"] and day.instrument in traded:
                raise ConfigError("--date", f"{day.instrument} {day.date}", "a day on which no RUN traded")


def _recalibrated(
    champion: TrainedPolicy, given: MarketFile, evidence: Evidence, config: RefineConfig, folder: Path, report: Report
) -> Recalibration:
    market = given.parameters
    assert isinstance(market, FP)
    here = Path(__file__).resolve().parent
    code = [source_hash(here / f"{name}.py") for name in ("recalibrate", "moments", "again", "fills")]
    days = config.days_for(len(evidence.figures))
    key = {
        "market": content_hash(market), "mid_price": given.mid_price, "runs": evidence.fingerprints,
        "policy": champion.fingerprint, "seed": config.seed, "days": days,
        "least": [config.least_orders, config.least_fills], "most": config.largest_factor,
        "by": code,
    }  # fmt: skip

    def simulate(other: FP, what: str) -> Any:
        return worked_again(
            evidence, replace(given, parameters=other), champion.fingerprint, folder / OLD, folder,
            days, config.seed, what, report, code[1:],
        )  # fmt: skip

    made = Store(folder).get(
        "recalibration", key, lambda: recalibration.recalibrate(market, evidence, config, simulate).to_json()
    )
    moved = tuple(Moved(**one) for one in made["moved"])
    near, nearer = made["distance"]
    corrected = recalibration.with_factors(market, moved)
    return Recalibration(corrected, moved, made["figures"], (near, nearer), tuple(made["notes"]))


def _trained(
    champion: TrainedPolicy, market: FP, evidence: Evidence, config: RefineConfig, folder: Path, report: Report
) -> dict[str, Any]:
    """Leave the challenger in the folder, unless it is there already: what the verdict says of its training."""
    from tickwright.learn.train.problem import MarketProblem

    asked = recipe(champion, episode_of(champion, market), config)
    manifest = manifest_of(asked, champion, config, evidence.fingerprints)
    problem = MarketProblem(asked)
    if not _is_there(folder / NEW, manifest["fingerprint"]):
        tuned = tune(champion.network, asked, problem, config, report)
        report("validating", 0, 0)
        save(as_policy(tuned, champion, problem, asked, manifest), folder / NEW)
    made = load(folder / NEW)
    from tickwright.learn.artefact import NetworkPolicy

    states = states_of(problem, NetworkPolicy(champion.network), config.states)
    told = made.metrics["refinement"]
    return {
        "steps": made.metrics["steps"], "why": told["why"], "divergence": told["divergence"], "path": told["path"],
        "changed": changed(made.network, champion.network, states), "states": len(states.masks),
        "validation": {"champion": made.metrics["first"], "challenger": made.metrics["best"]},
    }  # fmt: skip


def _is_there(file: Path, wanted: str) -> bool:
    try:
        return bool(load(file).manifest.get("fingerprint") == wanted)
    except TickwrightError:
        return False


def _told(found: Recalibration, before: FP, evidence: Evidence) -> dict[str, Any]:
    """What parameters.toml says of where it comes from."""
    told: dict[str, Any] = {
        "runs": evidence.fingerprints, "orders": len(evidence.figures), "fills": evidence.fills,
        "before": content_hash(before),
    }  # fmt: skip
    for one in found.moved:
        error = {} if one.log_error is None else {"log_standard_error": one.log_error}
        told[one.name.replace(" ", "_")] = {"status": one.status, "factor": one.factor, **error, "why": one.why}
    return told


def _manifest(
    config: RefineConfig,
    champion: TrainedPolicy,
    challenger: TrainedPolicy,
    evidence: Evidence,
    verdict: dict[str, Any],
) -> dict[str, Any]:
    asked = asdict(config)
    asked.pop("threads")
    asked.pop("market")  # the content is named, not the place
    asked["replay"].pop("catalog")
    content: dict[str, Any] = {
        "schema": "tickwright.refinement.manifest/1",
        "config": asked,
        "runs": evidence.fingerprints,
        "champion": champion.fingerprint,
        "challenger": challenger.fingerprint,
        "markets": verdict["market"],
        "inputs": {f"{day['instrument']} {day['date']}": day["data"] for day in verdict["replay"]},
        "versions": challenger.manifest["versions"],
        "commit": source_commit(),
    }
    return content | {"fingerprint": fingerprint(content)}


def _copy(policy: TrainedPolicy, file: Path) -> None:
    if not (file.exists() and file.read_bytes() == policy.to_bytes()):
        save(policy, file)


def _json(table: dict[str, Any]) -> str:
    return json.dumps(table, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _text(file: Path, text: str) -> None:
    with whole_file(file) as draft:
        draft.write_text(text, "utf-8")
