"""Who is asking: the same users, classes and brakes for every surface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from connetos_agent.config.secrets import hash_password, is_verified, verify_password
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.access import AccessDriver
from connetos_agent.dataplane.accounts import AccountsDriver
from connetos_sdk.errors import AuthenticationFailed, TooMany

log = logging.getLogger(__name__)

FAILURE_DELAY_SECONDS = 1.0
"""A wrong password is answered after so long, so that guessing is slow."""

MAX_CHECKS_AT_ONCE = 64
"""Further logins of a source that has so many being checked are turned away at once."""
MAX_WRONG_AT_ONCE = 16
"""Logins of a source that has so many wrong ones waiting for their answer are turned away at once, unchecked."""


class Authenticator:
    """Checks user names and passwords against the accounts of the running configuration, and where they come from."""

    def __init__(self, accounts: AccountsDriver, access: AccessDriver) -> None:
        self._accounts = accounts
        self._access = access
        self._checking: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        # Of its own: whoever keeps the others busy must not keep anybody from logging in.
        self._hashing = ThreadPoolExecutor(4, thread_name_prefix="login")
        self._decoy = hash_password("nobody has this password")

    def trusted(self, user: str, *, via: str, source: str) -> Caller:
        """The caller that `user` is, whose identity somebody trusted has checked; root is always there.

        Raises:
            AuthenticationFailed: there is no such user, or nobody may log in from `source`.
        """
        self._check_source(user, via, source)
        account = self._accounts.find(user)
        if account is None and user != "root":
            raise AuthenticationFailed(f"{user} is not a user of this switch")
        return Caller(user, account.user_class if account else "super-user", via, source)

    async def login(self, user: str, password: str, *, via: str, source: str) -> Caller:
        """The caller that `user` with `password` is.

        Raises:
            AuthenticationFailed: after a delay, without saying which of the two is wrong; at once, when nobody may
                log in from `source`.
            TooMany: the source has too many logins under way.
        """
        self._check_source(user, via, source)
        account = self._accounts.find(user)
        hashed = account.password_hash if account and account.password_hash else self._decoy
        if account is not None and is_verified(password, hashed):
            return Caller(user, account.user_class, via, source)
        if self._checking[source] >= MAX_CHECKS_AT_ONCE or self._wrong[source] >= MAX_WRONG_AT_ONCE:
            raise TooMany("too many logins at once", hint="wait a second")
        with _counted(self._checking, source):
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._hashing, verify_password, password, hashed)
        if right and account is not None and account.password_hash:
            return Caller(user, account.user_class, via, source)
        log.warning("login failed", extra={"user": user[:64], "via": via, "source": source})
        with _counted(self._wrong, source):
            await asyncio.sleep(FAILURE_DELAY_SECONDS)
        raise AuthenticationFailed("user name or password is wrong")

    def _check_source(self, user: str, via: str, source: str) -> None:
        if not self._access.may_come(source):
            log.warning(
                "login not permitted from there", extra={"user": user[:64], "via": via, "source": source}
            )
            raise AuthenticationFailed(f"logins from {source} are not permitted (system login-acl)")


@contextlib.contextmanager
def _counted(counter: Counter[str], name: str) -> Iterator[None]:
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
