"""Package files that were sent to the switch: single packages, bundles (a tar archive of packages), switch images."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.services.packages import archive, dpkg, names
from connetos_agent.services.packages.root import BUNDLES, IMAGES, UPLOADS, WORK, Root
from connetos_sdk.errors import BadRequest, InvalidValue, NotFound, PackageError, StorageFailed, TooLarge

MAX_BYTES = 2 * 1024 * 1024 * 1024
MAX_UPLOADS = 64
RESERVE_BYTES = 64 * 1024 * 1024
"""Free space that an upload leaves."""
CHUNK_BYTES = 256 * 1024


class Uploads:
    """The files there are.

    Args:
        root: the system that they are for.
    """

    def __init__(self, root: Root) -> None:
        self._root = root

    def inside(self, name: str) -> str:
        """Path of the file `name` inside the root."""
        image = name.startswith("switch_") and name.endswith(".deb")
        return f"{IMAGES if image else f'{WORK}/{UPLOADS}'}/{names.file_name(name)}"

    def find(self, name: str) -> str:
        """Path of the file `name` inside the root.

        Raises:
            InvalidValue: it can't be the name of one.
            NotFound: there is none.
        """
        path = self.inside(name)
        if not self._root.outside(path).is_file():
            there = ", ".join(entry["name"] for entry in self.listed())
            raise NotFound(f"there is no uploaded file {name}", hint=there or "upload it first")
        return path

    def listed(self) -> list[dict[str, Any]]:
        """Names and sizes of all files."""
        folders = (self._root.outside(f"{WORK}/{UPLOADS}"), self._root.outside(IMAGES))
        paths = [p for folder in folders if folder.is_dir() for p in sorted(folder.iterdir())]
        return [
            {"name": path.name, "bytes": path.stat().st_size}
            for path in paths
            if names.FILE.fullmatch(path.name) and path.is_file()
        ]

    def remove(self, name: str) -> None:
        """Remove a file.

        Raises:
            InvalidValue, NotFound: there is none.
        """
        self._root.outside(self.find(name)).unlink()

    async def receive(
        self, name: str, chunks: AsyncIterator[bytes], size: int | None, sha256: str
    ) -> dict[str, Any]:
        """Take a file in; one of the same name is replaced once the new one is whole.

        Args:
            name: of the file, `.deb` or `.tar`.
            chunks: its bytes.
            size: how many there will be, if that is known.
            sha256: what they must hash to, in hexadecimal.

        Raises:
            InvalidValue: it isn't a package or an archive of packages.
            TooLarge: there is no room for it.
            BadRequest: the bytes aren't those that `sha256` tells of.
            StorageFailed: it can't be written.
        """
        target = self._root.outside(self.inside(name))
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not target.exists() and len(self.listed()) >= MAX_UPLOADS:
            raise TooLarge(f"there are {MAX_UPLOADS} uploaded files already", hint="remove some")
        room = min(MAX_BYTES, self._room(target.parent))
        if size is not None and size > room:
            raise _too_large(size, room)
        draft = target.parent / f".{target.name}.{os.urandom(4).hex()}"
        try:
            count = await _write(draft, chunks, room, sha256)
            await asyncio.to_thread(self._check, draft, name)
            draft.replace(target)
        except OSError as error:
            raise StorageFailed(f"{name} can't be stored: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
        return {"name": name, "bytes": count, "sha256": sha256}

    def _check(self, path: Path, name: str) -> None:
        try:
            if name.endswith(".deb"):
                archive.control_of(path)
                archive.check_content(path, self._room(path.parent))
            else:
                archive.bundled(path, name)
        except (InvalidValue, TooLarge) as error:
            raise type(error)(error.reason.replace(path.name, name), hint=error.hint) from None

    @staticmethod
    def _room(directory: Path) -> int:
        return shutil.disk_usage(directory).free - RESERVE_BYTES

    # -- for apt --------------------------------------------------------------------------------------

    @staticmethod
    def new_place() -> str:
        """Where bundles can be unpacked for one change: a path inside the root, that nobody else uses."""
        return f"{WORK}/{BUNDLES}/{os.urandom(8).hex()}"

    def forget(self, place: str) -> None:
        """Remove what was unpacked there."""
        shutil.rmtree(self._root.outside(place), ignore_errors=True)

    def forget_others(self, place: str) -> None:
        """Remove what was unpacked anywhere else: whoever wanted it is gone."""
        folder = self._root.outside(f"{WORK}/{BUNDLES}")
        for path in folder.iterdir() if folder.is_dir() else ():
            if path != self._root.outside(place):
                shutil.rmtree(path, ignore_errors=True)

    def packages(self, wanted: Sequence[str], place: str) -> list[str]:
        """Paths inside the root of package files: those named, and those in bundles named, unpacked at `place`.

        Of a bundle those are left out that are installed in the same version or a newer one.

        Raises:
            InvalidValue, NotFound: a file isn't there, or isn't what its name says.
            PackageError: there is no room for what is in a bundle.
        """
        found = []
        for name in wanted:
            path = self.find(name)
            found += [path] if path.endswith(".deb") else self._unpack(path, name, f"{place}/{name}")
        return found

    def _unpack(self, path: str, name: str, place: str) -> list[str]:
        target = self._root.outside(place)
        bundle = self._root.outside(path)
        target.mkdir(mode=0o755, parents=True)
        size, room = archive.bundled(bundle, name), self._room(target)
        if size > room:
            raise PackageError(
                f"not enough disk space: the packages of {name} have {size} bytes, there is room for {max(0, room)}",
                hint="remove packages, or old uploads",
            )
        there = dpkg.installed(self._root)
        found = []
        try:
            for file in archive.unbundle(bundle, name, target):
                facts = archive.control_of(file)
                old = there.get(facts["Package"])
                if old is None or not old.installed or dpkg.newer(self._root, facts["Version"], old.version):
                    found.append(f"{place}/{file.name}")
        except OSError as error:
            raise StorageFailed(f"{name} can't be unpacked: {error.strerror}") from error
        return found


async def _write(path: Path, chunks: AsyncIterator[bytes], room: int, sha256: str) -> int:
    digest, count, pending = hashlib.sha256(), 0, bytearray()
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o644)

        def store(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        def finish() -> None:
            file.flush()
            os.fsync(file.fileno())

        async for chunk in chunks:
            count += len(chunk)
            if count > room:
                raise _too_large(count, room)
            pending += chunk
            if len(pending) >= CHUNK_BYTES:
                await asyncio.to_thread(store, bytes(pending))
                pending.clear()
        await asyncio.to_thread(store, bytes(pending))
        await asyncio.to_thread(finish)
    if digest.hexdigest() != sha256:
        raise BadRequest(
            f"the {count} bytes received have SHA-256 {digest.hexdigest()}, not {sha256}",
            hint="send it again",
        )
    return count


def _too_large(size: int, room: int) -> TooLarge:
    return TooLarge(f"{size} bytes are too many", hint=f"there is room for {max(0, room)}")
