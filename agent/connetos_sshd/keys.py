"""The host key, and the public keys with which users log in; both below the state directory."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path

import asyncssh

log = logging.getLogger(__name__)

HOST_KEY_ALGORITHM = "ssh-ed25519"
"""The one algorithm that every build of the vendor's client can check (spec/wire/rcc.md, 1.1)."""

MAX_AUTHORIZED_BYTES = 64 * 1024
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def host_key(state_directory: Path) -> asyncssh.SSHKey:
    """The switch's host key; made at the first start and kept from then on, so that clients know the switch again.

    The public half lies beside it in `host_ed25519_key.pub`, for known_hosts files.
    """
    path = state_directory / "ssh" / "host_ed25519_key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = asyncssh.generate_private_key(HOST_KEY_ALGORITHM)
        _write_private(path, key.export_private_key("openssh"))
        log.info("host key made", extra={"fingerprint": key.get_fingerprint()})
    key = asyncssh.read_private_key(str(path))
    public = path.with_suffix(".pub")
    if not public.exists():
        _write_private(public, key.export_public_key("openssh"))
    return key


def authorized_keys(state_directory: Path, user: str) -> asyncssh.SSHAuthorizedKeys | None:
    """The public keys in `<state>/authorized_keys/<user>`; None without a usable file.

    A file that others than its owner may read or write, or that another user than this process or root owns,
    isn't used.
    """
    if not _USER.fullmatch(user):
        return None
    path = state_directory / "authorized_keys" / user
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("authorized keys not used: %s", error)
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        private = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077
        if not private or status.st_uid not in (0, os.geteuid()):
            log.warning("authorized keys not used: %s must be a file of mode 0600", path)
            return None
        text = file.read(MAX_AUTHORIZED_BYTES + 1)
    try:
        if len(text) > MAX_AUTHORIZED_BYTES:
            raise ValueError("it is too large")  # noqa: TRY301 - told with the others
        return asyncssh.import_authorized_keys(text.decode("utf-8"))
    except ValueError as error:
        log.warning("authorized keys not used: %s: %s", path, error)
        return None


def _write_private(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
