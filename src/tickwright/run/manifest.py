"""What a result was made from. Same manifest, same bytes: no clock, no host, no path enters it."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tickwright
from tickwright.core.ids import fingerprint
from tickwright.run.config import ExecuteConfig

if TYPE_CHECKING:
    from tickwright.run.roster import Roster

_LIBRARIES = ("numpy", "numba", "llvmlite", "polars", "pyarrow", "plotly")


def manifest_of(
    config: ExecuteConfig, inputs: dict[str, str], profile: str, trading: Mapping[str, Roster] | None = None
) -> dict[str, Any]:
    """Inputs by content, configuration, versions, seed and source commit, with a fingerprint over all of them.

    `trading` has the trained policies by their names, whose places their content stands for; a registry that was asked
    is in `registries` with who stood where.
    """
    settings = asdict(config)
    # The same data elsewhere is the same input: the content is named, not the place.
    settings.pop("catalog")
    settings["profile"].pop("latency_file")
    trading = trading or {}
    for named, roster in trading.items():
        whole = re.compile(rf"{re.escape(named)}(?=\s*(?:\(|$))")  # and not what only begins so
        settings["policies"] = [whole.sub(roster.content, text) for text in settings["policies"]]
    settings["market"] = (config.market or "").partition(":")[0]
    content: dict[str, Any] = {
        "schema": "tickwright.manifest/1",
        "inputs": inputs,
        "config": settings,
        "profile": profile,
        "seed": config.seed,
        "versions": versions(*_LIBRARIES),
        "commit": source_commit(),
    }
    asked = {roster.content: roster.told for roster in trading.values() if roster.told}
    content |= {"registries": asked} if asked else {}
    return content | {"fingerprint": fingerprint(content)}


def versions(*libraries: str) -> dict[str, str]:
    """Of this package, of Python, and of those of the libraries that are installed."""
    found = {"tickwright": tickwright.__version__, "python": platform.python_version()}
    for name in libraries:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def source_commit() -> str | None:
    """The git commit of the source, with `+changes` when the tree differs from it; None outside a checkout."""
    root = Path(tickwright.__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "--", "src") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return answer.stdout.strip()
