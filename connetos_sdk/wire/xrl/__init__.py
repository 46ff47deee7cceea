"""XRL, the protocol between XORP's processes: atoms, text form, packed form, STCP frames, finder messages.

Formats only, for both ends; nothing here opens a connection. The facts are those of spec/wire/xrl.md.
"""

from connetos_sdk.wire.xrl.atoms import Atom, Atoms, AtomType, Value, boolean, items, txt, u32
from connetos_sdk.wire.xrl.codes import Code, CommandFailed, Reply, ResolveFailed, error_of, reply_of
from connetos_sdk.wire.xrl.errors import BadArguments, Malformed, NoSuchMethod
from connetos_sdk.wire.xrl.packed import pack_args, pack_request, unpack_args, unpack_request
from connetos_sdk.wire.xrl.signature import Signature
from connetos_sdk.wire.xrl.text import Xrl, format_args, parse_args

__all__ = [
    "Atom",
    "AtomType",
    "Atoms",
    "BadArguments",
    "Code",
    "CommandFailed",
    "Malformed",
    "NoSuchMethod",
    "Reply",
    "ResolveFailed",
    "Signature",
    "Value",
    "Xrl",
    "boolean",
    "error_of",
    "format_args",
    "items",
    "pack_args",
    "pack_request",
    "parse_args",
    "reply_of",
    "txt",
    "u32",
    "unpack_args",
    "unpack_request",
]
