"""What is raised inside the client when a connection is of no use; callers get replies or errors instead."""

from __future__ import annotations

from connetos_sdk.wire.xrl import Code

CONNECT_SECONDS = 10.0


class Broken(Exception):
    """The connection is of no use any more; `code` is what calls that were under way get."""

    def __init__(self, reason: str, code: Code = Code.SEND_FAILED) -> None:
        super().__init__(reason)
        self.code = code


class NotSent(Broken):
    """As `Broken`, and the target has got nothing."""
