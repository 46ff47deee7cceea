"""Hypothesis strategies made from the schema: any leaf's values, any document, pairs that share a lot."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from connetos_sdk.model import tree
from connetos_sdk.model.diff import MASK
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.schema import locate, root
from connetos_sdk.model.tree import Document

FEW_KEYS = {
    "user-name": ("admin", "bob", "_x-1"),
    "interface-name": ("te-1/1/1", "te-1/1/2", "te-1/1/10", "qe-1/1/49"),
    "vlan-id": ("1", "2", "10", "100", "4094"),
    "l3-interface-name": ("vlan10", "vlan9", "a.b-c_d"),
    "vif-ip-address": ("198.18.0.1", "198.18.0.10", "10.0.0.1"),
    "route-prefix": ("0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24"),
    "ae-number": ("ae1", "ae7", "ae46"),
    "static-mac-address": ("02:00:5e:10:00:07", "02:00:5e:10:00:08"),
    "instance-name": ("span-a", "span-b"),
    "qualified-next-hop": ("198.18.0.2", "198.18.0.20"),
    "vlan-interface": ("vlan10", "vlan9", "a.b-c_d"),
    "ip-address": ("198.18.0.2", "198.18.0.30", "198.18.7.1/32", "203.0.113.0/24"),
    "lo-interface-name": ("lo0", "lo7"),
    "member-id": ("1", "2"),
    "term-name": ("web", "term-2", "term-10"),
    "filter-name": ("edge", "core"),
    "forwarder-name": ("fwd-a", "fwd-b"),
}
"""A few keys of each list, so that two generated documents have entries in common."""

PRINTABLE = st.characters(
    codec="utf-8", exclude_characters="\x7f\u2028\u2029", exclude_categories=("Cc", "Cs")
)
ADDRESSES = st.tuples(*[st.integers(0, 255)] * 4).map(lambda parts: ".".join(map(str, parts)))


@st.composite
def networks(draw: st.DrawFn) -> str:
    length = draw(st.integers(0, 32))
    number = draw(st.integers(0, 2**32 - 1)) >> (32 - length) << (32 - length)
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"


def texts(leaf: Leaf) -> st.SearchStrategy[str]:
    """Texts that `leaf` accepts."""
    if leaf.enum:
        return st.sampled_from([str(word) for word in leaf.enum])
    if leaf.format == "mac":
        return st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))
    if leaf.format == "ipv4":
        return ADDRESSES
    if leaf.format == "ipv4-prefix":
        return st.builds("{}/{}".format, ADDRESSES, st.integers(0, 32))
    if leaf.format == "ipv4-network":
        return networks()
    if leaf.format == "port-range":
        ports = st.tuples(*[st.integers(0, 65535)] * 2)
        return ports.map(lambda pair: f"{min(pair)}:{max(pair)}")
    if leaf.name == "encrypted-password":
        alphabet = string.ascii_letters + string.digits + "./$="
        return st.text(alphabet, min_size=1, max_size=100).map(lambda text: f"$6$salt${text}")
    free = st.text(PRINTABLE, min_size=leaf.minimum or 1, max_size=min(leaf.maximum or 40, 40))
    if leaf.pattern is None or leaf.pattern.fullmatch("\u00e4 \u00f6"):
        found: st.SearchStrategy[str] = free
    elif leaf.pattern.fullmatch("!~"):
        found = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=40)
    else:
        found = st.from_regex(leaf.pattern, fullmatch=True).map(lambda text: text[: leaf.maximum])
    return found.filter(lambda text: not leaf.problem(text) and text != MASK)


def values(leaf: Leaf) -> st.SearchStrategy[Any]:
    """Values that `leaf` accepts."""
    if leaf.type == "boolean":
        return st.booleans()
    if leaf.type == "integer":
        return st.sampled_from(leaf.enum) if leaf.enum else st.integers(leaf.minimum, leaf.maximum)
    return texts(leaf)


def few_keys(node: KeyedList) -> list[str]:
    """Those of `FEW_KEYS` that this list takes: lists of one name may have keys of different forms."""
    return [key for key in FEW_KEYS[node.key.name] if not node.key.problem(key)]


def keys(node: KeyedList) -> st.SearchStrategy[str]:
    """Keys of a list: mostly of the few, sometimes any."""
    few = st.sampled_from(few_keys(node))
    return st.one_of(few, few, few, texts(node.key))


def pieces(node: AnyNode, *, secrets: bool = True) -> st.SearchStrategy[Any]:
    """What may stand at `node`, not yet in normal form."""
    if isinstance(node, Leaf):
        return values(node)
    if isinstance(node, LeafList):
        return st.lists(values(node.item), max_size=8, unique=True)
    if isinstance(node, KeyedList):
        return st.dictionaries(keys(node), pieces(node.entry, secrets=secrets), max_size=3)
    children = {
        name: pieces(child, secrets=secrets)
        for name, child in node.children.items()
        if secrets or not (isinstance(child, Leaf) and child.secret)
    }
    return st.fixed_dictionaries({}, optional=children)


_ANY = pieces(root())
_OPEN = pieces(root(), secrets=False)


def raw_documents() -> st.SearchStrategy[dict[str, Any]]:
    """Documents as a user may send them."""
    return _ANY


def documents(*, secrets: bool = True) -> st.SearchStrategy[Document]:
    """Documents in normal form."""
    return (_ANY if secrets else _OPEN).map(tree.check)


@st.composite
def pairs(draw: st.DrawFn, *, secrets: bool = False) -> tuple[Document, Document]:
    """Two documents that have much in common."""
    first = draw(documents(secrets=secrets))
    second = draw(documents(secrets=secrets))
    kind = draw(st.sampled_from(("apart", "merged", "pruned")))
    if kind == "merged":
        second = tree.merge(first, second)
    elif kind == "pruned":
        second = first
        for path in draw(st.lists(paths_in(first), max_size=4)):
            if path and tree.get(second, path, None) is not None:
                second = tree.delete(second, path)
    return first, second


def paths_in(document: Document) -> st.SearchStrategy[tuple[str, ...]]:
    """Paths at which `document` has something; the root when it is empty."""
    found = {path[:n] for path, _, _ in tree.walk(document) for n in range(1, len(path) + 1)}
    return st.sampled_from(sorted(found)) if found else st.just(())


def every_leaf() -> list[tuple[tuple[str, ...], Leaf | LeafList]]:
    """Each leaf and leaf-list of the schema with a path that leads there."""

    def search(node: AnyNode, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Leaf | LeafList]]:
        if isinstance(node, Leaf | LeafList):
            return [(path, node)]
        if isinstance(node, KeyedList):
            return search(node.entry, (*path, few_keys(node)[0]))
        return [found for name, child in node.children.items() for found in search(child, (*path, name))]

    return search(root(), ())


def container_at(path: tuple[str, ...]) -> Container:
    """The container at `path`."""
    node = locate(path).node
    if not isinstance(node, Container):
        raise TypeError("no container stands there")
    return node
