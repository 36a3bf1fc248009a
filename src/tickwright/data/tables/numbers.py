"""Decimal text to whole ticks, lots and nanoseconds: exact or refused, never through a float.

A number of the file that is `step` apart from the next becomes the whole number of steps:

    step = m / 10^d, m and d whole      text × 10^d is whole, or the text is off the grid
    whole = text × 10^d / m             without a rest, or the text is off the grid
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError
from tickwright.data.places import Places

_DIGITS = 38  # of a 128-bit decimal
_ROUNDING_DIGITS = 15
_MOST_DECIMALS = 18
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Grid:
    """How numbers of one field become whole: `step` is what lies between two of them in the file."""

    what: str
    step: Decimal
    unsigned: bool = False
    """Up to 2^64 - 1, as an id; else within 64 bits with a sign."""
    least: int | None = None
    round_to: Decimal | None = None

    def parts(self) -> tuple[int, int]:
        """(m, d) of the module."""
        _, digits, exponent = self.step.normalize().as_tuple()
        m = int("".join(map(str, digits)))
        assert isinstance(exponent, int)
        return (m * 10**exponent, 0) if exponent > 0 else (m, -exponent)


def step_of(exact: Fraction, where: str) -> Decimal:
    """What lies between two numbers of a file, as a decimal. Raises ConfigError where it has no end or is too large."""
    rest = exact.denominator
    twos, fives = _power(rest, 2), _power(rest, 5)
    digits = max(twos, fives)
    if rest != 2**twos * 5**fives or digits > _MOST_DECIMALS or exact.numerator * 10**digits // rest > _MOST:
        raise ConfigError(where, str(exact), f"a step of at most {_MOST_DECIMALS} decimals that 64 bits hold")
    return Decimal(exact.numerator * 10**digits // rest).scaleb(-digits)


def whole_numbers(texts: pa.Array, grid: Grid, places: Places, column: str) -> tuple[np.ndarray, int]:
    """Texts as whole numbers of steps, and how many were rounded. Raises FileFormatError, OffGridError."""
    m, digits = grid.parts()
    try:
        wide, rounded = _decimals(texts, grid, digits)
    except pa.ArrowInvalid:
        _explain(texts, grid, places, column)
        raise
    low, high = _words(wide)
    fits = high == (0 if grid.unsigned else low.astype(np.int64) >> 63)
    # Where it fits, the division below can only make it smaller.
    values = low if grid.unsigned else low.astype(np.int64)
    rest = values % np.array(m, values.dtype) if m != 1 else np.zeros(len(values), values.dtype)
    if not fits.all() or rest.any() or (grid.least is not None and bool((values < grid.least).any())):
        _explain(texts, grid, places, column)
    return (values // np.array(m, values.dtype) if m != 1 else values), rounded


def _decimals(texts: pa.Array, grid: Grid, digits: int) -> tuple[pa.Array, int]:
    if grid.round_to is None:
        return _cast(texts, digits), 0
    exact = _cast(texts, max(_ROUNDING_DIGITS, digits))
    near = pc.round(exact, ndigits=-int(grid.round_to.as_tuple().exponent), round_mode="half_to_even")
    rounded = pc.sum(pc.not_equal(exact, near)).as_py() or 0
    return near.cast(pa.decimal128(_DIGITS, digits)), rounded


def _cast(texts: pa.Array, digits: int) -> pa.Array:
    kind = pa.decimal128(_DIGITS, digits)
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return pc.utf8_trim_whitespace(texts).cast(kind)


def _words(wide: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The low (unsigned) and high (signed) words of 128-bit integers."""
    buffer = wide.buffers()[1]
    if buffer is None or not len(wide):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    words = np.frombuffer(buffer, "<u8", 2 * len(wide), 16 * wide.offset).reshape(-1, 2)
    return np.ascontiguousarray(words[:, 0]), np.ascontiguousarray(words[:, 1]).view(np.int64)


def _explain(texts: pa.Array, grid: Grid, places: Places, column: str) -> None:
    """Raise the error of the first text that is refused. The slow way, one text at a time."""
    for row, text in enumerate(texts.to_pylist()):
        place = f"{places.of(row)}, column {column}"
        problem = _problem(str(text).strip(), grid)
        if problem == "off":
            raise OffGridError(grid.what, text, grid.step, f"{places.file}: {place}")
        if problem:
            raise FileFormatError(places.file, place, repr(text[:60]), problem)


def _problem(text: str, grid: Grid) -> str:
    try:
        exact = Decimal(text) if "_" not in text else Decimal("NaN")
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite():
        return f"{grid.what}: a decimal number"
    least, most = (0, 2**64 - 1) if grid.unsigned else (-_MOST - 1, _MOST)
    if exact.adjusted() > _DIGITS or len(exact.as_tuple().digits) > 2 * _DIGITS or exact.adjusted() < -2 * _DIGITS:
        return f"{grid.what}: a number that 64 bits of {grid.step} hold"
    if grid.round_to is not None:
        if Fraction(exact) % Fraction(1, 10**_ROUNDING_DIGITS):
            return f"{grid.what}: at most {_ROUNDING_DIGITS} decimals"
        exact = round(exact, -int(grid.round_to.as_tuple().exponent))
    steps = Fraction(exact) / Fraction(grid.step)
    if not least <= steps * grid.parts()[0] <= most:
        return f"{grid.what}: a number that 64 bits of {grid.step} hold"
    if steps.denominator != 1:
        return "off"
    if grid.least is not None and steps < grid.least:
        return f"{grid.what} of {grid.least} or more"
    return ""


def _power(number: int, prime: int) -> int:
    power = 0
    while number % prime == 0:
        number //= prime
        power += 1
    return power
