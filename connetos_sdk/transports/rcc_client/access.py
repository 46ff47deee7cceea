"""How to reach a switch by SSH, and why it can't be reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from connetos_sdk import errors
from connetos_sdk.wire import rcc


@dataclass(frozen=True)
class ShownKey:
    """The key that a switch shows, and the file that should have it."""

    host: str
    port: int
    public_key: str
    fingerprint: str
    known_hosts: Path


class UnknownHostKey(errors.Unreachable):
    """The switch shows a key that nobody has vouched for yet; `trust_host_key` does."""

    code = "unknown-host-key"

    def __init__(
        self,
        reason: str = "",
        *,
        path: tuple[str, ...] = (),
        hint: str = "",
        problems: Iterable[errors.Problem] = (),
        shown: ShownKey | None = None,
    ) -> None:
        super().__init__(reason, path=path, hint=hint, problems=problems)
        self.shown = shown
        """The key; None in an error that came from elsewhere as JSON."""


def trust_host_key(shown: ShownKey) -> None:
    """Add the key to the known hosts, so that the next connection is made."""
    name = shown.host if shown.port == rcc.PORT else f"[{shown.host}]:{shown.port}"
    shown.known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with shown.known_hosts.open("a", encoding="utf-8") as file:
        file.write(f"{name} {shown.public_key}\n")


@dataclass(frozen=True)
class Access:
    """How to reach a switch and who one is.

    Attributes:
        host: name or address.
        username: user on the switch.
        password: its password; None to log in with keys only.
        port: where SSH listens.
        key_files: private keys. Without these and without a password: the user's own keys and SSH agent.
        known_hosts: file with the keys of known switches.
        verify: whether the switch's key is checked at all.
    """

    host: str
    username: str
    password: str | None = field(default=None, repr=False)
    port: int = rcc.PORT
    key_files: tuple[Path, ...] = ()
    known_hosts: Path = Path("~/.ssh/known_hosts")
    verify: bool = True


def options(access: Access) -> dict[str, Any]:
    """What asyncssh is told; it reads no configuration file of SSH."""
    known: Any = str(access.known_hosts) if access.known_hosts.exists() else ([], [], [])
    options: dict[str, Any] = {
        "username": access.username,
        "password": access.password,
        "known_hosts": known if access.verify else None,
        "compression_algs": ["none"],
        "config": None,
    }
    if access.key_files or access.password is not None:
        options["client_keys"] = [str(path) for path in access.key_files] or None
        options["agent_path"] = None
    return options


def explained(error: Exception, access: Access, shown_key: asyncssh.SSHKey | None) -> errors.ConnetosError:
    """The same as an error of ours."""
    where = access.host if access.port == rcc.PORT else f"{access.host} port {access.port}"
    match error:
        case TimeoutError():
            return errors.Unreachable(f"{where} doesn't answer")
        case asyncssh.PermissionDenied():
            return errors.AuthenticationFailed("user name, password or key is wrong")
        case asyncssh.HostKeyNotVerifiable() if shown_key is not None:
            return _unverified(access, shown_key)
        case asyncssh.ChannelOpenError():
            return errors.Unsupported(f"{where} has no RCC: it refuses the subsystem {rcc.SUBSYSTEM}")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return errors.Unreachable(f"no connection to {where}: {reason}")


def _unverified(access: Access, key: asyncssh.SSHKey) -> errors.Unreachable:
    known = access.known_hosts
    if known.exists() and any(asyncssh.match_known_hosts(str(known), access.host, "", access.port)[0]):
        return errors.Unreachable(
            f"the key of {access.host} isn't the known one: somebody else may be answering",
            hint=f"if the switch was installed anew, remove its line from {known}",
        )
    public, fingerprint = key.export_public_key().decode().rstrip(), key.get_fingerprint()
    return UnknownHostKey(
        f"the key of {access.host} isn't known: {fingerprint}",
        hint=f"compare it with the switch's own and add it to {known}",
        shown=ShownKey(access.host, access.port, public, fingerprint, known),
    )
