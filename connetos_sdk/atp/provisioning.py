"""What a plan makes, and writing it into the directory that the TFTP server serves."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from connetos_sdk.errors import StorageFailed

RESERVATIONS = "dhcp-hosts"
"""File of the DHCP reservations, for dnsmasq's --dhcp-hostsfile."""
SUM, SIGNATURE, PACKAGES = ".sha256", ".sig", ".packages"
"""What follows the name of a file in those of its checksum and OpenPGP signature, and of a configuration file in that of
the list of packages that it needs."""
_SUFFIX = "_yunqi.cfg"


def file_name(address: IPv4Address) -> str:
    """Name of the file in which the switch with this management address looks for its configuration."""
    return f"{address}{_SUFFIX}"


def configuration_files(address: IPv4Address, content: bytes) -> dict[str, bytes]:
    """The configuration file of the switch with this management address, and its checksum, by their names."""
    return _with_sum(file_name(address), content)


def package_files(address: IPv4Address, packages: Iterable[str]) -> dict[str, bytes]:
    """The list of packages of the switch with this management address, and its checksum; nothing if there are none."""
    lines = "".join(f"{package}\n" for package in dict.fromkeys(packages))
    return _with_sum(f"{file_name(address)}{PACKAGES}", lines.encode()) if lines else {}


def _with_sum(name: str, content: bytes) -> dict[str, bytes]:
    return {name: content, f"{name}{SUM}": f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()}


@dataclass(frozen=True)
class Change:
    """A file that isn't in the directory yet as it should be."""

    name: str
    kind: Literal["new", "changed"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


@dataclass(frozen=True)
class Provisioning:
    """Everything that the switches of a plan need.

    Attributes:
        files: content of each file by its name.
        reservations: lines of dnsmasq, `<mac>,<address>,<name>`.
        warnings: what is allowed but may not be meant.
    """

    files: Mapping[str, bytes]
    reservations: tuple[str, ...]
    warnings: tuple[str, ...]

    def changes(self, directory: str | Path) -> list[Change]:
        """What `write` would change; nothing is written.

        Raises:
            StorageFailed: a file that is there can't be read.
        """
        found = []
        for name, content in self.files.items():
            try:
                same = (Path(directory) / name).read_bytes() == content
            except FileNotFoundError:
                found.append(Change(name, "new"))
            except OSError as error:
                raise _failed(error, "read", Path(directory)) from error
            else:
                if not same:
                    found.append(Change(name, "changed"))
        return found

    def unplanned(self, directory: str | Path) -> list[str]:
        """Files in the directory that switches would use and that aren't of the plan; they are left alone."""
        found = [p.name for end in ("", PACKAGES) for p in Path(directory).glob(f"*{_SUFFIX}{end}")]
        return sorted(name for name in found if name not in self.files)

    def write(self, directory: str | Path) -> list[Change]:
        """Write what differs into a directory, which is made if it isn't there.

        All files are first written beside their places and only then renamed, so a reader sees a file's old or new
        content, and a full disk changes nothing.

        Raises:
            StorageFailed: a file can't be read or written.
        """
        target = Path(directory)
        changes = self.changes(target)
        with contextlib.ExitStack() as stack:
            try:
                target.mkdir(parents=True, exist_ok=True)
                ready = []
                for change in changes:
                    temporary = _write(target, change.name, self.files[change.name])
                    stack.callback(temporary.unlink, missing_ok=True)
                    ready.append((temporary, target / change.name))
                for temporary, path in ready:
                    temporary.replace(path)
                _sync(target)
            except OSError as error:
                raise _failed(error, "write", target) from error
        return changes


def _write(directory: Path, name: str, content: bytes) -> Path:
    """A new file with this content, readable by the TFTP server, which runs as another user."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


def _sync(directory: Path) -> None:
    """A rename outlives a power cut once the directory is on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(error: OSError, what: str, directory: Path) -> StorageFailed:
    return StorageFailed(f"cannot {what} {error.filename or directory}: {error.strerror}")
