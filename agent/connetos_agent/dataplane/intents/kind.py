"""What an area of the configuration says about one kind of data plane object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_sdk.model.tree import Document

Intent = Callable[[str, Document, Platform], State | None]
"""The state that a document asks for of the object with this key; None: the object shall not be there."""

Keys = Callable[[Document, Platform], Iterable[str]]
"""The keys of all objects that a document asks for."""

Others = Callable[[str, Document, Platform], Iterable[ObjectKey]]
"""Other objects whose wanted state depends on what a document says of the object with this key."""


def _no_others(_key: str, _document: Document, _platform: Platform) -> Iterable[ObjectKey]:
    return ()


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    Attributes:
        name: as in the schema's `x-object` and in `ObjectKey.kind`.
        rank: objects are made in ascending order of rank, and taken away in descending order.
        intent: see `Intent`.
        keys: see `Keys`.
        dependents: kinds whose objects the real thing may take away or change when an object of this kind
            changes; they are read back too.
        others: see `Others`; a change of an object of this kind is a change of those too.
    """

    name: str
    rank: int
    intent: Intent
    keys: Keys
    dependents: tuple[str, ...] = ()
    others: Others = _no_others


def always(key: str) -> Keys:
    """One object that every document asks for."""
    return lambda _document, _platform: (key,)
