"""Twenty book features over the LOBSTER day of Google, and seven of them by Polars expressions on the recorded book.

1. `ours`: TAPE rows in memory, from an empty book to a column of numbers and statuses a feature; and the frame of both.
2. `polars`: mid, micro-price, spread, imbalances and depth of five levels from the vendor's `book-10` rows, which are
   the book already built: no event is applied, and no flow over a window is told. Both results are compared.

CPU seconds of all threads, the least of the rounds; loading, completing the window and compiling are apart. Where the
recorded day is not there, or quick, the day is a made flow, whose book rows our replay writes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.flow import FlowLaw, generate
from bench.measure import Row, in_child
from tickwright.book.layout import BOOK
from tickwright.book.replay import reset_book
from tickwright.book.snapshot import replay_book_rows
from tickwright.book.tape import centre_of, compile_tape
from tickwright.book.windowed import complete
from tickwright.core.events import Flag
from tickwright.factors.features.book import BookFeatures
from tickwright.factors.features.columns import TWENTY

LEVELS = 10
FEW = ("mid", "micro", "spread", "order_imbalance", "imbalance:5", "bid_depth:5", "ask_depth:5")
"""What Polars does too."""
_DAY = "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"


def run_ours(file: str, rounds: int) -> Row:
    """CPU seconds of the tape, of all features of it, with the frame, and of the few."""
    data = np.load(file)
    tape, events = data["tape"], data["events"]
    BookFeatures().feed(tape[:100]).frame()
    best: Row = {"tape_s": np.inf, "book_s": np.inf, "frame_s": np.inf, "few_s": np.inf}
    for _ in range(rounds):
        began = time.process_time()
        compile_tape(events, "count")
        best["tape_s"] = min(best["tape_s"], time.process_time() - began)
        began = time.process_time()
        rows = BookFeatures().feed(tape)
        best["book_s"] = min(best["book_s"], time.process_time() - began)
        rows.frame()
        best["frame_s"] = min(best["frame_s"], time.process_time() - began)
        began = time.process_time()
        few = BookFeatures(FEW).feed(tape)
        best["few_s"] = min(best["few_s"], time.process_time() - began)
    np.save(file.replace(".npz", ".few.npy"), few.values)
    return {"events": len(rows), "features": len(TWENTY), "day": str(data["day"]), **best}


def run_polars(file: str, rounds: int) -> Row:
    """CPU seconds of the few by Polars, of all its threads, and the greatest difference from ours."""
    import polars as pl

    book = np.load(file)["book"]
    names = [f"{side}{what}_{k}" for k in range(LEVELS) for side in ("ask", "bid") for what in ("", "_size")]
    frame = pl.DataFrame(np.ascontiguousarray(book), schema=names, orient="row")
    bid, ask, bids, asks = (pl.col(name) for name in ("bid_0", "ask_0", "bid_size_0", "ask_size_0"))
    five_bids, five_asks = (pl.sum_horizontal([f"{side}_size_{k}" for k in range(5)]) for side in ("bid", "ask"))
    wanted = (
        (bid + ask) / 2, (bid * asks + ask * bids) / (bids + asks), ask - bid, (bids - asks) / (bids + asks),
        (five_bids - five_asks) / (five_bids + five_asks), five_bids, five_asks,
    )  # fmt: skip
    both = (bids > 0) & (asks > 0)
    lazy = frame.lazy().select(
        pl.when(both).then(e).cast(pl.Float64).alias(n) for n, e in zip(FEW, wanted, strict=True)
    )
    best = np.inf
    for _ in range(rounds):
        began = time.process_time()
        found = lazy.collect()
        best = min(best, time.process_time() - began)
    ours = np.load(file.replace(".npz", ".few.npy"))[:, -len(book) :]
    theirs = found.to_numpy().T
    there = np.isfinite(theirs[0])
    difference = float(np.abs(ours[:, there] - theirs[:, there]).max())
    return {"cpu_s": best, "features": len(FEW), "difference": difference}


def measure(folder: Path, quick: bool, shared: Path) -> Row:
    """Both, each in a process of its own."""
    file = folder / "features.npz"
    recorded = shared / _DAY
    np.savez(file, **(_made(20_000) if quick or not recorded.is_file() else _recorded(recorded)))
    rounds = 2 if quick else 15
    # One after the other: the second compares with what the first left.
    ours = in_child("features_ours", file=str(file), rounds=rounds)
    return {"ours": ours, "polars": in_child("features_polars", file=str(file), rounds=rounds)}


def _recorded(file: Path) -> dict[str, Any]:
    from tickwright.data.lobster.files import open_pairs
    from tickwright.data.lobster.messages import chunks

    pairs = [(events, rows) for pair in open_pairs(file) for events, rows in chunks(pair)]
    events, rows = (np.concatenate(part) for part in zip(*pairs, strict=True))
    whole = complete(events, rows)[0]
    tape = compile_tape(whole, "count").rows
    return {"events": whole, "tape": tape, "book": rows, "day": np.array("GOOG, LOBSTER")}


def _made(count: int) -> dict[str, Any]:
    events = generate(FlowLaw(rows=count, orders=1_000))[0]
    tape = compile_tape(events).rows
    books, rows = np.zeros(1, BOOK), np.zeros((len(tape), 4 * LEVELS), np.int64)
    reset_book(books, 0, centre_of(tape))
    replay_book_rows(books, 0, tape, rows)
    return {
        "events": events,
        "tape": tape,
        "book": rows[tape["flags"] & Flag.LAST != 0],
        "day": np.array("a made flow"),
    }
