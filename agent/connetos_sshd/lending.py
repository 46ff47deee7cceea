"""`ssh` and `telnet` to another device: the program runs here, at a pseudo-terminal that stands for the client's.

It comes from the switch's address and runs without any right of this process: as `nobody`, with no keys, no agent, no
configuration, no way to a shell (`-e none`; the agent gives telnet `-E`), and with nothing kept: the other device's
key is asked about at every login.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import struct
import termios
from collections.abc import Callable, Sequence

UNPRIVILEGED = "nobody"

OPTIONS = {
    "ssh": (
        "-F", "none", "-e", "none",
        "-o", "IdentitiesOnly=yes", "-o", "IdentityFile=/dev/null", "-o", "IdentityAgent=none",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "ClearAllForwardings=yes", "-o", "LogLevel=ERROR",
        "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
    ),
    "telnet": (),
}  # fmt: skip
"""The programs that are run, with what they are told before what the agent says."""

PACKAGES = {"ssh": "openssh-client", "telnet": "inetutils-telnet"}

MAX_TYPED_BYTES = 64 * 1024
"""So much may wait for a program that doesn't read; then the client isn't read either."""

CHUNK_BYTES = 32 * 1024

_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,39}")


class Lent:
    """A program at a terminal of its own.

    Args:
        write: gets what the program writes.
        throttle: is told whether the client's keys shall wait.
    """

    def __init__(self, write: Callable[[bytes], None], throttle: Callable[[bool], None]) -> None:
        self._write, self._throttle = write, throttle
        self._loop = asyncio.get_running_loop()
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        self._typed = bytearray()
        self._throttled = False
        self._ended = asyncio.Event()

    async def run(self, command: Sequence[str], kind: str, size: tuple[int, int]) -> str:
        """Run the program until it ends, or this is cancelled; why it couldn't be started, or nothing.

        Args:
            command: name of the program and its arguments, as the agent says.
            kind: of the terminal, such as `xterm`.
            size: columns and lines.
        """
        name, *arguments = command
        program, setsid = shutil.which(name), shutil.which("setsid")
        if name not in OPTIONS or program is None or setsid is None:
            self._close()
            return (
                f"ERROR: {name} isn't installed on this switch (apt-get install {PACKAGES.get(name, name)})."
            )
        self.resize(*size)
        rights = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": ()} if os.geteuid() == 0 else {}
        try:
            process = await asyncio.create_subprocess_exec(
                setsid, "--ctty", program, *OPTIONS[name], *arguments,
                stdin=self._slave, stdout=self._slave, stderr=self._slave, cwd="/",
                env={"TERM": kind if _KIND.fullmatch(kind) else "dumb", "PATH": os.defpath, "LANG": "C.UTF-8"},
                **rights,  # type: ignore[arg-type]
            )  # fmt: skip
        except OSError as error:
            self._close()
            return f"ERROR: {name} can't be started: {error.strerror}."
        os.close(self._slave)
        self._slave = -1
        self.go_on()
        try:
            await self._ended.wait()
            await process.wait()
        finally:
            self._close()  # the program gets SIGHUP, as at a terminal that is switched off
        return ""

    def typed(self, data: bytes) -> None:
        """Hand over what the client typed."""
        if self._master < 0 or not data:
            return
        if not self._typed:
            self._loop.add_writer(self._master, self._hand_over)
        self._typed += data
        self._watch_typed()

    def resize(self, width: int, height: int) -> None:
        """Tell the program the size of its terminal."""
        if self._master >= 0:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", height, width, 0, 0))

    def hold(self) -> None:
        """The client doesn't read: let the program wait."""
        if self._master >= 0:
            self._loop.remove_reader(self._master)

    def go_on(self) -> None:
        """The client reads again."""
        if self._master >= 0:
            self._loop.add_reader(self._master, self._take)

    def _take(self) -> None:
        try:
            data = os.read(self._master, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the other side open any more
            data = b""
        if data:
            self._write(data)
        else:
            self._loop.remove_reader(self._master)
            self._ended.set()

    def _hand_over(self) -> None:
        try:
            del self._typed[: os.write(self._master, self._typed)]
        except BlockingIOError:
            return
        except OSError:
            self._typed.clear()
        if not self._typed:
            self._loop.remove_writer(self._master)
        self._watch_typed()

    def _watch_typed(self) -> None:
        full = len(self._typed) > (MAX_TYPED_BYTES // 2 if self._throttled else MAX_TYPED_BYTES)
        if full != self._throttled:
            self._throttled = full
            self._throttle(full)

    def _close(self) -> None:
        if self._master >= 0:
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
            os.close(self._master)
            self._master = -1
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        if self._throttled:
            self._throttled = False
            self._throttle(False)
