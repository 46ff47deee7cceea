"""The OpenAPI 3.1 document, made from the configuration schema."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from connetos_sdk import __version__
from connetos_sdk.model import schema
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.operations import Operation, operations

_JSON = "application/json"
_COMMIT_PARAMETERS = [
    {"$ref": f"#/components/parameters/{name}"} for name in ("IfMatch", "DryRun", "Comment", "Confirm")
]


@cache
def document() -> dict[str, Any]:
    """The whole document; every configuration path that the schema has is a path of it."""
    paths: dict[str, Any] = {}
    bundle = schema.bundle()
    for path, node, node_schema in _places("/config", schema.root(), bundle):
        paths[path] = _config_path(path, node, node_schema)
    paths.update(_other_paths())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ConnetOS switch",
            "version": __version__,
            "description": "Configuration, state and operations of one switch. One request is one transaction.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"basic": []}],
        "paths": paths,
        "components": _components(),
    }


def _places(
    path: str, node: AnyNode, node_schema: dict[str, Any]
) -> Iterator[tuple[str, AnyNode, dict[str, Any]]]:
    yield path, node, node_schema
    if isinstance(node, KeyedList):
        entry_schema = node_schema["additionalProperties"]
        yield from _places(f"{path}/{{{_parameter(path, node)}}}", node.entry, entry_schema)
    elif isinstance(node, Container):
        for name, child in node.children.items():
            yield from _places(f"{path}/{name}", child, node_schema["properties"][name])


def _parameter(path: str, node: KeyedList) -> str:
    taken = path.count(f"{{{node.key.name}")
    return node.key.name if not taken else f"{node.key.name}-{taken + 1}"


def _plain(node_schema: Any) -> Any:
    """The schema without keywords of our own."""
    if isinstance(node_schema, dict):
        return {k: _plain(v) for k, v in node_schema.items() if not k.startswith("x-")}
    if isinstance(node_schema, list):
        return [_plain(item) for item in node_schema]
    return node_schema


def _config_path(path: str, node: AnyNode, node_schema: dict[str, Any]) -> dict[str, Any]:
    summary = node.help or path.rsplit("/", 1)[-1]
    content = {_JSON: {"schema": _plain(node_schema)}}
    committed = {"description": "Committed and read back", "content": {_JSON: {"schema": _ref("Outcome")}}}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    entry: dict[str, Any] = {
        "get": {
            "summary": summary,
            "parameters": [{"$ref": f"#/components/parameters/{n}"} for n in ("Defaults", "Format")],
            "responses": {"200": {"description": "What is configured", "content": content}, **_problems()},
        },
        "put": _change("Replace", summary, content, committed),
        "patch": _change("Merge", summary, content, committed),
    }
    if path != "/config":
        entry["delete"] = _change("Delete", summary, None, committed)
    if names:
        entry["parameters"] = [
            {"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names
        ]
    if isinstance(node, Leaf | LeafList):
        entry["get"]["description"] = f"Accepts {node.accepts}."
    return entry


def _change(verb: str, summary: str, content: Any, committed: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": f"{verb}: {summary}",
        "parameters": _COMMIT_PARAMETERS,
        "responses": {"200": committed, **_problems()},
    }
    if content is not None:
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _problems() -> dict[str, Any]:
    return {"default": {"$ref": "#/components/responses/Problem"}}


def _simple(
    summary: str, *, body: str = "", status: str = "200", parameters: list[Any] | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {
            status: {"description": summary, "content": {_JSON: {"schema": {"type": "object"}}}},
            **_problems(),
        },
    }
    if body:
        operation["requestBody"] = {"required": False, "content": {_JSON: {"schema": _ref(body)}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _operation(described: Operation) -> dict[str, Any]:
    answer = _simple(described.help)
    answer["requestBody"] = {
        "required": bool(described.arguments.required),
        "content": {_JSON: {"schema": _plain(described.schema)}},
    }
    if described.progress:
        answer["responses"]["200"]["content"]["application/x-ndjson"] = {"schema": {"type": "object"}}
    return answer


def _other_paths() -> dict[str, Any]:
    session = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    revision = {"name": "revision", "in": "path", "required": True, "schema": {"type": "integer"}}
    text = {"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}}
    return {
        "/startup": {"get": _simple("The startup configuration")},
        "/revisions": {"get": _simple("Revisions, newest first")},
        "/revisions/{revision}": {"parameters": [revision], "get": _simple("Who made a revision, and when")},
        "/revisions/{revision}/config": {
            "parameters": [revision],
            "get": _simple("The document of a revision"),
        },
        "/revisions/{revision}/diff": {"parameters": [revision], "get": _simple("What a revision changed")},
        "/revisions/{revision}/rollback": {
            "parameters": [revision],
            "post": _simple("Make an earlier revision the running one", body="Commit"),
        },
        "/sessions": {
            "get": _simple("Open configuration sessions"),
            "post": _simple("Open a session", body="OpenSession", status="201"),
        },
        "/sessions/{id}": {
            "parameters": [session],
            "get": _simple("One session"),
            "delete": {"summary": "Close it", "responses": {"204": {"description": "Closed"}, **_problems()}},
        },
        "/sessions/{id}/config": {"parameters": [session], "get": _simple("The candidate")},
        "/sessions/{id}/lines": {
            "parameters": [session],
            "post": {**_simple("Edit with set and delete lines"), **text},
        },
        "/sessions/{id}/load": {
            "parameters": [session],
            "post": {**_simple("Merge or replace from text"), **text},
        },
        "/sessions/{id}/diff": {"parameters": [session], "get": _simple("What the candidate changes")},
        "/sessions/{id}/check": {
            "parameters": [session],
            "post": _simple("Difference and plan", body="Commit"),
        },
        "/sessions/{id}/commit": {"parameters": [session], "post": _simple("Commit", body="Commit")},
        "/sessions/{id}/schedule": {
            "parameters": [session],
            "post": _simple("Check now, commit later", body="Schedule"),
        },
        "/sessions/{id}/discard": {"parameters": [session], "post": _simple("Begin again from running")},
        "/sessions/{id}/rollback": {
            "parameters": [session],
            "post": _simple("Load an earlier revision into the candidate", body="Revision"),
        },
        "/state": {"get": _simple("All operational state; any path below works too")},
        **{f"/rpc/{name}": {"post": _operation(described)} for name, described in operations().items()},
        "/uploads": {"get": _simple("Files sent to the switch")},
        "/uploads/{name}": {
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            "put": {
                **_simple("Send a package (.deb) or a bundle of packages (.tar)", status="201"),
                "parameters": [
                    {
                        "name": "Content-Digest",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string"},
                        "description": "sha-256=:<base64>: (RFC 9530)",
                    }
                ],
                "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
            },
            "delete": {
                "summary": "Remove it",
                "responses": {"204": {"description": "Removed"}, **_problems()},
            },
        },
        "/events": {"get": _simple("Server-sent events: commit, confirmed, rolled-back, session, saved")},
        "/schema": {"get": _simple("The configuration schema")},
        "/openapi.json": {"get": _simple("This document")},
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _components() -> dict[str, Any]:
    string, boolean, integer = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
    confirm = {"type": "integer", "minimum": 1, "maximum": 30000}
    problem = _object(code=string, path={"type": "array", "items": string}, reason=string, hint=string)

    def query(name: str, node_schema: Any, description: str) -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": node_schema, "description": description}

    return {
        "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        "parameters": {
            "IfMatch": {
                "name": "If-Match", "in": "header", "schema": string,
                "description": "ETag of the revision that the change is made for; 412 if another is running",
            },
            "DryRun": query("dry_run", boolean, "Only say what would change"),
            "Comment": query("comment", {"type": "string", "maxLength": 512}, "Kept with the revision"),
            "Confirm": query("confirm", confirm, "Seconds until the commit rolls back unless it is confirmed"),
            "Defaults": query("defaults", boolean, "Fill in default values"),
            "Format": query("format", {"enum": ["json", "text", "set"]}, "json, curly braces, or set lines"),
        },
        "responses": {
            "Problem": {
                "description": "What is wrong, where, and what would be right (RFC 9457)",
                "content": {"application/problem+json": {"schema": _ref("Problem")}},
            }
        },
        "schemas": {
            "Problem": {
                "type": "object",
                "properties": {
                    "type": string, "title": string, "status": integer, "detail": string, "code": string,
                    "problems": {"type": "array", "items": problem},
                },
            },
            "Outcome": {
                "type": "object",
                "properties": {
                    "revision": integer, "changed": boolean, "diff": string, "set_lines": string,
                    "plan": {}, "confirm_deadline": {"type": ["number", "null"]}, "dry_run": boolean,
                },
            },
            "Commit": _object(comment=string, confirm=confirm, dry_run=boolean),
            "Schedule": _object(at=integer, comment=string),
            "OpenSession": _object(exclusive=boolean),
            "Revision": _object(
                rollback={"type": "integer", "minimum": 0, "maximum": 49}, revision=integer,
                comment=string, confirm=confirm, dry_run=boolean,
            ),
        },
    }  # fmt: skip
