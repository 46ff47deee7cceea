"""RCC, the remote configuration client's protocol, for both ends; bytes in, bytes out (docs/rcc.md).

Over one SSH channel of the subsystem `remote_config` the client sends command lines and the server answers each
with one message: a header of three big-endian 32-bit numbers (length of header and text, success, mode) and the
text. Facts: spec/wire/rcc.md, 1.1 and 1.3; bytes: spec/wire/rcc-vectors.json.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from connetos_sdk.errors import BadRequest, ProtocolError, TooLarge

SUBSYSTEM = "remote_config"
PORT = 22

MAX_COMMAND_BYTES = 4096
"""Longest command with its newline that the vendor's client sends."""

MAX_TEXT_BYTES = 8 * 1024 * 1024
"""Longest text of one message that is sent or taken; the header alone could announce 4 GiB."""

QUIET_SECONDS = 0.2
"""How long the vendor's client waits after a message for another one of the same response."""

HEADER = struct.Struct(">III")
"""Length (the header counts), success, mode."""

_UNSEEN = b" \t\r"


class Mode(IntEnum):
    """Where the CLI is after a command (XORP's CliMode)."""

    NONE = 0
    OPERATIONAL = 1
    CONFIGURE = 2
    TEXT_ENTRY = 3


class Message(NamedTuple):
    """One message of a response. Any `success` but 0 is success; a `mode` of 2 or more is configuration."""

    text: bytes
    success: int = 1
    mode: int = Mode.OPERATIONAL

    @property
    def succeeded(self) -> bool:
        """Whether the command did what it should."""
        return self.success != 0

    @property
    def configuring(self) -> bool:
        """Whether the CLI is in configuration mode now."""
        return self.mode >= Mode.CONFIGURE


def encode_command(command: str) -> bytes:
    """The command as it is sent: its bytes and a newline.

    Raises:
        BadRequest: it has a line break, which would make it two commands, or a NUL.
        TooLarge: it is longer than the vendor's client would send.
    """
    if "\n" in command or "\0" in command:
        raise BadRequest("a command is one line without NUL", hint="send several lines as several commands")
    line = command.encode("utf-8", "surrogateescape") + b"\n"
    if len(line) > MAX_COMMAND_BYTES:
        raise TooLarge("the command is too long", hint=f"at most {MAX_COMMAND_BYTES - 1} bytes")
    return line


def encode_message(message: Message) -> bytes:
    """The message as it is sent. Header and text are one string, to be given to SSH in one write (1.3, trap 1).

    Raises:
        TooLarge: the text is longer than `MAX_TEXT_BYTES`.
    """
    text = message.text
    if len(text) > MAX_TEXT_BYTES:
        raise TooLarge("the text is too long for one message", hint=f"at most {MAX_TEXT_BYTES} bytes")
    return HEADER.pack(HEADER.size + len(text), message.success, message.mode) + text


def clean_command(line: bytes) -> str:
    """The command that a line means: without blanks around it, and without the `;` that clients leave in front.

    The vendor's client splits at `;` without trimming and gives up at an empty piece (1.2).
    """
    return line.rstrip(_UNSEEN).lstrip(_UNSEEN + b";").decode("utf-8", "replace")


class CommandReader:
    """The server's end: makes lines of a stream that arrives in any pieces."""

    def __init__(self, max_bytes: int = MAX_COMMAND_BYTES) -> None:
        self._max = max_bytes
        self._rest = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that `data` completes, without their newlines; None stands for one that is too long."""
        first, *others = data.split(b"\n")
        self._keep(first)
        lines: list[bytes | None] = []
        for piece in others:
            lines.append(self._take())
            self._keep(piece)
        return lines

    def finish(self) -> list[bytes | None]:
        """At the end of the stream: a last line without newline, if there is one."""
        return [self._take()] if self._rest or self._overlong else []

    def _keep(self, piece: bytes) -> None:
        if self._overlong or len(self._rest) + len(piece) >= self._max:
            self._overlong = True
            self._rest.clear()
        else:
            self._rest += piece

    def _take(self) -> bytes | None:
        line = None if self._overlong else bytes(self._rest)
        self._overlong = False
        self._rest.clear()
        return line


class MessageReader:
    """The client's end: makes messages of a stream that arrives in any pieces."""

    def __init__(self, max_text_bytes: int = MAX_TEXT_BYTES) -> None:
        self._max = HEADER.size + max_text_bytes
        self._rest = bytearray()

    @property
    def unfinished(self) -> bool:
        """Whether a part of a message is still missing."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes.

        Raises:
            ProtocolError: a header announces less than itself, or more than is taken. The stream is lost then.
        """
        self._rest += data
        messages: list[Message] = []
        begin = 0
        while len(self._rest) - begin >= HEADER.size:
            length, success, mode = HEADER.unpack_from(self._rest, begin)
            if not HEADER.size <= length <= self._max:
                raise ProtocolError(
                    f"an RCC message of {length} bytes", hint=f"{HEADER.size} to {self._max} are possible"
                )
            if len(self._rest) - begin < length:
                break
            text = bytes(memoryview(self._rest)[begin + HEADER.size : begin + length])
            messages.append(Message(text, success, mode))
            begin += length
        del self._rest[:begin]
        return messages
