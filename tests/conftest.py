"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


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
