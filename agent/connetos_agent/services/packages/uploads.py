"""Package files that were sent to the switch: single packages, bundles (a tar archive of packages), switch images."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from connetos_agent.services.packages import dpkg, names
from connetos_agent.services.packages.root import BUNDLES, IMAGES, UPLOADS, WORK, Root
from connetos_sdk.errors import BadRequest, InvalidValue, NotFound, StorageFailed, TooLarge

MAX_BYTES = 2 * 1024 * 1024 * 1024
MAX_UPLOADS = 64
MAX_BUNDLED = 500
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
        room = min(MAX_BYTES, shutil.disk_usage(target.parent).free - RESERVE_BYTES)
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
        if name.endswith(".deb"):
            try:
                dpkg.control_of(path)
            except InvalidValue as error:
                raise InvalidValue(error.reason.replace(path.name, name), hint=error.hint) from None
        else:
            with _bundle(path, name) as archive:
                _members(archive, name)

    def packages(self, wanted: list[str]) -> list[str]:
        """Paths inside the root of package files: those named, and those in bundles named.

        Of a bundle those are left out that are installed in the same version or a newer one.

        Raises:
            InvalidValue, NotFound: a file isn't there, or isn't what its name says.
        """
        found = []
        for name in wanted:
            path = self.find(name)
            found += [path] if path.endswith(".deb") else self._unpack(path, name)
        return found

    def _unpack(self, path: str, name: str) -> list[str]:
        target = self._root.directory(BUNDLES, name)
        shutil.rmtree(target)
        target.mkdir(mode=0o755)
        there = dpkg.installed(self._root)
        found = []
        with _bundle(self._root.outside(path), name) as archive:
            for member in _members(archive, name):
                file = target / member.name.rpartition("/")[2]
                content = archive.extractfile(member)
                if content is None:
                    continue
                with file.open("wb") as out:
                    shutil.copyfileobj(content, out, CHUNK_BYTES)
                file.chmod(0o644)
                facts = dpkg.control_of(file)
                old = there.get(facts["Package"])
                if old is None or not old.installed or dpkg.newer(self._root, facts["Version"], old.version):
                    found.append(f"{WORK}/{BUNDLES}/{name}/{file.name}")
        return found


def _bundle(path: Path, name: str) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")  # compressed packages needn't be compressed again
    except (tarfile.TarError, EOFError) as error:
        raise InvalidValue(
            f"{name} isn't a tar archive: {error}", hint="an uncompressed tar of .deb files"
        ) from None


def _members(archive: tarfile.TarFile, name: str) -> list[tarfile.TarInfo]:
    found: list[tarfile.TarInfo] = []
    try:
        for member in archive:
            base = member.name.rpartition("/")[2]
            if member.isdir():
                continue
            if not member.isreg() or not base.endswith(".deb") or names.FILE.fullmatch(base) is None:
                raise InvalidValue(
                    f"{name} has {member.name[:80]!r} in it", hint="only .deb files belong into it"
                )
            found.append(member)
            if len(found) > MAX_BUNDLED:
                raise InvalidValue(
                    f"{name} has more than {MAX_BUNDLED} packages", hint="make several bundles"
                )
    except (tarfile.TarError, EOFError) as error:
        raise InvalidValue(f"{name} is damaged: {error}") from None
    if not found:
        raise InvalidValue(f"{name} has no packages in it", hint="a tar archive of .deb files")
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
