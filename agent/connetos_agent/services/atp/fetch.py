"""Gets the configuration file from its server, bounded in size and time, and checks its checksum and signature."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from ipaddress import IPv4Address
from pathlib import Path

from connetos_agent.services.atp.settings import AtpSettings
from connetos_agent.services.tftp import Bounds, download
from connetos_sdk.errors import ConnetosError, NotFound, TimedOut, TooLarge, Unreachable

MAX_CONFIG_BYTES = 4 << 20
MAX_SIDE_BYTES = 64 << 10
FETCH_SECONDS = 60.0
VERIFY_SECONDS = 20.0
_CHUNK = 64 << 10


class Source:
    """One server.

    Args:
        server: its address.
        settings: how it is asked.
        directory: for temporary files.
    """

    def __init__(self, server: IPv4Address, settings: AtpSettings, directory: Path) -> None:
        self._server = server
        self._settings = settings
        self._directory = directory

    async def get(self, name: str) -> bytes:
        """The file `name`, checked as the settings ask.

        Raises:
            ConnetosError: it isn't there, or isn't what it should be; the error says why.
        """
        with tempfile.TemporaryDirectory(prefix=".atp-", dir=self._directory) as folder:
            path = Path(folder) / "file"
            await self._fetch(name, path, MAX_CONFIG_BYTES)
            return await self._checked(name, path)

    async def find(self, name: str) -> bytes | None:
        """The same, or None if the server hasn't got it.

        Raises:
            ConnetosError: it can't be asked, or the file isn't what it should be; the error says why.
        """
        with tempfile.TemporaryDirectory(prefix=".atp-", dir=self._directory) as folder:
            path = Path(folder) / "file"
            try:
                await self._fetch(name, path, MAX_CONFIG_BYTES)
            except NotFound:
                return None
            return await self._checked(name, path)

    async def _checked(self, name: str, path: Path) -> bytes:
        await self._check_sum(name, path)
        if self._settings.keyring is not None:
            await self._check_signature(name, path, self._settings.keyring)
        return await asyncio.to_thread(path.read_bytes)

    async def _fetch(self, name: str, target: Path, limit: int) -> None:
        if self._settings.https:
            await asyncio.to_thread(self._fetch_https, name, target, limit)
        else:
            await download(str(self._server), name, target, bounds=Bounds(limit, FETCH_SECONDS))

    def _fetch_https(self, name: str, target: Path, limit: int) -> None:
        ca_file = self._settings.ca_file
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        url = f"https://{self._server}/{urllib.parse.quote(name)}"
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )
        try:
            with opener.open(url, timeout=FETCH_SECONDS) as answer, target.open("wb") as file:
                received = 0
                while chunk := answer.read(_CHUNK):
                    received += len(chunk)
                    if received > limit:
                        raise TooLarge(f"{name} is larger than {limit} bytes", hint="a smaller file")
                    file.write(chunk)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise NotFound(f"{self._server} hasn't got {name}") from None
            raise ConnetosError(f"{self._server} answers {error.code} for {name}") from None
        except TimeoutError:
            raise TimedOut(f"{self._server} doesn't answer") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"{name} can't be had from {self._server} by HTTPS: {reason}") from None

    async def _check_sum(self, name: str, path: Path) -> None:
        if self._settings.checksum == "off":
            return
        beside = path.with_name("sum")
        try:
            await self._fetch(f"{name}.sha256", beside, MAX_SIDE_BYTES)
        except NotFound:
            if self._settings.checksum == "required":
                raise NotFound(f"{name}.sha256 isn't beside {name}") from None
            return
        _compare_sum(name, path, beside)

    async def _check_signature(self, name: str, path: Path, keyring: Path) -> None:
        beside = path.with_name("sig")
        await self._fetch(f"{name}.sig", beside, MAX_SIDE_BYTES)
        try:
            process = await asyncio.create_subprocess_exec(
                "gpgv", "--quiet", "--keyring", str(keyring), str(beside), str(path),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise ConnetosError(
                f"the signature can't be checked: {error.strerror}", hint="install gpgv"
            ) from None
        try:
            async with asyncio.timeout(VERIFY_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            process.kill()
            raise ConnetosError("the signature can't be checked: gpgv doesn't end") from None
        if process.returncode != 0:
            last = said.decode(errors="replace").strip().splitlines()[-1:] or ["gpgv refuses it"]
            raise ConnetosError(f"the signature of {name} isn't good: {last[0][:200]}")


def _compare_sum(name: str, path: Path, beside: Path) -> None:
    match = re.match(rb"([0-9a-fA-F]{64})\b", beside.read_bytes().lstrip())
    if match is None:
        raise ConnetosError(f"{name}.sha256 has no SHA-256 sum", hint="as sha256sum writes it")
    if hashlib.sha256(path.read_bytes()).hexdigest() != match[1].decode().lower():
        raise ConnetosError(f"{name} doesn't have the sum that {name}.sha256 says")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead anywhere."""

    def redirect_request(self, *_: object) -> None:
        """No."""
