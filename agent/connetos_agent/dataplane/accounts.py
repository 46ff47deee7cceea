"""The accounts that the agent itself authenticates, on every surface."""

from __future__ import annotations

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.states.host import Account


class AccountsDriver(MemoryDriver):
    """The table of users that logins are checked against; a commit changes it, and it is read back from it."""

    name = "accounts"

    def __init__(self) -> None:
        super().__init__({"account"})

    def find(self, user: str) -> Account | None:
        """The account named `user`; safe to call from any thread."""
        state = self._objects.get(ObjectKey("account", user))
        return state if isinstance(state, Account) else None

    def any_accounts(self) -> bool:
        """Whether anybody can log in with a password."""
        return bool(self._objects)
