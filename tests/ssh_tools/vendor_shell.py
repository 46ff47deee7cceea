"""The stand-in for a vendor's switch with terminals: Debian's shell, `cli` in it, prompts and a pager as documented.

Its pager pages by 23 rows, whatever size the terminal says it has: the documents say nothing about that.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import asyncssh

from tests.contract.vendor import VendorSwitch, _Cli

ROWS = 23
MORE = "--More--"


class VendorShell(VendorSwitch):
    """A vendor's switch; as `member` of a stack, if it is one."""

    def __init__(self, directory: Path, member: int | None = None) -> None:
        self.member = member
        self.keys: list[str] = []
        """Keys that its pager was given."""
        super().__init__(directory)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.subsystem is not None or process.get_terminal_type() is None:
            await super()._serve(process)
            return
        with contextlib.suppress(EOFError, asyncssh.Error):  # the user has gone
            await _Terminal(self, process).run()
        process.exit(0)


class _Terminal:
    def __init__(self, switch: VendorShell, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.switch, self.process = switch, process
        self.member = "" if switch.member is None else f" {switch.member}"
        self.cli: _Cli | None = None

    async def run(self) -> None:
        self._show("Linux leaf-17 3.16.0 #1 SMP x86_64\n")
        while True:
            self._show(self._prompt())
            line = await self._line()
            if self.cli is None and line == "exit":
                return
            await self._answer(line)

    def _prompt(self) -> str:
        if self.cli is None:
            return f"admin@leaf-17:~{self.member}$ "
        return f"leaf-17{self.member}{'>' if self.cli.candidate is None else '#'} "

    async def _answer(self, line: str) -> None:
        if not line:
            return
        if self.cli is None:
            if line == "cli":
                self.cli = _Cli(self.switch)
                self._show("Welcome to switch CLI shell.\n")
            else:
                self._show(f"-bash: {line.split(maxsplit=1)[0]}: command not found\n")
        elif line == "exit" and self.cli.candidate is None:
            self.cli = None
        else:
            command = line.removesuffix("| no-more").strip()
            text, _ = self.cli.run("exit" if command == "exit configuration-mode" else command)
            if command == line:
                await self._page(text)
            else:
                self._show(text)

    async def _page(self, text: str) -> None:
        lines = text.splitlines(keepends=True)
        rows = ROWS
        while len(lines) > rows:
            self._show("".join(lines[:rows]) + MORE)
            key = (await self.process.stdin.readexactly(1)).decode()
            self.switch.keys.append(key)
            self._show("\r" + " " * len(MORE) + "\r")
            lines, rows = lines[rows:], {"N": 10**6, " ": ROWS}.get(key, 1)
        self._show("".join(lines))

    async def _line(self) -> str:
        line = b""
        while True:
            key = await self.process.stdin.readexactly(1)
            if key in b"\r\n":
                self._show("\n")
                return line.decode().strip()
            line += key
            self.process.stdout.write(key)

    def _show(self, text: str) -> None:
        self.process.stdout.write(text.replace("\n", "\r\n").encode())
