"""The report for support: what every command without arguments shows, in one file, without secrets."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.cli import operational
from connetos_agent.northbound.cli.commands import COMMANDS
from connetos_agent.northbound.cli.commands.command import Terminal
from connetos_agent.services.operations import Operations, Report
from connetos_agent.switch_log import SwitchLog
from connetos_sdk import __version__
from connetos_sdk.errors import ApplyFailed, ConnetosError
from connetos_sdk.model.tree import effective

MAX_SECTION = 512 << 10
MAX_REPORT = 8 << 20
MAX_REPORTS = 5
SECTION_SECONDS = 20.0
LOG_ROWS = 1000
LEFT_OUT = ("show tech-support", "show cli history", "show cli information")
SUFFIX = "-techSupport.log"


class TechSupport:
    """Makes reports.

    Args:
        terminal: makes one for whoever asks; commands are run on it.
        directory: where reports are kept, the newest five.
        log: its newest lines are part of a report.
    """

    def __init__(self, terminal: Callable[[Caller], Terminal], directory: Path, log: SwitchLog) -> None:
        self._terminal = terminal
        self._directory = directory
        self._log = log
        self._one = asyncio.Lock()

    def add_operations(self, operations: Operations) -> None:
        """Add `tech-support`."""
        operations.add("tech-support", self._run)

    async def _run(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        async with self._one:
            terminal = self._terminal(caller)
            text = await self._collect(terminal)
            hostname = str(effective(terminal.manager.running.document, ("system", "hostname")))
            path = await asyncio.to_thread(self._store, hostname, text)
        told = {"file": str(path), "bytes": path.stat().st_size}
        return {**told, "text": text} if arguments["text"] else told

    async def _collect(self, terminal: Terminal) -> str:
        parts = [f"ConnetOS agent {__version__}, {time.strftime('%Y-%m-%d %H:%M:%S %Z')}\n"]
        parts.append(_section("log", "\n".join(await asyncio.to_thread(self._log.last, LOG_ROWS)) + "\n"))
        size = sum(map(len, parts))
        for line in _lines():
            text = await self._shown(terminal, line)
            parts.append(_section(line, text))
            size += len(parts[-1])
            if size > MAX_REPORT:
                parts.append(f"\n(left out from here on: the report is larger than {MAX_REPORT} bytes)\n")
                break
        return "".join(parts)

    @staticmethod
    async def _shown(terminal: Terminal, line: str) -> str:
        try:
            async with asyncio.timeout(SECTION_SECONDS):
                return await operational.run(terminal, line.split(), "")
        except TimeoutError:
            return f"(not within {SECTION_SECONDS:g} s)\n"
        except ConnetosError as error:
            return f"ERROR: {error}\n"
        except Exception as error:  # a report is wanted most when something is wrong
            return f"ERROR: {error!r}\n"

    def _store(self, hostname: str, text: str) -> Path:
        name = f"{hostname}-{time.strftime('%Y%m%d%H%M')}{SUFFIX}"
        path = self._directory / name
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a descriptor
                file.write(text)
            reports = sorted(self._directory.glob(f"*{SUFFIX}"), key=lambda p: p.stat().st_mtime)
            for old in reports[:-MAX_REPORTS]:
                old.unlink()
        except OSError as error:
            raise ApplyFailed(f"the report can't be stored at {path}: {error.strerror}") from error
        return path


def _lines() -> list[str]:
    """Commands that only show something and take no arguments; one of several forms of the same."""
    found = [" ".join(c.words) for c in COMMANDS if c.words[0] == "show" and c.more is None]
    return [line for line in found if "<" not in line and not line.endswith(" all") and line not in LEFT_OUT]


def _section(title: str, text: str) -> str:
    cut = f"{text[:MAX_SECTION]}\n(cut off here)\n" if len(text) > MAX_SECTION else text
    return f"\n{'=' * 20} {title} {'=' * 20}\n{cut}"
