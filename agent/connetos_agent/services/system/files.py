"""Files of the switch from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.config.store import STARTUP_NAME
from connetos_agent.services import tftp
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import BadRequest, ConnetosError, InvalidValue
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.validation import validate

BOUNDS = tftp.Bounds(bytes=16 << 20, seconds=600)
ARCHIVE_PREFIX = "connetos.conf."


class Files:
    """Downloads into the directory of configurations."""

    areas: Mapping[str, Callable[[], Any]] = {}

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("tftp/get", self._get)

    async def start(self) -> None:
        """See `Service.start`."""

    async def stop(self) -> None:
        """See `Service.stop`."""

    async def _get(self, _caller: Caller, arguments: Mapping[str, Any], report: Report) -> Any:
        name = arguments["local-file"]
        if name.startswith(ARCHIVE_PREFIX):
            raise BadRequest(f"{name} is a name of the archive", path=("local-file",), hint="another name")
        directory = self._manager.store.startup_file.parent
        target = directory / name

        async def tell(received: int, total: int | None) -> None:
            await report({"received_bytes": received, "total_bytes": total})

        if name != STARTUP_NAME:
            size = await tftp.download(
                arguments["server"], arguments["remote-file"], target, bounds=BOUNDS, report=tell
            )
            return {"file": name, "bytes": size}
        fetched = directory / f".{name}.fetched"
        try:
            size = await tftp.download(
                arguments["server"], arguments["remote-file"], fetched, bounds=BOUNDS, report=tell
            )
            text = await asyncio.to_thread(_configuration, fetched.read_bytes())
            await asyncio.to_thread(self._manager.store.write_startup, text)
        finally:
            with contextlib.suppress(OSError):
                fetched.unlink()
        return {"file": name, "bytes": size}


def _configuration(data: bytes) -> str:
    """The text of a configuration that could be committed.

    Raises:
        InvalidValue: it is none; the startup configuration stays as it is.
    """
    try:
        text = data.decode("utf-8")
        validate({}, parse_document(text))
    except (UnicodeDecodeError, ConnetosError) as error:
        raise InvalidValue(
            f"the file is no startup configuration: {error}", hint="the startup configuration stays as it was"
        ) from error
    return text
