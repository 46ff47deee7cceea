"""Whether a switch's agent is of the release that the one who speaks with it is of, and what to do if it isn't.

Releases with the same major and minor number know the same.
"""

from __future__ import annotations

from contextlib import suppress

from connetos_sdk.errors import BadRequest, ConnetosError, NotFound, ProtocolError, UnknownPath
from connetos_sdk.switch import Switch

SDK = "the Python package connetos-sdk"
_UNKNOWN = {BadRequest.code, NotFound.code, ProtocolError.code, UnknownPath.code}
"""Codes of errors that one has when the other side doesn't know something."""


def mismatch(agent: str, version: str, who: str = SDK) -> str:
    """What to do about a switch whose agent is of another release; empty if it isn't, or if that can't be told.

    Args:
        agent: version of the agent.
        version: version of who speaks with it.
        who: the name of that.
    """
    ours, theirs = _release(version), _release(agent)
    if ours == theirs or not (ours and theirs):
        return ""
    older = "the switch's agent" if theirs < ours else who
    return (
        f"the switch's agent is of version {agent}, {who} of version {version}: what one of them doesn't know may be why; "
        f"upgrade {older}"
    )


def explained(error: ConnetosError, switch: Switch, version: str = "", who: str = SDK) -> str:
    """An error as a sentence; where something isn't known, and the switch is of another release, it says so.

    Args:
        error: what the switch, or the SDK, has said.
        switch: is asked for its version then.
        version: version of who speaks with it; that of the SDK unless given.
        who: the name of that.
    """
    from connetos_sdk import __version__

    if _UNKNOWN.isdisjoint(problem.code for problem in error.problems):
        return str(error)
    with suppress(ConnetosError):
        system = switch.system()
        # A vendor's switch numbers no revisions, and its own releases otherwise.
        why = "" if system.revision is None else mismatch(system.version, version or __version__, who)
        return f"{error}; {why}" if why else str(error)
    return str(error)


def _release(version: str) -> tuple[int, ...]:
    """Major and minor number; nothing for what isn't a version."""
    numbers = version.split(".")[:2]
    return tuple(int(number) for number in numbers) if all(map(str.isdigit, numbers)) else ()
