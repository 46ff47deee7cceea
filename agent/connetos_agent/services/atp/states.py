"""The states of ATP (spec/cli/show-formats.yaml, `show atp`), and what is kept of them over a power cut."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import orjson

log = logging.getLogger(__name__)


class AtpState(StrEnum):
    """How far it is."""

    ADDRESS_COLLECTING = "ADDRESS_COLLECTING"
    ADDRESS_VALID = "ADDRESS_VALID"
    NETWORK_VALID = "NETWORK_VALID"
    TFTP_FIN = "TFTP_FIN"
    SUCCESS = "SUCCESS"


@dataclass(frozen=True)
class Progress:
    """How far ATP is.

    Attributes:
        reason: why the last attempt failed, or why ATP doesn't run; empty while all is well.
        method: `lldp` or `dhcp`, once an attempt is under way.
        failed_in: the state in which the last attempt failed.
        since: seconds since 1970.
        attempts: how many were begun.
    """

    state: AtpState = AtpState.ADDRESS_COLLECTING
    running: bool = False
    reason: str = ""
    failed_in: str = ""
    method: str = ""
    address: str = ""
    server: str = ""
    file: str = ""
    attempts: int = 0
    since: float = field(default_factory=time.time)


class ProgressFile:
    """Keeps the progress below the state directory, so that a power cut doesn't lose what happened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Progress | None:
        """What was kept; None when nothing was, or nothing that can be read."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            data = orjson.loads(self._path.read_bytes())
            return Progress(**{**data, "state": AtpState(data["state"])})
        return None

    def write(self, progress: Progress) -> None:
        """Keep it. A full disk is told in the log: provisioning goes on."""
        new = self._path.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(orjson.dumps(asdict(progress)))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            log.warning("the state of ATP can't be kept: %s", error)
