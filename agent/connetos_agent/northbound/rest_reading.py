"""What a request of REST asks for: its body, options and preconditions, each checked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, TypeVar

from connetos_agent.config.commit import CommitOptions, Edit, Running
from connetos_agent.config.confirmation import CONFIRM_HINT
from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.http import Request
from connetos_agent.northbound.problems import MethodNotAllowed, UnsupportedMediaType
from connetos_sdk.errors import (
    BadRequest,
    InvalidValue,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    UnknownPath,
)
from connetos_sdk.model import schema, setlines, tree
from connetos_sdk.model.nodes import LeafList
from connetos_sdk.model.paths import Path
from connetos_sdk.model.text import is_lines, parse_document, parse_json
from connetos_sdk.model.words import show_value

SMALL_BODY_BYTES = 16 * 1024
"""A larger body is read in a thread, so that others are answered meanwhile."""

T = TypeVar("T")


async def parsed(request: Request, read: Callable[[], T]) -> T:
    """What `read` makes of the request; a large body is read in a thread."""
    return read() if len(request.body) <= SMALL_BODY_BYTES else await asyncio.to_thread(read)


def may_change(caller: Caller) -> None:
    """Raise `PermissionDenied` unless the caller may change the configuration."""
    if not caller.may_configure:
        raise PermissionDenied(
            f"{caller.user} is of class {caller.user_class}",
            hint="changing the configuration needs class super-user",
        )


def allow(request: Request, *methods: str) -> None:
    """Raise `MethodNotAllowed` for another method."""
    if request.method not in methods:
        raise MethodNotAllowed(f"{request.method} isn't possible here", hint=", ".join(methods))


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; false if it is absent."""
    value = request.query.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequest(f"{name}={value[:40]} isn't true or false", hint=f"{name}=true")
    return value == "true"


def number(text: str, what: str, hint: str = "") -> int:
    """The number in `text`, of at most nine digits; `hint` says which are right."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadRequest(f"{what} is a number, not {text[:40]}", hint=hint)
    return int(text)


def options(request: Request) -> CommitOptions:
    """How to commit, from the query."""
    confirm = request.query.get("confirm")
    return CommitOptions(
        comment=comment(request.query.get("comment", "")),
        confirm=None if confirm is None else number(confirm, "confirm", CONFIRM_HINT),
        dry_run=flag(request, "dry_run"),
    )


def comment(text: str) -> str:
    """The comment of a commit, checked."""
    if len(text) > 512 or not text.isprintable():
        raise BadRequest(
            "the comment is too long or has control characters", hint="at most 512 printable characters"
        )
    return text


def json_object(request: Request) -> dict[str, Any]:
    """The body, a JSON object; empty without one."""
    if not request.body:
        return {}
    value = parse_json(request.body)
    if not isinstance(value, dict):
        raise BadRequest("the body isn't a JSON object", hint="an object, such as {}")
    return value


def body(request: Request, fields: dict[str, type]) -> dict[str, Any]:
    """The body, an object with some of these fields and no others."""
    value = json_object(request)
    for name, item in value.items():
        if name not in fields:
            raise BadRequest(f"{show_value(name)} isn't known here", hint="one of " + ", ".join(fields))
        if type(item) is not fields[name]:
            raise BadRequest(f'"{name}" has the wrong type', hint=fields[name].__name__)
    return value


def body_options(request: Request) -> CommitOptions:
    """How to commit, from the body."""
    fields = body(request, {"comment": str, "confirm": int, "dry_run": bool})
    return CommitOptions(
        comment(fields.get("comment", "")), fields.get("confirm"), fields.get("dry_run", False)
    )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


def is_text(request: Request) -> bool:
    """Whether the body is plain text."""
    return _content_type(request) == "text/plain"


def text(request: Request) -> str:
    """The body as text."""
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        raise BadRequest("the body isn't UTF-8 text") from None


def _json_value(request: Request) -> Any:
    if _content_type(request) not in ("application/json", "application/merge-patch+json"):
        raise UnsupportedMediaType(
            f"a body of type {_content_type(request)[:60]} isn't read here", hint="application/json"
        )
    return parse_json(request.body)


def locate(words: Path) -> Any:
    """The node of the schema at a path; `NotFound` if there is none."""
    try:
        return schema.locate(words)
    except UnknownPath as error:
        raise NotFound(problems=error.problems) from None


def edit_of_text(text: str, *, form: str = "load", replace: bool = False) -> Edit:
    """The edit that a text in any form stands for."""
    if form not in ("load", "lines"):
        raise BadRequest(
            f"there is no form {form[:40]}", hint="load (text in any form) or lines (set and delete lines)"
        )
    if replace:
        document = parse_document(text)
        return lambda old: tree.replace(old, document)
    if form == "lines" or is_lines(text):
        edits = setlines.parse_lines(text)
        return lambda old: setlines.apply_edits(old, edits)
    document = parse_document(text)
    return lambda old: tree.merge(old, document)


def edit(request: Request, words: Path) -> Edit:
    """The edit that a PUT, PATCH or DELETE at a path stands for."""
    if request.method == "DELETE":
        if words:
            parent = locate(words[:-1]).node
            if isinstance(parent, LeafList):
                values = _parse_value(parent, words)
                return lambda document: tree.delete(document, words[:-1], values)
        locate(words)
        return lambda document: tree.delete(document, words)
    allow(request, "PUT", "PATCH", "DELETE", "GET")
    locate(words)
    if is_text(request) and request.method == "PUT" and not words:
        return edit_of_text(text(request), replace=True)
    value = tree.check(_json_value(request), words)
    if request.method == "PUT":
        return lambda document: tree.replace(document, value, words)
    return lambda document: tree.merge(document, value, words)


def _parse_value(node: LeafList, words: Path) -> list[Any]:
    try:
        return node.parse(words[-1])
    except ValueError as error:
        raise InvalidValue(str(error), path=words[:-1], hint=node.accepts) from None


def precondition(request: Request) -> Callable[[Running], None] | None:
    """What `If-Match` asks for; None if it asks for nothing."""
    expected = request.headers.get("if-match")
    if expected is None or expected.strip() == "*":
        return None

    def check(running: Running) -> None:
        if etag(running.revision) not in [tag.strip() for tag in expected.split(",")]:
            raise PreconditionFailed(
                f"the configuration is at revision {running.revision}, not {expected[:40]}",
                hint="read it again and make the change on what is there now",
            )

    return check


def etag(revision: int) -> str:
    """The entity tag of a revision."""
    return f'"{revision}"'
