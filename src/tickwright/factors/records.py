"""What flows along the edges of a factor graph: samples in, estimates out, and the status of both.

A record of zeros is a row that nothing is known of yet: its status is WARMUP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from tickwright.core.layout import F8, I8, U1, U2, U4, dtype_of
from tickwright.core.records import FactorStatus

Status = FactorStatus
"""Why a row has a value, or has none: in `core`, for the gate reads it too."""


class Absent(IntFlag):
    """Which figures of an Estimate are not there; they are zero in the row."""

    VALUE = 1
    STDERR = 2
    R2 = 4


NOTHING = int(Absent.VALUE | Absent.STDERR | Absent.R2)


@dataclass(frozen=True, slots=True)
class Sample:
    """One number at one slot of a grid."""

    ts_available: I8
    """Nanoseconds UTC from which it can be known."""
    value: F8
    span: U4
    """Bars that it spans: 1 for the return from one slot to the next."""
    status: U1
    """A `Status`; the value counts only where it is OK."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a factor says at one slot. `n_obs + n_missing` is the window."""

    ts_event: I8
    """The beginning of the slot, as of a bar."""
    ts_available: I8
    """The end of the slot, or when the last of all that it depends on was known, whichever is later: inputs of every
    slot of its look-back, and of every instrument of a section."""
    value: F8
    stderr: F8
    r2: F8
    n_obs: U4
    n_missing: U4
    span: U4
    """Slots from the oldest observation in the window to this one, both counted."""
    status: U2
    """A `Status`."""
    absent: U2
    """Bits of `Absent`."""


@dataclass(frozen=True, slots=True)
class Step:
    """What every node is told of a slot, beside its inputs."""

    slot: I8
    session: I8
    """The ordinal of the session that the slot lies in; of the UTC day where the grid has no calendar."""
    place: I8
    """Slots of the session before this one."""
    ts_event: I8
    ts_available: I8
    gate: I8
    """OK, or the status of the first input that gates and is not OK."""


@dataclass(frozen=True, slots=True)
class Return:
    """A return from the last slot with a price to this one, as a source tells it."""

    slot: I8
    ts_event: I8
    """The beginning of the slot."""
    ts_available: I8
    value: F8
    span: U4
    """Bars from the price before; 0 where there was none."""
    status: U1
    """OK, or GAP where the return is left out."""


SAMPLE: np.dtype = dtype_of(Sample)
ESTIMATE: np.dtype = dtype_of(Estimate)
STEP: np.dtype = dtype_of(Step)
RETURN: np.dtype = dtype_of(Return)
