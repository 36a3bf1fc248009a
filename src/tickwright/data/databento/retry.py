"""How often a service is asked again, and how long to wait in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tickwright.core.errors import ConfigError, FileFormatError, VendorError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """`attempts` in all; every wait is twice the one before it, unless the service asks for another."""

    attempts: int = 4
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError("--attempts", self.attempts, "at least 1")


def retried(action: Callable[[int], T], retry: Retry) -> T:
    """The result of `action(attempt)`, tried again where that may help.

    Raises VendorError: at once when another try cannot help or the service asks for too long a wait, else after the
    last attempt. A file that is not whole counts as a stream that broke off.
    """
    attempt, wait = 1, retry.first_wait_s
    while True:
        try:
            return action(attempt)
        except (VendorError, FileFormatError) as error:
            asked = error.wait_s if isinstance(error, VendorError) else None
            if isinstance(error, VendorError) and not error.again:
                raise
            if attempt == retry.attempts:
                raise VendorError(f"gave up after {attempt} attempts: {error}") from error
            if asked is not None and asked > retry.longest_wait_s:
                raise VendorError(f"{error}; the service asks to wait {asked:.0f} s") from error
        retry.pause(wait if asked is None else asked)
        attempt, wait = attempt + 1, min(2 * wait, retry.longest_wait_s)
