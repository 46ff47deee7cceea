"""RCC on standard input and output: what OpenSSH starts for the subsystem `remote_config`.

It is the conversation that the SSH server of this package has in a channel, without loading an SSH library.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from connetos_sshd.agent_link import AgentLink, Login, Welcome
from connetos_sshd.conversation import Conversation, Rcc

READ_BYTES = 64 * 1024
SOCKET = Path("/run/connetos/cli.sock")


class StandardStreams(asyncio.Protocol):
    """A `connetos_sshd.conversation.Channel` made of two pipes or sockets."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.conversation: Conversation | None = None
        self._in: asyncio.ReadTransport | None = None
        self._out: asyncio.WriteTransport | None = None

    async def open(self) -> None:
        """Take over standard input and output."""
        loop = asyncio.get_running_loop()
        out, _ = await loop.connect_write_pipe(lambda: _Output(self), sys.stdout.buffer)
        self._out = out
        self._in, _ = await loop.connect_read_pipe(lambda: self, sys.stdin.buffer)

    # -- Channel -------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        if self._out is not None:
            self._out.write(data)

    def exit(self, status: int) -> None:
        """See `Channel`."""
        if not self.ended.done():
            self.ended.set_result(status)

    def pause_reading(self) -> None:
        """See `Channel`."""
        if self._in is not None and self._in.is_reading():
            self._in.pause_reading()

    def resume_reading(self) -> None:
        """See `Channel`."""
        if self._in is not None and not self._in.is_reading():
            self._in.resume_reading()

    # -- what happens to the streams -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.conversation is not None:
            self.conversation.received(data)

    def eof_received(self) -> bool:
        """What was asked before the end of input is still answered."""
        if self.conversation is not None:
            self.conversation.finished()
        return True

    async def close(self) -> None:
        """Wait until all that was written is out, or nobody is there to read it."""
        if self._out is not None:
            self._out.close()
            await self.closed


class _Output(asyncio.BaseProtocol):
    def __init__(self, streams: StandardStreams) -> None:
        self._streams = streams

    def pause_writing(self) -> None:
        if self._streams.conversation is not None:
            self._streams.conversation.hold()

    def resume_writing(self) -> None:
        if self._streams.conversation is not None:
            self._streams.conversation.go_on()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        if self._streams.conversation is not None:
            self._streams.conversation.lost()
        self._streams.exit(1)
        self._streams.closed.set_result(None)


async def _serve(socket: Path, source: str) -> int:
    async def open_session(via: str) -> tuple[AgentLink, Welcome]:
        # Root is whoever root says; who else connects is known to the agent from the kernel.
        user = "root" if os.geteuid() == 0 else ""
        return await AgentLink.open(socket, Login(user, via, source))

    streams = StandardStreams()
    await streams.open()
    streams.conversation = Rcc(streams, open_session)
    streams.conversation.start()
    status = await streams.ended
    await streams.close()
    return status


def serve(socket: Path = SOCKET) -> int:
    """Speak RCC until the client or the command line ends; the exit status."""
    source = os.environ.get("SSH_CONNECTION", "local").split()[0]
    return asyncio.run(_serve(socket, source))


if __name__ == "__main__":
    sys.exit(serve())
