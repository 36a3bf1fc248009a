"""A record is declared once, as a frozen dataclass; its NumPy layout is derived from the same fields.

Kernels read and write rows of the layout; everything outside kernels handles the dataclass. The bytes of every layout
are pinned by `tests/core/test_layouts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, get_type_hints

import numpy as np

I8: TypeAlias = Annotated[int, "<i8"]
U8: TypeAlias = Annotated[int, "<u8"]
F8: TypeAlias = Annotated[float, "<f8"]
U4: TypeAlias = Annotated[int, "<u4"]
U2: TypeAlias = Annotated[int, "<u2"]
U1: TypeAlias = Annotated[int, "u1"]

R = TypeVar("R")


@cache
def dtype_of(record: Any) -> np.dtype[Any]:
    """The NumPy dtype of a record: its annotated fields in order, padded with `_pad` to a multiple of eight bytes."""
    hints = get_type_hints(record, include_extras=True)
    columns: list[tuple[str, Any]] = [(f.name, hints[f.name].__metadata__[0]) for f in fields(record)]
    size = np.dtype(columns).itemsize
    if size % 8:
        columns.append(("_pad", "u1", (8 - size % 8,)))  # type: ignore[arg-type]
    return np.dtype(columns)


def to_rows(record: Any, values: Iterable[Any]) -> np.ndarray:
    """Records → one structured array of `dtype_of(record)`."""
    names = [f.name for f in fields(record)]
    items = list(values)
    rows = np.zeros(len(items), dtype_of(record))
    for name in names:
        rows[name] = [getattr(item, name) for item in items]
    return rows


def from_rows(record: type[R], rows: np.ndarray) -> list[R]:
    """Rows of a structured array → records."""
    names = [f.name for f in fields(record)]  # type: ignore[arg-type]
    columns = [rows[name].tolist() for name in names]
    return [record(*values) for values in zip(*columns, strict=True)]
