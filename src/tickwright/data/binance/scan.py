"""Raw lines → batches of messages with their levels as exact decimals, a block at a time.

The kernel reads what it knows; each line that it leaves is parsed as JSON, and then counted as another type, refused
with its number, or put where it stands among the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.data.binance import message
from tickwright.data.binance.lines import Progress, blocks
from tickwright.data.binance.message import MESSAGE, OTHER, SLOW, SNAPSHOT, USDM, LineError
from tickwright.data.binance.scan_kernel import scan

_COMMON_LINE = 100
_SHORTEST_LEVEL = len('["1","1"]')


@dataclass(frozen=True, slots=True)
class Decimals:
    """Exact decimals: `mantissa` / 10^`decimals`, without zeros at the end."""

    mantissa: np.ndarray
    decimals: np.ndarray


@dataclass(frozen=True, slots=True)
class Batch:
    """`messages`: MESSAGE rows in the order of the file; their levels are a stretch of `price` and `size` each."""

    messages: np.ndarray
    price: Decimals
    size: Decimals


class Scanner:
    """The messages of one symbol and market in a file. `skipped` counts what was passed over, by type, so far.

    Raises FileFormatError with the line: it is malformed, lacks a field, or is of another symbol.
    """

    def __init__(self, path: Path, symbol: str, market: str, progress: Progress | None = None) -> None:
        self.skipped: Counter[str] = Counter()
        self._path = path
        self._symbol = symbol
        self._market = market
        self._progress = progress

    def batches(self) -> Iterator[Batch]:
        """Every block of the file, in order."""
        quoted = np.frombuffer(f'"{self._symbol}"'.encode(), np.uint8)
        lines = 0
        for block in blocks(self._path, self._progress):
            data = np.frombuffer(block, np.uint8)
            room = len(block) // _SHORTEST_LEVEL + 2
            price, size = (Decimals(np.empty(room, np.int64), np.empty(room, np.uint8)) for _ in range(2))
            full = (price.mantissa, price.decimals, size.mantissa, size.decimals)
            usdm = self._market == USDM
            messages = np.zeros(len(block) // _COMMON_LINE + 1, MESSAGE)
            count, levels = scan(data, messages, *full, quoted, usdm, lines)
            if count < 0:
                messages = np.zeros(block.count(b"\n"), MESSAGE)
                count, levels = scan(data, messages, *full, quoted, usdm, lines)
            lines += count
            yield self._finished(block, messages[:count], [column[:levels] for column in full])

    def _finished(self, block: bytes, messages: np.ndarray, numbers: list[np.ndarray]) -> Batch:
        left = np.flatnonzero(messages["kind"] == SLOW)
        extra: list[tuple[message.Number, message.Number]] = []
        for k in left.tolist():
            at, end, number = (int(messages[name][k]) for name in ("at", "end", "line"))
            try:
                row, levels = self._slow(block[at:end], number)
            except LineError as error:
                raise FileFormatError(self._path, f"line {number}", str(error), error.expected) from error
            fresh = {name: 0 for name in MESSAGE.names or () if name != "_pad"} | row
            fresh["begin"] = numbers[0].size + len(extra)
            for name, value in fresh.items():
                messages[name][k] = value
            extra += levels
        if extra:
            columns = [column for pair in zip(*extra, strict=True) for column in zip(*pair, strict=True)]
            numbers = [np.concatenate([a, np.array(b, a.dtype)]) for a, b in zip(numbers, columns, strict=True)]
        if left.size:
            messages = messages[messages["kind"] != OTHER]
        return Batch(messages, Decimals(*numbers[:2]), Decimals(*numbers[2:]))

    def _slow(self, text: bytes, number: int) -> tuple[dict[str, int], list[tuple[message.Number, message.Number]]]:
        line = message.parse(text)
        if line.kind == OTHER:
            self.skipped[line.name] += 1
            return {"kind": OTHER, "line": number}, []
        read = message.body(line, self._market)
        if line.kind != SNAPSHOT and getattr(read, "s", "") != self._symbol:
            expected = (
                f"{self._symbol}, as in the lines above: a snapshot does not name its symbol, so one symbol a file"
            )
            raise LineError(f"symbol {getattr(read, 's', '')}", expected)
        return message.message_row(line, read, number)


def first_message(path: Path) -> tuple[str, str]:
    """(symbol, market) of the first message that names both. Raises FileFormatError when no line does."""
    number = 0
    for block in blocks(path):
        for text in block[:-1].split(b"\n"):
            number += 1
            try:
                line = message.parse(text)
                if line.kind in (OTHER, SNAPSHOT):
                    continue
                marker = {message.DEPTH: "pu", message.TRADE: "X", message.QUOTE: "e"}[line.kind]
                market = USDM if marker in line.fields else message.SPOT
                return getattr(message.body(line, market), "s", ""), market
            except LineError as error:
                raise FileFormatError(path, f"line {number}", str(error), error.expected) from error
    raise FileFormatError(path, "contents", "no message of a symbol", "depthUpdate, trade or bookTicker lines")
