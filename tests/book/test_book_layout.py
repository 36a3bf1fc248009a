"""The bytes of the book's records, and how outcomes become errors."""

import numpy as np
import pytest

from tickwright.book.layout import BOOK_S, LEVEL, ORDER, TAPE, BookCode, check_code
from tickwright.core.errors import BookError, CapacityError


def test_record_bytes_are_pinned():
    assert (TAPE.itemsize, ORDER.itemsize, LEVEL.itemsize) == (40, 32, 16)
    assert [TAPE.fields[n][1] for n in ("ts_event", "ts_recv", "born", "slot", "price", "size")] == [
        0, 8, 16, 24, 28, 32,
    ]  # fmt: skip
    assert [TAPE.fields[n][1] for n in ("action", "side", "flags", "off_grid")] == [36, 37, 38, 39]
    assert BOOK_S.itemsize < 45_000, "a simulated book should stay in cache"


def test_a_row_copy_is_a_snapshot():
    books = np.zeros(2, BOOK_S)
    books[0]["ladder"]["best"] = (5, 7)
    books[1] = books[0]
    books[0]["ladder"]["best"] = (0, 0)
    assert books[1]["ladder"]["best"].tolist() == [5, 7]


@pytest.mark.parametrize("code", [c for c in BookCode if c < 0])
def test_every_code_is_an_error_with_words(code):
    capacity = {BookCode.SLOT_OUT_OF_RANGE, BookCode.LEVELS_FULL, BookCode.SIZE_OVERFLOW}
    with pytest.raises(CapacityError if code in capacity else BookError, match="row 7: "):
        check_code(int(code), "row 7")


def test_success_is_no_error():
    check_code(0, "anywhere")
