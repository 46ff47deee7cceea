"""Parts of the configuration as resources: lists of entries with plain names, and states to bring them into.

This is the form that playbooks and pillars are written in: `{"vlan_id": "10", "vlan_name": "web"}` instead of
`{"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}`. Which names there are follows from the schema; a resource is
only a place in the tree (`RESOURCES`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from connetos_sdk.errors import InvalidValue, UnknownPath
from connetos_sdk.model import tree
from connetos_sdk.model.curly import mask_secrets
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import compress_numbers, port_order
from connetos_sdk.model.schema import locate
from connetos_sdk.model.setlines import format_set
from connetos_sdk.model.text import parse_document
from connetos_sdk.overlay import rework
from connetos_sdk.results import CommitResult
from connetos_sdk.switch import Switch

State = Literal["merged", "replaced", "overridden", "deleted"]


@dataclass(frozen=True)
class Resource:
    """A place in the tree.

    Attributes:
        name: such as `l2_interfaces`.
        title: what it is, for documentation.
        path: the list that has an entry for each, or a container.
        below: words that lead from an entry to what belongs to the resource.
        only: the words there that belong to it; all if empty.
        without: words there that don't.
    """

    name: str
    title: str
    path: Path
    below: Path = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    # -- what the schema says -------------------------------------------------------------------------

    @cached_property
    def listed(self) -> KeyedList | None:
        """The list, or nothing if the resource is one container."""
        node = locate(self.path).node
        return node if isinstance(node, KeyedList) else None

    @cached_property
    def nodes(self) -> dict[str, AnyNode]:
        """What belongs to one entry, by word."""
        node: AnyNode = self.listed.entry if self.listed else locate(self.path).node
        for word in self.below:
            if not isinstance(node, Container) or word not in node.children:
                return {}
            node = node.children[word]
        if not isinstance(node, Container):
            return {}
        return {word: child for word, child in node.children.items() if self._owns(word)}

    @property
    def key(self) -> str:
        """The option that names an entry; empty if there is only one."""
        return option(self.listed.key.name) if self.listed else ""

    def _owns(self, word: str) -> bool:
        return (not self.only or word in self.only) and word not in self.without

    # -- both forms -----------------------------------------------------------------------------------

    def document(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """What stands at `path` according to `entries`, in normal form.

        Raises:
            ConfigError: with every problem and its path in the tree.
        """
        out: dict[str, Any] = {}
        for entry in entries:
            own = _words(
                self.nodes, {n: v for n, v in entry.items() if n != self.key}, (*self.path, *self.below)
            )
            whole: Any = own
            for word in reversed(self.below):
                whole = {word: whole}
            if not self.listed:
                out = whole
                continue
            if entry.get(self.key) is None:
                raise InvalidValue(f"{self.key} isn't given", path=self.path, hint=self.listed.key.accepts)
            key = str(entry[self.key])
            if key in out:
                raise InvalidValue(f"{key} stands twice", path=self.path)
            out[key] = whole
        checked: dict[str, Any] = tree.check(out, self.path)
        return checked

    def entries(self, value: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The entries that stand at `path` in a configuration; the opposite of `document`."""
        if not self.listed:
            own = self._own(value)
            return [_options(self.nodes, own)] if own else []
        return [
            {self.key: key, **_options(self.nodes, self._own(value[key]))}
            for key in sorted(value, key=port_order)
            if not self._partial or self._own(value[key])
        ]

    @property
    def _partial(self) -> bool:
        """Whether entries have parts that belong to other resources."""
        return bool(self.below or self.only or self.without)

    def _own(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        found: Any = tree.get(entry, self.below, {})
        return {word: value for word, value in found.items() if self._owns(word)}

    def _strip(self, entry: Mapping[str, Any], below: Path | None = None) -> dict[str, Any]:
        """The entry without what belongs to the resource."""
        below = self.below if below is None else below
        if not below:
            return {word: value for word, value in entry.items() if not self._owns(word)}
        inner = self._strip(entry.get(below[0], {}), below[1:])
        rest = {word: value for word, value in entry.items() if word != below[0]}
        return {**rest, below[0]: inner} if inner else rest

    # -- changing -------------------------------------------------------------------------------------

    def wanted(self, present: Mapping[str, Any], state: State, entries: Sequence[Mapping[str, Any]]) -> Any:
        """What should stand at `path` where now `present` does.

        Raises:
            ConfigError: see `document`.
        """
        given = self.document(entries)
        if state == "merged":
            return tree.get(tree.merge(_at(self.path, present), given, self.path), self.path, {})
        if not self.listed:
            return self._strip(present) if state == "deleted" else _laid(self._strip(present), given)
        keys = given if given and state != "overridden" else {**present, **given}
        out = dict(present)
        for key in keys:
            rest = self._strip(present.get(key, {}))
            if state != "deleted" and key in given:
                out[key] = _laid(rest, given[key])
            elif rest:
                out[key] = rest
            else:
                out.pop(key, None)
        return out

    def gather(self, switch: Switch, source: str = "running") -> list[dict[str, Any]]:
        """The entries that are configured; secrets are masked."""
        return self.entries(tree.get(switch.config(source=source), self.path, {}))

    def change(
        self, switch: Switch, state: State, entries: Sequence[Mapping[str, Any]], **options: Any
    ) -> ResourceChange:
        """Bring the resource into `state` with `entries`, in one transaction.

        Args:
            switch: where.
            state: `merged` adds; `replaced` makes the given entries exactly as they are; `overridden` makes the whole
                resource so; `deleted` deletes the given entries, or all if none is given.
            entries: with the names of `nodes`.
            options: `comment`, `confirm`, `dry_run`, see `Switch.merge`.
        """
        done = rework(switch, lambda present: self.wanted(present, state, entries), self.path, **options)
        return ResourceChange(self.entries(done.before), self._shown(done.after), done.commit)

    def _shown(self, wanted: Any) -> list[dict[str, Any]]:
        known = _known(locate(self.path).node, wanted)
        masked = mask_secrets(_at(self.path, tree.check(known, self.path)))
        return self.entries(tree.get(masked, self.path, {}))

    def rendered(self, entries: Sequence[Mapping[str, Any]]) -> list[str]:
        """`entries` as `set` lines, without a switch."""
        return format_set(self.configuration(entries)).splitlines()

    def configuration(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """The configuration that has only `entries`. Raises as `document` does."""
        return _at(self.path, self.document(entries))

    def parsed(self, text: str) -> list[dict[str, Any]]:
        """The entries in configuration text of any form, without a switch."""
        return self.entries(tree.get(parse_document(text), self.path, {}))


@dataclass(frozen=True)
class ResourceChange:
    """Entries before and after a change, and what the commit did. Secrets are masked."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    commit: CommitResult


RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource("vlans", "VLANs", ("vlans", "vlan-id")),
        Resource(
            "interfaces", "ports", ("interface", "gigabit-ethernet"), without=("family", "static-mac-address")
        ),
        Resource(
            "l2_interfaces", "switching of ports",
            ("interface", "gigabit-ethernet"), below=("family", "ethernet-switching"),
        ),
        Resource("l3_interfaces", "VLAN interfaces and their addresses", ("vlan-interface", "interface")),
        Resource("lag_interfaces", "link aggregation groups", ("interface", "aggregate-ethernet")),
        Resource("static_routes", "static routes", ("protocols", "static", "route")),
        Resource("lldp_global", "LLDP", ("protocols", "lldp"), without=("interface",)),
        Resource("lldp_interfaces", "LLDP of ports", ("protocols", "lldp", "interface")),
        Resource("user", "local users", ("system", "login", "user")),
        Resource("banner", "the text shown at log-in", ("system", "login"), only=("announcement",)),
        Resource("ntp_global", "time servers", ("system",), only=("ntp-server-ip",)),
        Resource("logging_global", "logging", ("system", "syslog")),
        Resource(
            "system", "the switch as a whole", ("system",),
            without=("login", "login-acl", "ntp-server-ip", "syslog"),
        ),
    )
}  # fmt: skip
"""By name."""


def option(word: str) -> str:
    """The name of an option for a word of the tree: `vlan-name` is `vlan_name`."""
    name = "".join(c if c.isalnum() else "_" for c in word)
    return f"ieee_{name}" if name[0].isdigit() else name


# -- values ---------------------------------------------------------------------------------------------


def _words(nodes: Mapping[str, AnyNode], given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """`given` under the words of the tree. What is None isn't given: frameworks fill that in."""
    by_option = {option(word): word for word in nodes}
    out: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in by_option:
            raise UnknownPath(f"{name} isn't known here", path=path, hint="one of " + ", ".join(by_option))
        word = by_option[name]
        out[word] = _value(nodes[word], value, (*path, word))
    return out


def _value(node: AnyNode, value: Any, path: Path) -> Any:
    if isinstance(node, Container):
        return _words(node.children, value, path) if isinstance(value, Mapping) else value
    if isinstance(node, KeyedList):
        return _entries(node, value, path)
    if isinstance(node, LeafList):
        items = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        return [node.parse_item(str(item)) if node.ranges else _scalar(node.item, item) for item in items]
    return _scalar(node, value)


def _scalar(leaf: Leaf, value: Any) -> Any:
    """Numbers may come as text and the other way round, as templates make them."""
    if leaf.type == "integer" and isinstance(value, str):
        try:
            return leaf.parse(value)
        except ValueError:
            return value
    return str(value) if leaf.type == "string" and type(value) is int else value


def _entries(node: KeyedList, value: Any, path: Path) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    key, out = option(node.key.name), {}
    for entry in value:
        if not isinstance(entry, Mapping) or entry.get(key) is None:
            raise InvalidValue(f"{key} isn't given", path=path, hint=node.key.accepts)
        rest = {name: item for name, item in entry.items() if name != key}
        out[str(entry[key])] = _words(node.entry.children, rest, path)
    return out


def _options(nodes: Mapping[str, AnyNode], value: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite of `_words`. A vendor's switch may have words that the schema doesn't know; they have no option."""
    return {option(word): _plain(nodes[word], item) for word, item in value.items() if word in nodes}


def _plain(node: AnyNode, value: Any) -> Any:
    if isinstance(node, Container):
        return _options(node.children, value)
    if isinstance(node, KeyedList):
        key = option(node.key.name)
        return [{key: name, **_options(node.entry.children, entry)} for name, entry in value.items()]
    if isinstance(node, LeafList) and node.ranges:
        return compress_numbers(value)
    return list(value) if isinstance(node, LeafList) else value


def _known(node: AnyNode, value: Any) -> Any:
    """`value` without words that the schema doesn't know, as a vendor's switch may have them."""
    if not isinstance(value, Mapping) or not isinstance(node, Container | KeyedList):
        return value
    if isinstance(node, KeyedList):
        return {key: _known(node.entry, entry) for key, entry in value.items()}
    return {word: _known(node.children[word], item) for word, item in value.items() if word in node.children}


def _at(path: Path, value: Any) -> dict[str, Any]:
    """A document with only `value` in it."""
    for word in reversed(path):
        value = {word: value}
    return dict(value)


def _laid(rest: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` beside and below what is in `rest`."""
    out = dict(rest)
    for word, value in own.items():
        both = isinstance(value, Mapping) and isinstance(out.get(word), Mapping)
        out[word] = _laid(out[word], value) if both else value
    return out
