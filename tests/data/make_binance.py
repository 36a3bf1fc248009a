"""Binance raw lines of a made-up market, and what they should become, by a reader of a few slow lines.

The twin reads with `json` and `Decimal`, holds the whole file, and follows Binance's published procedure for a local
order book word for word where it can: it shares nothing with the reader under test.
"""

import gzip
import json
import random
from decimal import Decimal
from pathlib import Path

START = 1_723_161_253_937_085_768
MS = 1_000_000
SYMBOL = "BTCUSDT"
TICK = {"spot": Decimal("0.01"), "usdm": Decimal("0.1")}
LOT = {"spot": Decimal("0.000001"), "usdm": Decimal("0.001")}


def line(time, data, stream=None):
    """A line as the recorder writes it: compact JSON."""
    if stream is not None:
        data = {"stream": f"{SYMBOL.lower()}@{stream}", "data": data}
    return f"{time} {json.dumps(data, separators=(',', ':'))}"


def write(path: Path, lines, end="\n") -> Path:
    """Lines in a file, gzip when the name ends in .gz."""
    content = "".join(text + end for text in lines).encode()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


class Market:
    """A seeded market whose book is two dictionaries of text prices; `lines` is what a recorder would have written.

    Messages may be lost (`lose`), repeated (`repeat`), and snapshots arrive late, as REST replies do.
    """

    def __init__(self, seed, market="spot", lose=0.0, repeat=0.0, snapshots=0.02):
        self.draw = random.Random(seed)
        self.market, self.lose, self.repeat, self.snapshots = market, lose, repeat, snapshots
        self.book = {"b": {}, "a": {}}
        self.changes = {"b": {}, "a": {}}
        self.id, self.time, self.trade = 1_000, START, 7
        self.first, self.previous = self.id + 1, self.id
        self.waiting = []
        self.lines = []
        self.truth = {}  # update id of a message or snapshot: the whole book then

    def price(self, side):
        offset = self.draw.randrange(1, 40)
        ticks = 600_000 - offset if side == "b" else 600_000 + offset
        return f"{ticks * TICK[self.market]:.8f}" if self.market == "spot" else f"{ticks * TICK[self.market]:.2f}"

    def size(self):
        lots = self.draw.choice([0, 0, self.draw.randrange(1, 5_000_000)])
        return f"{lots * LOT[self.market]:.8f}" if self.market == "spot" else f"{lots * LOT[self.market]:.3f}"

    def run(self, steps):
        for _ in range(steps):
            self.time += self.draw.randrange(1, 40 * MS)
            kind = self.draw.random()
            if kind < 0.6:
                self.change()
            elif kind < 0.8:
                self.depth()
            elif kind < 0.9:
                self.print()
            else:
                self.ticker()
            if not self.lines or self.draw.random() < self.snapshots:
                self.waiting.append((self.draw.randrange(4), self.snapshot()))
            self.waiting = [(n - 1, text) for n, text in self.waiting]
            for n, text in list(self.waiting):
                if n < 0:
                    self.lines.append(f"{self.time} {text}")
                    self.waiting.remove((n, text))
        return self

    def change(self):
        for _ in range(self.draw.randrange(1, 4)):
            self.id += self.draw.randrange(1, 3)
            side = self.draw.choice("ba")
            price, size = self.price(side), self.size()
            self.changes[side][price] = size
            if Decimal(size):
                self.book[side][price] = size
            else:
                self.book[side].pop(price, None)

    def depth(self):
        if not self.changes["b"] and not self.changes["a"]:
            return
        data = {"e": "depthUpdate", "E": self.time // MS + 1, "s": SYMBOL, "U": self.first, "u": self.id}
        if self.market == "usdm":
            data = {**dict(list(data.items())[:2]), "T": self.time // MS, **dict(list(data.items())[2:])}
            data["pu"] = self.previous
        data |= {side: [list(level) for level in self.changes[side].items()] for side in "ba"}
        self.truth[self.id] = {side: dict(self.book[side]) for side in "ba"}
        text = line(self.time, data, "depth@100ms")
        copies = 0 if self.draw.random() < self.lose else 2 if self.draw.random() < self.repeat else 1
        self.lines += [text] * copies
        self.first, self.previous = self.id + 1, self.id
        if self.market == "usdm":  # ids are shared with other instruments
            self.first += self.draw.randrange(3)
            self.id = self.first
        self.changes = {"b": {}, "a": {}}

    def print(self):
        self.trade += 1
        data = {"e": "trade", "E": self.time // MS + 1, "s": SYMBOL, "t": self.trade, "p": self.price("a"),
                "q": "0.125", "T": self.time // MS, "m": self.draw.random() < 0.5}  # fmt: skip
        data |= {"M": True} if self.market == "spot" else {"X": "MARKET"}
        self.lines.append(line(self.time, data, "trade"))

    def ticker(self):
        data = {"u": self.id, "s": SYMBOL, "b": self.price("b"), "B": "1.5", "a": self.price("a"), "A": self.size()}
        if self.market == "usdm":
            data = {"e": "bookTicker", **data, "T": self.time // MS, "E": self.time // MS}
        self.lines.append(line(self.time, data, "bookTicker"))

    def snapshot(self):
        head = {"lastUpdateId": self.id}
        if self.market == "usdm":
            head |= {"E": self.time // MS + 2, "T": self.time // MS + 1}
        self.truth[self.id] = {side: dict(self.book[side]) for side in "ba"}
        levels = {name: [list(level) for level in self.book[name[0]].items()] for name in ("bids", "asks")}
        return json.dumps(head | levels, separators=(",", ":"))


LAST, SNAPSHOT, AGGREGATED, BAD = 128, 32, 16, 4


def twin(lines, market):
    """depth rows, trades and quotes as lists of tuples, and the numbers of the lines that stand behind a gap.

    A depth row is (ts_event, ts_recv, action, side, price, size, sequence, flags).
    """
    depth, trades, quotes, gaps = [], [], [], []
    seen = []  # every depth update so far
    last, fresh, bad = None, False, 0
    first_snapshot = True
    dropped = 0

    def whole(text, grid):
        count, rest = divmod(Decimal(text), grid)
        assert not rest
        return int(count)

    def levels(bids, asks):
        return [
            (side, whole(p, TICK[market]), whole(q, LOT[market]))
            for side, pairs in (("B", bids), ("A", asks))
            for p, q in pairs
        ]

    def update(number, recv, data):
        nonlocal last, fresh, bad
        if market == "usdm":
            follows = data["pu"] <= last if fresh else data["pu"] == last
        else:
            follows = data["U"] <= last + 1 if fresh else data["U"] == last + 1
        if not follows:
            bad = BAD
            gaps.append(number)
        last, fresh = data["u"], False
        event = data.get("T", data["E"]) * MS
        rows = [(event, recv, "M", *level, last, AGGREGATED | bad) for level in levels(data["b"], data["a"])]
        depth.extend(rows[:-1])
        depth.extend((*row[:-1], row[-1] | LAST) for row in rows[-1:])

    for number, text in enumerate(lines, 1):
        recv, _, body = text.partition(" ")
        recv, data = int(recv), json.loads(body)
        data = data.get("data", data)
        if "lastUpdateId" in data:
            last, fresh, bad = data["lastUpdateId"], True, 0
            event = data["T"] * MS if "T" in data else recv
            rows = [(event, recv, "R", "N", 0, 0, last, AGGREGATED | SNAPSHOT)]
            rows += [
                (event, recv, "M", *level, last, AGGREGATED | SNAPSHOT) for level in levels(data["bids"], data["asks"])
            ]
            depth += [*rows[:-1], (*rows[-1][:-1], rows[-1][-1] | LAST)]
            applied = 0
            for earlier, old in seen:
                if old["u"] > last:
                    update(earlier, recv, old)
                    applied += 1
            dropped += len(seen) - applied if first_snapshot else 0
            first_snapshot = False
        elif data.get("e") == "depthUpdate":
            seen.append((number, data))
            if last is not None and data["u"] > last:
                update(number, recv, data)
        elif data.get("e") == "trade":
            side = "A" if data["m"] else "B"
            price, size = whole(data["p"], TICK[market]), whole(data["q"], LOT[market])
            event = data["T"] * MS
            depth.append((event, recv, "T", side, price, size, last or 0, AGGREGATED | LAST | bad))
            trades.append((event, recv, price, size, data["t"], side))
        else:
            event = data["T"] * MS if "T" in data else recv
            sizes = [whole(data[name], LOT[market]) for name in "BA"]
            prices = [whole(data[name], TICK[market]) if q else 0 for name, q in zip("ba", sizes, strict=True)]
            quotes.append((event, recv, *prices, *sizes, data["u"]))
    return depth, trades, quotes, gaps, len(seen) if first_snapshot else dropped


def books(rows):
    """(update id, is it sound, {side: {price: size}}) after the last row of every message, of depth rows."""
    book = {"B": {}, "A": {}}
    for row in rows:
        action, side = chr(row["action"]), chr(row["side"])
        if action == "R":
            book = {"B": {}, "A": {}}
        elif action == "M" and row["size"]:
            book[side][int(row["price"])] = int(row["size"])
        elif action == "M":
            book[side].pop(int(row["price"]), None)
        if row["flags"] & LAST and action != "T":
            yield int(row["sequence"]), not row["flags"] & BAD, book
