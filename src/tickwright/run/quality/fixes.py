"""What `--fix` did and what it left, by code: from the log of `data.quality.fix` and the findings after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tickwright.data.quality.codes import WHY_LEFT
from tickwright.data.quality.fix import LATE, REPEATED

_DONE = ((LATE, "moved", "first"), (REPEATED, "removed", "first_removed"))


def fixed_by_code(log: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a code, instrument and schema: rows put right, over all days, and the first of them."""
    entries: dict[tuple[str, str, str], dict[str, Any]] = {}
    for part in (part for part in log if part["what"] == "fixed"):
        for code, count, place in _DONE:
            if not part[count]:
                continue
            key = (code, part["instrument"], part["schema"])
            first = part[place] | {"day": part["day"]}
            known = entries.setdefault(
                key, {"code": code, "instrument": key[1], "schema": key[2], "what": count, "rows": 0, "first": first}
            )
            known["rows"] += part[count]
            known["first"] = min(known["first"], first, key=lambda p: p["day"])
    return sorted(entries.values(), key=lambda e: (e["code"], e["instrument"], e["schema"]))


def left_by_code(log: Sequence[dict[str, Any]], totals: dict[str, int]) -> list[dict[str, Any]]:
    """One entry a code that is still found: how often, and why it is left."""
    reasons: dict[str, list[str]] = {}
    for part in (part for part in log if part["what"] == "left"):
        for code, why in part["codes"].items():
            reasons.setdefault(code, []).append(why)
    told = {code: "; ".join(dict.fromkeys(whys)) for code, whys in reasons.items()}
    return [{"code": code, "count": n, "reason": told.get(code, WHY_LEFT[code])} for code, n in totals.items()]
