"""What is configured for single members of a stack."""

from __future__ import annotations

from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.stack import StackMembers
from connetos_sdk.model.rules import ETH0, LOOPBACKS
from connetos_sdk.model.tree import Document, get


def _members(document: Document) -> set[int]:
    found = {int(member) for member in get(document, (*ETH0, "member"), {})}
    for loopback in get(document, LOOPBACKS, {}).values():
        found |= {entry["member"] for entry in loopback.get("address", {}).values() if "member" in entry}
    return found


def _stack(_key: str, document: Document, _platform: Platform) -> State | None:
    members = _members(document)
    return StackMembers(tuple(sorted(members))) if members else None


KINDS = (
    Kind("stack-member", 0, _stack, lambda document, _platform: ("switch",) if _members(document) else ()),
)
