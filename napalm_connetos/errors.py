"""Errors of the SDK as those that NAPALM's users catch; what they say stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from napalm.base import exceptions

from connetos_sdk import Switch, errors
from connetos_sdk.release import explained


@contextmanager
def told(
    otherwise: type[exceptions.NapalmException], *, opening: bool = False, switch: Switch | None = None
) -> Iterator[None]:
    """Raise what the SDK raises inside as an exception of NAPALM.

    Args:
        otherwise: its class when the switch has answered and refuses. What can't be asked over this connection is
            NotImplementedError where it is `CommandErrorException`, else this class, too.
        opening: whether this is the first time that the switch is asked.
        switch: may be of another release, which is told where something isn't known.
    """
    try:
        yield
    except errors.Unsupported as error:
        if opening:
            raise exceptions.UnsupportedVersion(str(error)) from error
        if otherwise is not exceptions.CommandErrorException:
            raise otherwise(str(error)) from error
        raise NotImplementedError(str(error)) from error  # as of any driver that can't answer
    except errors.ConnetosError as error:
        text = str(error) if switch is None else explained(error, switch)
        raise _class(error, otherwise, opening)(text) from error


def _class(
    error: errors.ConnetosError, otherwise: type[exceptions.NapalmException], opening: bool
) -> type[exceptions.NapalmException]:
    match error:
        case errors.AuthenticationFailed():
            return exceptions.ConnectAuthError
        case errors.TimedOut():
            return exceptions.ConnectTimeoutError if opening else exceptions.CommandTimeoutException
        case errors.TransportError():
            return exceptions.ConnectionException if opening else exceptions.ConnectionClosedException
        case errors.Locked():
            return exceptions.LockError
    return otherwise
