"""A venue of dictionaries that writes what it does twice, with Databento's own encoder: by order, and ten levels deep.

`Venue` makes packets of market-by-order records through all actions and notes after each what an `mbp-10` file says:
a record for each trade, with the book as it met it, and for each change of the ten levels, with the levels after it.
"""

import random
from types import SimpleNamespace

import databento_dbn as dbn
from book_twin import LETTER, TwinBook

START = 1_703_462_400_000_000_000  # 2023-12-25 00:00 UTC
NUMBER = 17077
TICK = 250_000_000
LAST, SNAPSHOT = 128, 32
OTHER_FLAGS = (0, 2, 4, 8, 64)  # publisher specific, maybe bad book, bad ts_recv, top of book: none changes it


def header(schema):
    """Metadata of a file without symbols: the comparison is by instrument id."""
    mappings = [SimpleNamespace(raw_symbol="ESH4", intervals=[])]
    return dbn.Metadata(
        dataset="GLBX.MDP3", start=START, end=None, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
        schema=schema, symbols=[], partial=[], not_found=[], mappings=mappings,
        ts_out=False, version=3,
    ).encode()  # fmt: skip


def write(path, schema, records):
    path.write_bytes(header(schema) + b"".join(bytes(record) for record in records))
    return path


class Venue:
    """`each`: an MBP-10 record for every MBO record that changes the levels; otherwise one at the end of a packet."""

    def __init__(self, seed, each=True, snapshot=False, number=NUMBER):
        self.random, self.noise = random.Random(seed), random.Random(seed + 1)
        self.book = TwinBook()
        self.each, self.number = each, number
        self.mbo, self.mbp10 = [], []
        self.now, self.sequence, self.next_id, self.middle = START, 100, 1, 19_200
        self.kinds = set()
        if snapshot:
            self._snapshot()

    def run(self, packets):
        for _ in range(packets):
            self.packet()
        return self

    def packet(self):
        """One to four operations that share a time and a sequence number."""
        self.now += self.random.randrange(1, 10**6)
        self.sequence += self.random.randrange(1, 4)
        rows, states = [], []
        before = self._ten()
        for _ in range(self.random.choice([1, 1, 1, 2, 4])):
            for row in self._operation():
                rows.append(row)
                states.append(self._ten())
        for i, row in enumerate(rows):
            self._mbo(row, LAST if i == len(rows) - 1 else 0)
        shown = before
        for i, (row, state) in enumerate(zip(rows, states, strict=True)):
            last = i == len(rows) - 1
            if row[0] == "T" or (state != shown and (self.each or last)):
                self._mbp10(row, state, LAST if last else 0)
            if self.each or last:
                shown = state

    def _ten(self):
        return [self.book.levels(side, 10) for side in (+1, -1)]

    def _operation(self):
        """[(action, side, order id, price, size)], each yielded once `book` holds what it does."""
        r, book = self.random, self.book
        u = r.random()
        self.middle += r.choice([-1, 0, 0, 1])
        if u < 0.003:
            book.clear()
            yield self._said("R", 0, 0, 0, 0)
        elif u < 0.02:
            yield self._said("N", 0, 0, 0, 0)
        elif u < 0.5 or len(book.orders) < 8:
            side, size, price = r.choice([+1, -1]), r.randrange(1, 30), 0
            price = self._price(side)
            self.next_id += r.randrange(1, 9)
            book.add(self.next_id, side, price, size)
            yield self._said("A", side, self.next_id, price, size)
        elif u < 0.62:
            yield from self._trade()
        else:
            oid = r.choice(list(book.orders))
            side, price, left = book.orders[oid]
            if u < 0.8:
                size = left if r.random() < 0.6 else r.randrange(1, left + 1)
                book.reduce(oid, size)
                yield self._said("C", side, oid, price, size)
            else:
                fresh = price if u < 0.9 else self._price(side)
                size = r.randrange(1, left + 15)
                book.modify(oid, fresh, size)
                yield self._said("M", side, oid, fresh, size)

    def _trade(self):
        """An aggressor of `-side` meets the front of the queue: T, then F and C (whole) or M (part) of each order."""
        r, book = self.random, self.book
        side = r.choice([+1, -1])
        price = book.best(side)
        if price is None:
            return
        queue = list(book.queues[side][price])
        size = r.randrange(1, 1 + sum(book.orders[oid][2] for oid in queue))
        yield self._said("T", -side if self.noise.random() < 0.9 else 0, 0, price, size)
        for oid in queue:
            left = book.orders[oid][2]
            part = min(size, left)
            yield self._said("F", side, oid, price, part)
            book.reduce(oid, part)
            yield (
                self._said("C", side, oid, price, part)
                if part == left
                else self._said("M", side, oid, price, left - part)
            )
            size -= part
            if size == 0:
                return

    def _price(self, side):
        return self.middle - side * self.random.randrange(-1, 25)

    def _said(self, action, side, oid, price, size):
        self.kinds.add(action)
        return action, side, oid, price, size

    def _snapshot(self):
        """The book as it is at the start of a file: a clear and its orders, all flagged; no MBP-10 record of them."""
        self._mbo(("R", 0, 0, 0, 0), SNAPSHOT)
        for k in range(40):
            side, size = (+1, -1)[k % 2], 1 + k % 7
            price = self.middle - side * (1 + k // 3)
            self.next_id += 1
            self.book.add(self.next_id, side, price, size)
            self._mbo(("A", side, self.next_id, price, size), SNAPSHOT | (LAST if k == 39 else 0))

    def _mbo(self, row, flags):
        action, side, oid, price, size = row
        bare = action in "RN"
        self.mbo.append(
            dbn.MBOMsg(
                publisher_id=1,
                instrument_id=self.number,
                ts_event=self.now,
                order_id=oid,
                price=dbn.UNDEF_PRICE if bare else price * TICK,
                size=size,
                action=_action(action),
                side=_side(side),
                ts_recv=self.now + 500,
                flags=flags | self.noise.choice(OTHER_FLAGS),
                channel_id=0,
                ts_in_delta=5,
                sequence=self.sequence,
            )
        )

    def _mbp10(self, row, state, flags):
        action, side, _, price, size = row
        pairs = []
        for i in range(10):
            bid, ask = (levels[i] if i < len(levels) else None for levels in state)
            pairs.append(
                dbn.BidAskPair(
                    bid_px=bid[0] * TICK if bid else dbn.UNDEF_PRICE,
                    ask_px=ask[0] * TICK if ask else dbn.UNDEF_PRICE,
                    bid_sz=bid[1] if bid else 0,
                    ask_sz=ask[1] if ask else 0,
                    bid_ct=bid[2] if bid else 0,
                    ask_ct=ask[2] if ask else 0,
                )
            )
        self.mbp10.append(
            dbn.MBP10Msg(
                publisher_id=1,
                instrument_id=self.number,
                ts_event=self.now,
                price=dbn.UNDEF_PRICE if action in "RN" else price * TICK,
                size=size,
                action=_action(action),
                side=_side(side),
                depth=0,
                ts_recv=self.now + 500,
                flags=flags | self.noise.choice(OTHER_FLAGS),
                ts_in_delta=5,
                sequence=self.sequence,
                levels=pairs,
            )
        )


def _action(letter):
    names = {"A": "ADD", "C": "CANCEL", "M": "MODIFY", "R": "CLEAR", "T": "TRADE", "F": "FILL", "N": "NONE"}
    return getattr(dbn.Action, names[letter])


def _side(side):
    return {"B": dbn.Side.BID, "A": dbn.Side.ASK, "N": dbn.Side.NONE}[LETTER.get(side, "N")]
