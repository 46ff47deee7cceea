"""The host: its name and its users."""

from __future__ import annotations

from connetos_agent.dataplane.intents.kind import Kind, always
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.host import Account, Hostname
from connetos_sdk.model.tree import Document, effective, get

USERS = ("system", "login", "user")


def _hostname(_key: str, document: Document, _platform: Platform) -> State:
    return Hostname(effective(document, ("system", "hostname")))


def _account(user: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*USERS, user), None)
    if entry is None:
        return None
    password = get(entry, ("authentication", "encrypted-password"), "")
    return Account(user_class=entry.get("class", "super-user"), password_hash=password)


KINDS = (
    Kind("hostname", 0, _hostname, always("system")),
    Kind("account", 0, _account, lambda document, _platform: get(document, USERS, {})),
)
