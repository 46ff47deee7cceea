"""Waiting for what must come about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
LOOK_EVERY_S = 0.05


def until(look: Callable[[], Found], what: object = "it", seconds: float = 60) -> Found:
    """What `look` finds, as soon as that is true.

    Fails after `seconds` and tells `what` didn't come about; a callable is asked then for what there is instead.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(LOOK_EVERY_S)
    return found
