"""Programs on a pseudo-terminal, as a person or pexpect has them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from types import TracebackType

SECONDS = 15.0


class Terminal:
    """A program on a terminal: `send` types, `expect` waits for what it shows."""

    def __init__(
        self, argv: list[str], *, rows: int = 24, columns: int = 80, environment: dict[str, str] | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # The program reads passwords from its controlling terminal.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", **(environment or {})},
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, text: str) -> str:
        """Wait until the text is shown; what was shown before it and not yet asked for."""
        return self.match(re.escape(text))

    def match(self, pattern: str) -> str:
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            assert self._read(deadline - time.monotonic()), f"no {pattern!r} in {self.seen!r}"
        before, self.seen = self.seen[: found.start()], self.seen[found.end() :]
        return before

    def nothing_more(self, seconds: float = 0.3) -> str:
        """What is shown in so many seconds, besides what was asked for."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self.seen

    def end(self) -> int:
        """Wait until the program ends; its exit status."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(1, deadline - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += data.decode()
        return bool(data)
