"""What may come next on a configuration line: from the schema, and names from the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connetos_agent.dataplane.platform import Platform
from connetos_agent.northbound.cli.answers import Completion, keyword
from connetos_sdk.model import tree
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.schema import root
from connetos_sdk.model.tree import Document


def complete_path(
    words: Sequence[str], document: Document, platform: Platform, *, values: bool, existing: bool
) -> list[Completion]:
    """What may follow `words` on a line that names a configuration path.

    Args:
        words: those typed before the one to complete.
        document: names in it are offered.
        platform: its ports are offered.
        values: whether the line goes on to values (`set`), or ends at a path (`edit`, `show`).
        existing: only what is in `document` (`delete`, `show`).
    """
    node: AnyNode = root()
    entry = False
    for position, word in enumerate(words):
        if isinstance(node, Leaf | LeafList):
            return []
        if isinstance(node, KeyedList) and not entry:
            entry = True
            continue
        container = node.entry if isinstance(node, KeyedList) else node
        child = container.children.get(word)
        if child is None:
            return []
        node, entry = child, False
        if isinstance(node, Leaf | LeafList) and (not values or position + 2 < len(words)):
            return (
                [] if len(words) > position + 1 or not isinstance(node, LeafList) else _values(node, document)
            )
    here = tree.get(document, tuple(words), {})
    if isinstance(node, Leaf | LeafList):
        return _values(node, document)
    if isinstance(node, KeyedList) and not entry:
        return list(_keys(node, document, platform, tuple(words), existing=existing))
    container = node.entry if isinstance(node, KeyedList) else node
    return list(_children(container, here if existing and isinstance(here, dict) else None))


def _children(node: Container, present: dict[str, object] | None) -> Iterable[Completion]:
    for name, child in node.children.items():
        if present is None or name in present:
            yield keyword(name, child.help)


def _keys(
    node: KeyedList, document: Document, platform: Platform, path: tuple[str, ...], *, existing: bool
) -> Iterable[Completion]:
    names = tree.get(document, path, {})  # in order: documents keep the keys of lists sorted
    more = set(platform.ports) if node.keys_from == "platform" and not existing else node.always
    if not names.keys() >= more:
        names = sorted(names.keys() | more, key=port_order)
    yield from (Completion(name, node.help) for name in names)
    if not existing:
        yield Completion(f"<{node.key.name}>", node.key.accepts)


def _values(node: Leaf | LeafList, document: Document) -> list[Completion]:
    leaf = node.item if isinstance(node, LeafList) else node
    if leaf.enum:
        return [Completion(str(word)) for word in leaf.enum]
    if leaf.type == "boolean":
        return [Completion("false"), Completion("true")]
    found: list[Completion] = []
    if leaf.reference:
        found = [Completion(name) for name in tree.get(document, leaf.reference, {})]
    return [*found, Completion(f"<{leaf.name}>", node.accepts)]
