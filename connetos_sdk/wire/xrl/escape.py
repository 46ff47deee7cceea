"""Escaping of XRL values (spec/wire/xrl.md, 5.1).

After formatting, the bytes ``[ ] & = + % $ , ; { } #``, control characters, DEL and everything from 0x80 on
become ``%XX`` with upper-case digits, and a space becomes ``+``. Nothing else is escaped.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from connetos_sdk.wire.xrl.errors import Malformed

_ESCAPED = frozenset(b"[]&=+%$,;{}#") | frozenset(range(0x20)) | frozenset(range(0x7F, 0x100))
_TABLE = [f"%{byte:02X}" if byte in _ESCAPED else chr(byte) for byte in range(0x100)]
_TABLE[0x20] = "+"
_PLAIN = re.compile(r"[A-Za-z0-9:/?\"'\\|<>~^`@!*()_.-]*")
_BAD = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def escape(value: bytes) -> str:
    """The value as it stands in the text of an XRL; ASCII only."""
    text = value.decode("latin-1")
    if _PLAIN.fullmatch(text):
        return text
    return "".join([_TABLE[byte] for byte in value])


def unescape(text: str) -> bytes:
    """The value that `escape` wrote; ``+`` is a space, digits of either case are taken.

    Raises:
        Malformed: a ``%`` isn't followed by two hexadecimal digits.
    """
    value = to_bytes(text)
    if b"+" in value:
        value = value.replace(b"+", b" ")
    if b"%" not in value:
        return value
    if _BAD.search(value):
        raise Malformed("a % isn't followed by two hexadecimal digits", hint="write a % itself as %25")
    return unquote_to_bytes(value)


def to_bytes(text: str) -> bytes:
    """The bytes of a `txt`: UTF-8, and what isn't UTF-8 as it came (PEP 383).

    Raises:
        Malformed: the text has a surrogate that stands for no byte.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Malformed("the text has characters that aren't Unicode") from None


def to_text(value: bytes) -> str:
    """The `txt` that these bytes are; the opposite of `to_bytes`, for any bytes."""
    return value.decode("utf-8", "surrogateescape")
