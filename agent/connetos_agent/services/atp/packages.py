"""The packages that a switch shall have before its configuration is applied: `<configuration file>.packages`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from ipaddress import IPv4Interface

from connetos_agent.config.sessions import Caller
from connetos_agent.services.atp.fetch import Source
from connetos_agent.services.atp.link import LIFETIME_SECONDS, ManagementLink
from connetos_agent.services.operations import Operations
from connetos_agent.services.packages.names import wanted
from connetos_sdk.errors import ConnetosError

SUFFIX = ".packages"
MAX_PACKAGES = 200
"""As many as one request to install may name."""


def read_list(data: bytes) -> list[str]:
    """The packages in a list: one a line, `name` or `name=version`; `#` begins a comment.

    Raises:
        ConnetosError: a line says something else.
    """
    found: dict[str, None] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            wanted(text)
        except ConnetosError as error:
            raise ConnetosError(f"line {number}: {error}") from None
        found[text] = None
        if len(found) > MAX_PACKAGES:
            raise ConnetosError(f"there are more than {MAX_PACKAGES} packages in it")
    return list(found)


async def install(operations: Operations, caller: Caller, source: Source, file: str) -> list[str]:
    """Install what the list beside a configuration file names; nothing if there is no list.

    Returns:
        The packages in the list.

    Raises:
        ConnetosError: the list is wrong, or a package can't be installed; no package was changed.
    """
    data = await source.find(f"{file}{SUFFIX}")
    if data is None:
        return []
    try:
        packages = read_list(data)
    except ConnetosError as error:
        raise ConnetosError(f"the list {file}{SUFFIX} can't be used: {error}") from None
    if packages:
        try:
            await operations.call(caller, "packages/update", {})
            await operations.call(caller, "packages/install", {"packages": packages})
        except ConnetosError as error:
            raise ConnetosError(f"packages of {file}{SUFFIX} can't be installed: {error}") from None
    return packages


@contextlib.asynccontextmanager
async def address_kept(link: ManagementLink, address: IPv4Interface) -> AsyncIterator[None]:
    """The temporary address outlives an installation, however long it takes."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(LIFETIME_SECONDS / 3)
            await asyncio.to_thread(link.renew, address)

    task = asyncio.get_running_loop().create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
