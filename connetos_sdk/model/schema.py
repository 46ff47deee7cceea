"""The configuration model: loads the schema documents and makes the tree of nodes from them.

The documents in `schema/` are JSON Schema (2020-12). Keywords of our own:

| keyword | on | says |
|---|---|---|
| `x-list` | object | a keyed list: `key` (its name), `always` (keys that exist by themselves), `ranges`, `keys-from` |
| `x-ref` | leaf, leaf-list | path of the list that each value must be a key of |
| `x-ranges` | leaf-list | values may be given as ranges such as `20:24,31` |
| `x-object` | any | kind of data plane object that a change below touches: `kind`, `key` (see `ObjectRule`) |
| `x-secret` | leaf | never shown, logged or put into diffs |
| `x-hashed-into` | leaf | the sibling that keeps a salted hash instead of the value |
| `x-accepts` | leaf, type | what would be right, in words |
| `x-unit` | leaf | unit of the number |
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from connetos_sdk.errors import Problem, UnknownPath
from connetos_sdk.model.nodes import (
    AnyNode,
    Container,
    KeyedList,
    Leaf,
    LeafList,
    Located,
    ObjectRule,
    unknown,
)
from connetos_sdk.model.paths import Path
from connetos_sdk.model.words import show_value

ROOT_DOCUMENT = "connetos.json"


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The schema documents by file name."""
    folder = resources.files("connetos_sdk.model") / "schema"
    return {
        entry.name: json.loads(entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".json")
    }


@cache
def root() -> Container:
    """The tree of nodes that the documents describe."""
    documents_by_name = documents()
    node = Compiler(documents_by_name).node("", documents_by_name[ROOT_DOCUMENT])
    if not isinstance(node, Container):
        raise TypeError(f"{ROOT_DOCUMENT} must describe an object")
    return node


def bundle() -> dict[str, Any]:
    """All documents as one JSON Schema without references, for the OpenAPI document and other tools."""
    bundled: dict[str, Any] = Compiler(documents()).inline(documents()[ROOT_DOCUMENT])
    return bundled


class Compiler:
    """Makes nodes of schema documents."""

    def __init__(self, documents_by_name: dict[str, dict[str, Any]]) -> None:
        self.documents = documents_by_name

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema` with what its `$ref` points at put in; keywords beside the `$ref` win."""
        if "$ref" not in schema:
            return schema
        name, _, pointer = schema["$ref"].partition("#")
        target: Any = self.documents[name]
        for part in filter(None, pointer.split("/")):
            target = target[part]
        beside = {k: v for k, v in schema.items() if k != "$ref"}
        return {**self.resolve(target), **beside}

    def inline(self, schema: Any) -> Any:
        """`schema` without references, at any depth."""
        if isinstance(schema, dict):
            resolved = self.resolve(schema)
            return {k: self.inline(v) for k, v in resolved.items() if k not in ("$id", "$schema")}
        if isinstance(schema, list):
            return [self.inline(item) for item in schema]
        return schema

    def node(self, name: str, schema: dict[str, Any]) -> AnyNode:
        """The node that `schema` describes."""
        schema = self.resolve(schema)
        if schema["type"] == "array":
            return self._leaf_list(name, schema)
        if schema["type"] != "object":
            return self._leaf(name, schema)
        if "x-list" in schema:
            return self._list(name, schema)
        return self._container(name, schema)

    def _container(self, name: str, schema: dict[str, Any]) -> Container:
        children = {child: self.node(child, sub) for child, sub in schema.get("properties", {}).items()}
        return Container(
            name=name,
            children=children,
            help=schema.get("description", ""),
            required=tuple(schema.get("required", ())),
            objects=_objects(schema),
        )

    def _list(self, name: str, schema: dict[str, Any]) -> KeyedList:
        spec = schema["x-list"]
        key_schema = self.resolve(schema["propertyNames"])
        entry = self.node(name, schema["additionalProperties"])
        if not isinstance(entry, Container):
            raise TypeError(f"entries of {name} must be objects")
        return KeyedList(
            name=name,
            key=self._leaf(spec["key"], key_schema),
            entry=entry,
            help=schema.get("description", ""),
            always=frozenset(spec.get("always", ())),
            ranges=bool(spec.get("ranges")),
            keys_from=spec.get("keys-from", ""),
            objects=_objects(schema),
        )

    def _leaf_list(self, name: str, schema: dict[str, Any]) -> LeafList:
        item = self._leaf(name, {**self.resolve(schema["items"]), "x-ref": schema.get("x-ref", ())})
        return LeafList(
            name=name,
            item=item,
            help=schema.get("description", ""),
            ranges=bool(schema.get("x-ranges")),
            max_items=schema.get("maxItems", 4096),
            objects=_objects(schema),
        )

    def _leaf(self, name: str, schema: dict[str, Any]) -> Leaf:
        schema = self.resolve(schema)
        numeric = schema["type"] == "integer"
        return Leaf(
            name=name,
            type=schema["type"],
            help=schema.get("description", ""),
            default=schema.get("default"),
            minimum=schema.get("minimum" if numeric else "minLength"),
            maximum=schema.get("maximum" if numeric else "maxLength"),
            enum=tuple(schema.get("enum", ())),
            pattern=re.compile(schema["pattern"]) if "pattern" in schema else None,
            format=schema.get("format", ""),
            unit=schema.get("x-unit", ""),
            secret=bool(schema.get("x-secret")),
            hashed_into=schema.get("x-hashed-into", ""),
            reference=tuple(schema.get("x-ref", ())),
            accepts_text=schema.get("x-accepts", ""),
            objects=_objects(schema),
        )


def _objects(schema: dict[str, Any]) -> ObjectRule | None:
    spec = schema.get("x-object")
    if spec is None:
        return None
    kinds = spec["kind"]
    return ObjectRule((kinds,) if isinstance(kinds, str) else tuple(kinds), spec.get("key", "entry"))


def locate(path: Path, wildcard: str = "") -> Located:
    """The node at `path`, with the list keys on the way; `wildcard` may stand for any key.

    Raises:
        UnknownPath, InvalidValue: a word isn't in the tree or a key isn't of its list's form.
    """
    located = Located(root(), ())
    for position, word in enumerate(path):
        node, before = located.node, path[:position]
        if isinstance(node, KeyedList):
            reason = node.key.problem(word)
            if reason and word != wildcard:
                raise UnknownPath(problems=[Problem(reason, before, node.key.accepts, "invalid-value")])
            located = located.entry_at(word)
        elif not isinstance(node, Container):
            raise UnknownPath(f"nothing stands below {format_last(before)}", path=before)
        elif word not in node.children:
            raise UnknownPath(problems=[unknown(word, node, before)])
        else:
            located = located.child(word)
    return located


def format_last(path: Path) -> str:
    """The last word of a path, for messages."""
    return show_value(path[-1]) if path else "the root"
