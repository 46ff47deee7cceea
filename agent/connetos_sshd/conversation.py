"""What goes on in one channel: RCC, one-shot commands, or a shell. `server.Session` feeds it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from connetos_sdk.wire.rcc import CommandReader, Message, Mode, clean_command, encode_message
from connetos_sshd.agent_link import AgentLink, AgentLost, Answer, Refused, Welcome

log = logging.getLogger(__name__)

MAX_COMMAND_BYTES = 32 * 1024
"""Longest command line that is taken; the vendor's client sends at most 4096 bytes."""

MAX_ASKED = 64
"""How many commands of one channel the agent has at once."""

MAX_PENDING = 256
"""How many more wait here before the channel isn't read any more."""

LINGER_SECONDS = 0.3
"""How long RCC stays open after the CLI has ended: a client waits 200 ms for further messages of the last answer, and
would take the end of the channel for a broken one."""

TOO_LONG = f"ERROR: the command is too long: at most {MAX_COMMAND_BYTES - 1} bytes.\n"
AGENT_LOST = "ERROR: the switch's agent went away; whether the command was done is unknown.\n"

OpenSession = Callable[[str], Awaitable[tuple[AgentLink, Welcome]]]
"""Begins a session of the agent's CLI for the surface that is named."""


class Channel(Protocol):
    """What a conversation needs of an SSH channel."""

    def write(self, data: bytes) -> None:
        """Send, as one string."""

    def exit(self, status: int) -> None:
        """Send the exit status and close."""

    def pause_reading(self) -> None:
        """Let no more data come."""

    def resume_reading(self) -> None:
        """Let data come again."""


class Conversation(Protocol):
    """Callbacks of a channel."""

    def start(self) -> None:
        """The channel is open."""

    def received(self, data: bytes) -> None:
        """The client sent something."""

    def finished(self) -> None:
        """The client won't send any more."""

    def lost(self) -> None:
        """The channel is gone."""

    def hold(self) -> None:
        """The client doesn't read."""

    def go_on(self) -> None:
        """The client reads again."""

    def resized(self, width: int, height: int) -> None:
        """The client's terminal has another size."""

    def interrupted(self) -> None:
        """The client sent a break or an interrupt."""


class Pipelined:
    """Takes command lines as they come, has them run in order, and tells each answer; the base of what has no terminal."""

    via = "ssh"
    at_once = MAX_ASKED

    def __init__(self, channel: Channel, open_session: OpenSession) -> None:
        self._channel = channel
        self._open_session = open_session
        self._reader = CommandReader(MAX_COMMAND_BYTES)
        self._pending: deque[bytes | None] = deque()
        self._asked = 0
        self._link: AgentLink | None = None
        self._opening: asyncio.Task[None] | None = None
        self._mode: int = Mode.OPERATIONAL
        self._refusal = ""
        self._all_said = False
        self._over = False
        self._paused = False

    # -- what subclasses say ---------------------------------------------------------------------------------

    def command(self, line: bytes) -> str:
        """The command that a line means."""
        return clean_command(line)

    def answered(self, text: str, ok: bool, mode: int) -> None:
        """Tell one answer."""
        raise NotImplementedError

    def end(self) -> None:
        """Nothing more will be answered."""
        raise NotImplementedError

    # -- callbacks of the channel ----------------------------------------------------------------------------

    def start(self) -> None:
        """See `Conversation`."""
        self._opening = asyncio.get_running_loop().create_task(self._open())

    def received(self, data: bytes) -> None:
        """See `Conversation`."""
        if self._over:
            self._after_end()
            return
        self._pending.extend(self._reader.feed(data))
        self._refuse()
        self._pump()

    def finished(self) -> None:
        """See `Conversation`."""
        self._pending.extend(self._reader.finish())
        self._all_said = True
        self._refuse()
        self._pump()

    def lost(self) -> None:
        """See `Conversation`."""
        self._over = True
        self._pending.clear()
        if self._opening is not None:
            self._opening.cancel()
        if self._link is not None:
            self._link.close()

    def hold(self) -> None:
        """See `Conversation`."""
        if self._link is not None:
            self._link.pause()

    def go_on(self) -> None:
        """See `Conversation`."""
        if self._link is not None:
            self._link.resume()

    def resized(self, width: int, height: int) -> None:
        """See `Conversation`; there is no terminal."""

    def interrupted(self) -> None:
        """See `Conversation`; a command that runs is run to its end."""

    # -- the work --------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            self._link, welcome = await self._open_session(self.via)
        except (Refused, AgentLost) as error:
            self._refusal = f"ERROR: {error}.\n"
            self._refuse()
            return
        self._mode = welcome.mode
        self._link.on_lost = self._agent_lost
        self._pump()

    def _refuse(self) -> None:
        """Without a session, the first command is answered with the reason."""
        if self._refusal and (self._pending or self._all_said) and not self._over:
            self._tell(self._refusal, ok=False)
            self._stop()

    def _pump(self) -> None:
        while self._link is not None and self._pending and self._asked < self.at_once and not self._over:
            line = self._pending[0]
            if line is None:
                if self._asked:
                    break
                self._tell(TOO_LONG, ok=False)
            else:
                self._asked += 1
                self._link.request({"line": self.command(line)}, self._take)
            # An answer that came at once may have ended everything.
            if self._pending:
                self._pending.popleft()
        self._throttle()
        if self._all_said and self._link is not None and not self._asked and not self._pending:
            self._stop()

    def _throttle(self) -> None:
        full = len(self._pending) > (MAX_PENDING // 2 if self._paused else MAX_PENDING)
        if full != self._paused:
            self._paused = full
            (self._channel.pause_reading if full else self._channel.resume_reading)()

    def _take(self, answer: Answer | None) -> None:
        self._asked -= 1
        if self._over:
            return
        if answer is None:
            self._tell(AGENT_LOST, ok=False)
            return
        mode = answer.get("mode")
        self._mode = mode if isinstance(mode, int) else self._mode
        self._tell(str(answer.get("text", "")), ok=bool(answer.get("ok")))
        if answer.get("ended"):
            self._stop()
        else:
            self._pump()

    def _tell(self, text: str, *, ok: bool) -> None:
        self.answered(text if not text or text.endswith("\n") else f"{text}\n", ok, self._mode)

    def _agent_lost(self) -> None:
        if not self._over:
            log.warning("the agent went away")
            self._stop()

    def _stop(self) -> None:
        if not self._over:
            self._over = True
            self._pending.clear()
            self.end()

    def _after_end(self) -> None:
        """The client says something after the CLI has ended."""


class Rcc(Pipelined):
    """The subsystem `remote_config` (docs/rcc.md)."""

    via = "rcc"

    def answered(self, text: str, ok: bool, mode: int) -> None:
        """One message, in one write; NUL would cut it off in the vendor's client."""
        data = text.replace("\0", "").encode("utf-8", "replace")
        with contextlib.suppress(OSError):
            self._channel.write(encode_message(Message(data, int(ok), mode)))

    def end(self) -> None:
        """See `LINGER_SECONDS`."""
        if self._all_said:
            self._close()
        else:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._close)

    def _after_end(self) -> None:
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.exit(0)


class Plain(Pipelined):
    """Commands without a terminal: their text to standard output, 1 as exit status after a failure.

    Args:
        channel: where they came from.
        open_session: begins the session.
        commands: one-shot commands, one a line; the first that fails is the last. None takes commands from
            standard input instead, and goes on after one that failed.
    """

    def __init__(self, channel: Channel, open_session: OpenSession, commands: str | None = None) -> None:
        super().__init__(channel, open_session)
        self._one_shot = commands
        if commands is not None:
            self.at_once = 1  # what comes after a failure must not be done
        self._failed = False

    def start(self) -> None:
        """See `Conversation`."""
        super().start()
        if self._one_shot is not None:
            super().received(self._one_shot.encode("utf-8", "replace"))
            super().finished()

    def received(self, data: bytes) -> None:
        """See `Conversation`."""
        if self._one_shot is None:
            super().received(data)

    def finished(self) -> None:
        """See `Conversation`."""
        if self._one_shot is None:
            super().finished()

    def command(self, line: bytes) -> str:
        """See `Pipelined.command`."""
        return line.decode("utf-8", "replace").strip(" \t\r")

    def answered(self, text: str, ok: bool, mode: int) -> None:  # noqa: ARG002 - only a terminal shows the mode
        """See `Pipelined.answered`."""
        self._failed = not ok
        with contextlib.suppress(OSError):
            self._channel.write(text.encode("utf-8", "replace"))
        if self._failed and self._one_shot is not None:
            self._stop()

    def end(self) -> None:
        """See `Pipelined.end`."""
        with contextlib.suppress(OSError):
            self._channel.exit(int(self._failed))
