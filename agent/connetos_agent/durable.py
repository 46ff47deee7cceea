"""Files that a power cut leaves as they were or as they are to be, never half of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a file that gets its name for good later: what is in it is on the disk, the directory isn't flushed.

    Raises:
        OSError: it can't be; then it isn't there.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def replace(path: Path, data: bytes) -> None:
    """Write a file beside its place, then give it its name.

    Raises:
        OSError: it can't be.
    """
    beside = path.with_name(path.name + ".new")
    write(beside, data)
    beside.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Flush the names in a directory to the disk.

    Raises:
        OSError: it can't be.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
