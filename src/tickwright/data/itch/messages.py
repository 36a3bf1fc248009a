"""The ITCH 5.0 specification as one table: type, name, fields in order. Lengths and offsets follow from it.

Kinds of fields: `a` text padded with spaces, `u` unsigned, `p` price of 4 decimals (4 bytes) or 8 (8 bytes, the
market-wide circuit breaker's). All numbers are big-endian. Times are nanoseconds since midnight in New York.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

Value = int | str | Decimal


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it begins in its message and how many bytes it has."""

    name: str
    kind: str
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class MessageType:
    """One type of message. `length` is without the two bytes of framing."""

    letter: str
    name: str
    fields: tuple[Field, ...]

    @property
    def length(self) -> int:
        """Bytes of the message."""
        return self.fields[-1].at + self.fields[-1].width

    def at(self, name: str) -> int:
        """Offset of a field."""
        return next(field.at for field in self.fields if field.name == name)


_HEADER = "type:a1 locate:u2 tracking:u2 time:u6"
_ADD = "reference:u8 side:a1 shares:u4 stock:a8 price:p4"
_SPECIFICATION = {
    "S": ("system event", "event:a1"),
    "R": (
        "stock directory",
        "stock:a8 market_category:a1 financial_status:a1 round_lot:u4 round_lots_only:a1 issue_class:a1 "
        "issue_subtype:a2 authenticity:a1 short_sale_threshold:a1 ipo:a1 luld_tier:a1 etp:a1 etp_leverage:u4 "
        "inverse:a1",
    ),
    "H": ("stock trading action", "stock:a8 state:a1 reserved:a1 reason:a4"),
    "Y": ("Reg SHO restriction", "stock:a8 action:a1"),
    "L": ("market participant position", "participant:a4 stock:a8 primary:a1 mode:a1 state:a1"),
    "V": ("circuit breaker levels", "level_1:p8 level_2:p8 level_3:p8"),
    "W": ("circuit breaker status", "level:a1"),
    "K": ("IPO quoting period", "stock:a8 release_time:u4 qualifier:a1 price:p4"),
    "J": ("LULD auction collar", "stock:a8 reference_price:p4 upper:p4 lower:p4 extension:u4"),
    "h": ("operational halt", "stock:a8 market:a1 action:a1"),
    "A": ("add order", _ADD),
    "F": ("add order with attribution", f"{_ADD} participant:a4"),
    "E": ("order executed", "reference:u8 shares:u4 match:u8"),
    "C": ("order executed with price", "reference:u8 shares:u4 match:u8 printable:a1 price:p4"),
    "X": ("order cancel", "reference:u8 shares:u4"),
    "D": ("order delete", "reference:u8"),
    "U": ("order replace", "reference:u8 new_reference:u8 shares:u4 price:p4"),
    "P": ("trade", f"{_ADD} match:u8"),
    "Q": ("cross trade", "shares:u8 stock:a8 price:p4 match:u8 cross:a1"),
    "B": ("broken trade", "match:u8"),
    "I": (
        "net order imbalance",
        "paired:u8 imbalance:u8 direction:a1 stock:a8 far:p4 near:p4 reference_price:p4 cross:a1 variation:a1",
    ),
    "N": ("retail price improvement", "stock:a8 interest:a1"),
    "O": (
        "direct listing with capital raise",
        "stock:a8 eligibility:a1 lowest:p4 highest:p4 near_price:p4 near_time:u8 lower_collar:p4 upper_collar:p4",
    ),
}


def _declare(letter: str, name: str, text: str) -> MessageType:
    fields, at = [], 0
    for word in f"{_HEADER} {text}".split():
        label, form = word.split(":")
        fields.append(Field(label, form[0], at, int(form[1:])))
        at += int(form[1:])
    return MessageType(letter, name, tuple(fields))


MESSAGES = {letter: _declare(letter, name, text) for letter, (name, text) in _SPECIFICATION.items()}
"""Every message type by its letter."""

LENGTHS = np.zeros(256, np.uint8)
"""Length by type byte; 0 where there is no such type."""
STOCK_AT = np.zeros(256, np.uint8)
"""Offset of the stock's name by type byte; 0 where the message has none."""
for _type in MESSAGES.values():
    LENGTHS[ord(_type.letter)] = _type.length
    STOCK_AT[ord(_type.letter)] = next((f.at for f in _type.fields if f.name == "stock"), 0)


def decode(message: bytes) -> dict[str, Value]:
    """The fields of one whole message of a known type, without framing."""
    return {field.name: _value(field, message) for field in MESSAGES[chr(message[0])].fields}


def _value(field: Field, message: bytes) -> Value:
    raw = message[field.at : field.at + field.width]
    if field.kind == "a":
        return raw.decode("latin-1").rstrip(" ")
    number = int.from_bytes(raw, "big")
    return number if field.kind == "u" else Decimal(number).scaleb(-field.width)
