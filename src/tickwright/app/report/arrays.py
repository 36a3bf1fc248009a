"""Arrays for Plotly: base64 of little-endian values, a third of the bytes of decimal text and read without parsing."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

_CODES = {"f8": "f8", "f4": "f4", "i4": "i4", "u4": "u4", "u1": "u1"}


def packed(values: np.ndarray, code: str = "f8") -> dict[str, Any]:
    """Plotly's typed-array form of a vector or a matrix; `code` is one of f8, f4, i4, u4, u1."""
    array = np.ascontiguousarray(values, dtype=f"<{_CODES[code]}")
    encoded: dict[str, Any] = {"dtype": code, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}
    if array.ndim == 2:
        encoded["shape"] = f"{array.shape[0]}, {array.shape[1]}"
    return encoded


def reference(name: str) -> dict[str, str]:
    """Stands in a figure for an array of the page's shared table, so that charts of one market store it once."""
    return {"$ref": name}
