"""Fixtures that every test may use."""

import os
import signal
from pathlib import Path

import pytest

LONGEST = (
    "app/test_docs_snippets.py", "book/test_windowed.py", "book/test_l2.py", "book/test_mbo_mbp10.py",
    "book/test_book_twin.py", "factors/test_feature_checks.py", "venue/test_santa_fe.py", "run/test_live_market.py",
    "learn/test_market_gate.py", "learn/test_planning.py", "learn/test_venue_gate.py",
)  # fmt: skip
"""Files that take longest, in the order in which workers take them; `learn` follows, then the rest. While the first
compiles what runs in a market, for its demonstration, others compile books, so that nothing is compiled twice."""


def pytest_configure(config):
    """Workers take files in the order below, and not those with most tests first: few tests may take long. Ctrl-C
    interrupts."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    # Ctrl-C is under test, and a job that a shell started in the background would ignore it, children and all.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Long files first, so that no worker is left alone with one at the end."""
    tests = Path(__file__).parent
    ranks = {tests / name: rank for rank, name in enumerate(LONGEST)}

    def rank(item):
        return ranks.get(item.path, len(ranks) + (item.path.parent.name != "learn"))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market data: TICKWRIGHT_DATA, or shared/data beside the checkout.

    Where it is absent the test skips; under CI=true absence is a failure.
    """
    given = os.environ.get("TICKWRIGHT_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        message = f"no recorded data at {folder}; set TICKWRIGHT_DATA to the folder that holds it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
