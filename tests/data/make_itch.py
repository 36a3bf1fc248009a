"""ITCH 5.0 files for tests, packed field by field from the specification; a market whose books are dictionaries.

Nothing here uses the reader's table of messages: the formats below are typed from the specification.
"""

import gzip
import random
import struct
from pathlib import Path

DATE = "2019-01-30"
NAME = "01302019.NASDAQ_ITCH50"
SECOND = 10**9
OPEN = 34_200 * SECOND  # 09:30


def head(kind, locate, time):
    return kind.encode() + struct.pack(">HH", locate, 7) + struct.pack(">Q", time)[2:]


def text(value, width):
    return value.encode().ljust(width)


def system(time, event):
    return head("S", 0, time) + event.encode()


def directory(locate, time, stock, round_lot=100, etp="N", test="P"):
    fixed = text(stock, 8) + b"Q" + b"N" + struct.pack(">I", round_lot) + b"N" + b"C" + b"Z " + test.encode()
    return head("R", locate, time) + fixed + b"N" + b" " + b"1" + etp.encode() + struct.pack(">I", 0) + b"N"


def action(locate, time, stock, state, reason=""):
    return head("H", locate, time) + text(stock, 8) + state.encode() + b" " + text(reason, 4)


def reg_sho(locate, time, stock, code="0"):
    return head("Y", locate, time) + text(stock, 8) + code.encode()


def position(locate, time, stock, participant="ABCD"):
    return head("L", locate, time) + text(participant, 4) + text(stock, 8) + b"Y" + b"N" + b"A"


def breaker_levels(time, one, two, three):
    return head("V", 0, time) + struct.pack(">QQQ", one, two, three)


def breaker_status(time, level):
    return head("W", 0, time) + level.encode()


def ipo(locate, time, stock, release, price, qualifier="A"):
    return head("K", locate, time) + text(stock, 8) + struct.pack(">I", release) + qualifier.encode() + u4(price)


def collar(locate, time, stock, reference, upper, lower, extension):
    return head("J", locate, time) + text(stock, 8) + struct.pack(">IIII", reference, upper, lower, extension)


def operational_halt(locate, time, stock, market, code):
    return head("h", locate, time) + text(stock, 8) + market.encode() + code.encode()


def u4(number):
    return struct.pack(">I", number)


def u8(number):
    return struct.pack(">Q", number)


def add(locate, time, reference, side, shares, stock, price):
    return head("A", locate, time) + u8(reference) + side.encode() + u4(shares) + text(stock, 8) + u4(price)


def add_with_mpid(locate, time, reference, side, shares, stock, price, participant="ABCD"):
    return b"F" + add(locate, time, reference, side, shares, stock, price)[1:] + text(participant, 4)


def executed(locate, time, reference, shares, match):
    return head("E", locate, time) + u8(reference) + u4(shares) + u8(match)


def executed_at(locate, time, reference, shares, match, printable, price):
    return head("C", locate, time) + u8(reference) + u4(shares) + u8(match) + printable.encode() + u4(price)


def cancel(locate, time, reference, shares):
    return head("X", locate, time) + u8(reference) + u4(shares)


def delete(locate, time, reference):
    return head("D", locate, time) + u8(reference)


def replace(locate, time, reference, new, shares, price):
    return head("U", locate, time) + u8(reference) + u8(new) + u4(shares) + u4(price)


def trade(locate, time, side, shares, stock, price, match):
    return b"P" + add(locate, time, 0, side, shares, stock, price)[1:] + u8(match)


def cross(locate, time, shares, stock, price, match, kind="O"):
    return head("Q", locate, time) + u8(shares) + text(stock, 8) + u4(price) + u8(match) + kind.encode()


def broken(locate, time, match):
    return head("B", locate, time) + u8(match)


def imbalance(locate, time, stock, paired, size, far, near, reference):
    volumes = u8(paired) + u8(size) + b"B"
    return head("I", locate, time) + volumes + text(stock, 8) + struct.pack(">III", far, near, reference) + b"C" + b"L"


def retail(locate, time, stock, interest="B"):
    return head("N", locate, time) + text(stock, 8) + interest.encode()


def direct_listing(locate, time, stock, lowest, highest, near, near_time, lower, upper):
    prices = u4(lowest) + u4(highest) + u4(near) + u8(near_time) + u4(lower) + u4(upper)
    return head("O", locate, time) + text(stock, 8) + b"Y" + prices


def framed(messages, end=True):
    """BinaryFILE framing; `end` adds the empty message that ends a session."""
    return b"".join(struct.pack(">H", len(m)) + m for m in messages) + (b"\0\0" if end else b"")


def write(path: Path, messages, end=True):
    """A file, gzip when its name ends in .gz."""
    body = framed(messages, end)
    path.write_bytes(gzip.compress(body, 1, mtime=0) if path.suffix == ".gz" else body)
    return path


class Market:
    """Random messages of several stocks, and what their books, prints and halts must be.

    `books[stock]`: reference → [side, price, shares]; `checks`: (messages so far, stock, ten levels of both sides);
    `prints[stock]`: (message, price, shares, aggressor +1, -1 or 0); `halts[stock]`: (message, status).
    """

    def __init__(self, seed, stocks=("AAPL", "MSFT", "PENNY"), check=0.03):
        self.random = random.Random(seed)
        self.locates = {stock: 11 * (k + 1) for k, stock in enumerate(stocks)}
        self.middle = {stock: 1_500_000 // 10 ** (2 * k) for k, stock in enumerate(stocks)}
        self.books = {stock: {} for stock in stocks}
        self.prints = {stock: [] for stock in stocks}
        self.halts = {stock: [] for stock in stocks}
        self.checks, self.messages = [], []
        self.check, self.time, self.reference, self.match = check, 3 * 3600 * SECOND, 0, 0
        self._say(system(self.time, "O"))
        for stock, locate in self.locates.items():
            self._say(directory(locate, self.time, stock, etp="Y" if stock == "MSFT" else "N"))
            self._say(action(locate, self.time, stock, "T"))
            self.halts[stock].append((len(self.messages), 2))
        self.time = OPEN

    def _say(self, message):
        self.messages.append(message)

    def _next_reference(self):
        self.reference += self.random.randrange(1, 5)
        return self.reference

    def _next_match(self):
        self.match += 1
        return self.match

    def levels(self, stock, side, n=10):
        """[(price, shares, orders)] of the best n levels."""
        sums = {}
        for order_side, price, shares in self.books[stock].values():
            if order_side == side:
                size, count = sums.get(price, (0, 0))
                sums[price] = (size + shares, count + 1)
        prices = sorted(sums, reverse=side == "B")[:n]
        return [(price, *sums[price]) for price in prices]

    def run(self, steps):
        """That many messages; returns the market."""
        for _ in range(steps):
            stock = self.random.choice(list(self.books))
            self.time += self.random.randrange(2_000_000)
            self._step(stock, self.locates[stock])
            if self.random.random() < self.check:
                self.look()
        self.look()
        self._say(system(self.time, "C"))
        return self

    def look(self):
        for stock in self.books:
            self.checks.append((len(self.messages), stock, [self.levels(stock, side) for side in "BS"]))

    def _step(self, stock, locate):
        r, book, now = self.random, self.books[stock], self.time
        u = r.random()
        if u < 0.42 or len(book) < 4:
            reference, side, shares = self._next_reference(), r.choice("BS"), r.randrange(1, 900)
            price = self._price(stock, side)
            book[reference] = [side, price, shares]
            make = add_with_mpid if r.random() < 0.2 else add
            self._say(make(locate, now, reference, side, shares, stock, price))
            return
        reference = r.choice(list(book))
        side, price, left = book[reference]
        part = left if r.random() < 0.4 else r.randrange(1, left + 1)
        aggressor = -1 if side == "B" else 1
        if u < 0.54:
            self._say(executed(locate, now, reference, part, self._next_match()))
            self._printed(stock, price, part, aggressor)
            self._take(book, reference, part)
        elif u < 0.60:
            printable, paid = r.choice("YYN"), price + r.choice([-100, 0, 37])
            self._say(executed_at(locate, now, reference, part, self._next_match(), printable, paid))
            if printable == "Y":
                self._printed(stock, paid, part, aggressor)
            self._take(book, reference, part)
        elif u < 0.68:
            self._say(cancel(locate, now, reference, part))
            self._take(book, reference, part)
        elif u < 0.82:
            self._say(delete(locate, now, reference))
            del book[reference]
        elif u < 0.92:
            new, shares, fresh = self._next_reference(), r.randrange(1, 900), self._price(stock, side)
            self._say(replace(locate, now, reference, new, shares, fresh))
            del book[reference]
            book[new] = [side, fresh, shares]
        elif u < 0.95:
            hidden = r.choice("BS")
            self._say(trade(locate, now, hidden, part, stock, price + 50, self._next_match()))
            self._printed(stock, price + 50, part, 1 if hidden == "S" else 0)
        elif u < 0.96:
            self._say(cross(locate, now, 100 * part, stock, price, self._next_match()))
            self._printed(stock, price, 100 * part, 0)
        elif u < 0.97:
            state = r.choice("HPQT")
            self._say(action(locate, now, stock, state, "T1"))
            self.halts[stock].append((len(self.messages), {"H": 0, "P": 0, "Q": 1, "T": 2}[state]))
        else:
            self._say(self._other(stock, locate, now, price))

    def _other(self, stock, locate, now, price):
        """A message that changes no book."""
        r = self.random
        choices = [
            lambda: reg_sho(locate, now, stock), lambda: position(locate, now, stock),
            lambda: retail(locate, now, stock),
            lambda: ipo(locate, now, stock, 34_200, price), lambda: collar(locate, now, stock, price, price, price, 1),
            lambda: imbalance(locate, now, stock, 1, 2, price, price, price), lambda: broken(locate, now, 1),
            lambda: direct_listing(locate, now, stock, price, price, price, now, price, price),
            lambda: breaker_levels(now, 2 * 10**11, 10**11, 5 * 10**10), lambda: breaker_status(now, "1"),
            lambda: operational_halt(locate, now, stock, "B", "H"),
        ]  # fmt: skip
        return r.choice(choices)()

    def _price(self, stock, side):
        middle = self.middle[stock] = max(900, self.middle[stock] + self.random.choice([-100, 0, 0, 100]))
        return max(200, middle + (-1 if side == "B" else 1) * self.random.randrange(-2, 25) * 100)

    def _printed(self, stock, price, shares, aggressor):
        self.prints[stock].append((len(self.messages), price, shares, aggressor))

    @staticmethod
    def _take(book, reference, shares):
        book[reference][2] -= shares
        if book[reference][2] == 0:
            del book[reference]
