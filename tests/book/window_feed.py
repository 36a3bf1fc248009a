"""A windowed feed made from a full book that its reader never sees: messages inside N levels, and N-level rows."""

import random

import numpy as np
from book_twin import LETTER, TwinBook, to_events


def row_of(book, n):
    """The `book-N` row of a TwinBook: ask price, ask size, bid price, bid size per level."""
    row = np.zeros((n, 2, 2), np.int64)
    for k, side in enumerate((-1, +1)):
        for i, (price, size, _) in enumerate(book.levels(side, n)):
            row[i, k] = price, size
    return row.reshape(-1)


def windowed(seed, n, steps):
    """(MARKET_EVENT, int64 (rows, 4 n)): the window of a random flow, whose first orders were there before it began."""
    rng, book = random.Random(seed), TwinBook()
    middle, next_id, messages, rows = 10_000, 0, [], []
    for step in range(steps):
        middle += rng.choice([-1, 0, 0, 0, 1])
        u = rng.random()
        if u < 0.48 or len(book.orders) < 60:
            side, size = rng.choice([+1, -1]), rng.randrange(1, 9)
            against = book.best(-side)
            price = middle - side * rng.randrange(1, 12)
            if against is not None and (price - against) * side >= 0:
                price = against - side
            next_id += 1
            operations = [("A", next_id, side, price, size)]
        elif u < 0.56:
            side = rng.choice([+1, -1])
            trial = TwinBook()
            for price in sorted(book.queues[side], reverse=side > 0):
                for oid in book.queues[side][price]:
                    trial.add(oid, *book.orders[oid])
            operations = [("E", o, side, p, s) for o, p, s in trial.match(side, rng.randrange(1, 12))]
        else:
            oid = rng.choice(list(book.orders))
            side, price, left = book.orders[oid]
            operations = [("C", oid, side, price, left if rng.random() < 0.6 else rng.randrange(1, left + 1))]
        for action, oid, side, price, size in operations:
            shown = {p for p, *_ in book.levels(side, n)}
            if action == "A":
                book.add(oid, side, price, size)
            else:
                book.reduce(oid, size)
            shown |= {p for p, *_ in book.levels(side, n)}
            if step > 200 and price in shown:
                messages.append((action, oid, LETTER[side], price, size))
                rows.append(row_of(book, n))
    return to_events(messages), np.array(rows)
