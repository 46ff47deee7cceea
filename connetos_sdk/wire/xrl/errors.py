"""What can be wrong with an XRL or its packed form."""

from __future__ import annotations

from connetos_sdk.errors import BadRequest


class Malformed(BadRequest):
    """Text that isn't an XRL, or bytes that aren't a packed one, an STCP frame or a finder message."""

    code = "malformed-xrl"


class BadArguments(BadRequest):
    """Arguments that aren't those of the method: too few, too many, another name or type."""

    code = "bad-xrl-arguments"


class NoSuchMethod(BadRequest):
    """A method that the target doesn't have."""

    code = "no-such-xrl-method"
