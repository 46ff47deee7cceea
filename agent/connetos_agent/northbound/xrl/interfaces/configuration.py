"""connetos_config/0.1: the configuration, through the configuration manager like every other surface."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from connetos_agent.config.commit import CommitOptions, Edit, Outcome, Running
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller, Session
from connetos_agent.northbound.xrl.target import Interface, Results
from connetos_sdk.errors import (
    BadRequest,
    InvalidValue,
    NotFound,
    ParseError,
    PermissionDenied,
    PreconditionFailed,
)
from connetos_sdk.model import curly, schema, setlines, tree
from connetos_sdk.model.nodes import LeafList
from connetos_sdk.model.paths import Path
from connetos_sdk.model.text import is_lines, parse_document, parse_json
from connetos_sdk.model.tree import Document
from connetos_sdk.model.words import split_words

NAME = "connetos_config/0.1"
MAX_KEPT_PATH = 256
SMALL_TEXT = 16 * 1024
"""A longer text is read in a thread, so that others are answered meanwhile."""
FORMS = ("json", "text", "set")
OPERATIONS = ("merge", "replace", "delete", "lines", "load")
_OPTIONS: dict[str, type] = {"comment": str, "confirm": int, "dry_run": bool, "if_revision": int}

T = TypeVar("T")


class Configuration:
    """Answers connetos_config/0.1.

    Changes of one agent run one after the other, in the order in which they came over a connection, so that
    a caller may send `set`, `set`, `commit` without waiting for the answers.

    Args:
        manager: the configuration.
    """

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager
        self._order = asyncio.Lock()
        self._masked: tuple[Document, Document] = ({}, {})

    def interface(self) -> Interface:
        """The methods."""
        return Interface.of(
            NAME,
            {
                "get ? path:txt -> value:txt": self._get,
                "show ? path:txt -> config:txt": self._show,
                "read ? source:txt & path:txt & form:txt & defaults:bool & secrets:bool"
                " -> text:txt & revision:u32": self._read,
                "change ? lines:txt & comment:txt -> revision:u32": self._change,
                "transact ? operation:txt & path:txt & value:txt & options:txt -> outcome:txt": self._transact,
                "open ? exclusive:bool -> session:txt": self._open,
                "close ? session:txt": self._close,
                "set ? session:txt & words:txt": self._set,
                "delete ? session:txt & words:txt": self._delete,
                "edit ? session:txt & operation:txt & path:txt & value:txt": self._edit,
                "compare ? session:txt & form:txt -> diff:txt": self._compare,
                "discard ? session:txt": self._discard,
                "check ? session:txt -> outcome:txt": self._check,
                "commit ? session:txt & comment:txt & confirm:u32 -> revision:u32 & outcome:txt": self._commit,
                "commit_at ? session:txt & at:u32 & comment:txt -> scheduled:txt": self._commit_at,
                "load_revision ? session:txt & revision:u32": self._load_revision,
                "rollback ? rollback:u32 & comment:txt -> revision:u32": self._rollback,
                "rollback_to ? revision:u32 & options:txt -> outcome:txt": self._rollback_to,
                "confirm -> revision:u32": self._confirm,
                "cancel -> outcome:txt": self._cancel,
                "save ? source:txt": self._save,
                "revisions -> revisions:txt": self._revisions,
                "revision_diff ? revision:u32 & against:u32 -> diff:txt": self._revision_diff,
            },
        )

    # -- reading --------------------------------------------------------------------------------------

    def _shown(self, document: Document) -> Document:
        """The document without secrets; the running one is kept, because it is asked for again and again."""
        if self._masked[0] is not document:
            self._masked = (document, curly.mask_secrets(document))
        return self._masked[1]

    def _get(self, _: Caller, path: str) -> Results:
        words = _located(path)
        return (_json(_value(self._shown(self._manager.running.document), words)),)

    def _show(self, _: Caller, path: str) -> Results:
        return (curly.format_curly(self._shown(self._manager.running.document), _located(path)),)

    async def _read(  # noqa: PLR0917 - as many as the method has arguments
        self, caller: Caller, source: str, path: str, form: str, defaults: bool, secrets: bool
    ) -> Results:
        words = _located(path)
        if secrets:
            _may_change(caller)
        if form not in FORMS:
            raise BadRequest(f"there is no form {form[:40]}", hint=", ".join(FORMS))
        document, revision = await self._source(caller, source)
        shown: Document = document if secrets else curly.mask_secrets(document)
        if form == "text":
            return curly.format_curly(shown, words, defaults=defaults), revision
        if form == "set":
            return setlines.format_set(shown, words), revision
        value = tree.with_defaults(shown, words) if defaults else _value(shown, words)
        return _json(value), revision

    async def _source(self, caller: Caller, source: str) -> tuple[Document, int]:
        kind, _, name = source.partition("/")
        if source == "running":
            return self._manager.running.document, self._manager.running.revision
        if source == "startup":
            text = await asyncio.to_thread(self._manager.store.read_startup)
            return parse_document(text) if text is not None else {}, 0
        if kind == "revision" and name.isascii() and name.isdigit() and len(name) < 10:
            return await asyncio.to_thread(self._manager.store.read, int(name)), int(name)
        if kind == "session":
            session = self._manager.sessions.get(name, caller)
            return session.candidate, session.base_revision
        raise BadRequest(
            f"there is no configuration {source[:40]}", hint="running, startup, revision/<id>, session/<id>"
        )

    def _revisions(self, _: Caller) -> Results:
        return (_json(self._manager.revisions()),)

    async def _revision_diff(self, _: Caller, revision: int, against: int) -> Results:
        store = self._manager.store
        if against == 0:
            return (await asyncio.to_thread(store.difference, revision),)
        return (
            await asyncio.to_thread(
                lambda: curly.format_difference(
                    curly.mask_secrets(store.read(against)), curly.mask_secrets(store.read(revision))
                )
            ),
        )

    # -- one call, one transaction --------------------------------------------------------------------

    async def _change(self, caller: Caller, lines: str, comment: str) -> Results:
        options = CommitOptions(_comment(comment))
        outcome = await self._transaction(caller, "lines", (), lines, options=options)
        return (outcome.revision,)

    async def _transact(self, caller: Caller, operation: str, path: str, value: str, options: str) -> Results:
        chosen, if_revision = _options(options)
        outcome = await self._transaction(
            caller, operation, _words(path), value, options=chosen, if_revision=if_revision
        )
        return (_outcome(outcome),)

    async def _transaction(
        self,
        caller: Caller,
        operation: str,
        path: Path,
        value: str,
        *,
        options: CommitOptions,
        if_revision: int | None = None,
    ) -> Outcome:
        _may_change(caller)
        edit = await _reading(value, lambda: _edit(operation, path, value))
        condition = None if if_revision is None else _precondition(if_revision)
        return await self._in_order(lambda: self._manager.change(caller, edit, options, if_match=condition))

    async def _rollback(self, caller: Caller, rollback: int, comment: str) -> Results:
        _may_change(caller)
        options = CommitOptions(_comment(comment))

        async def run() -> Outcome:
            return await self._manager.rollback(caller, self._manager.revision_at(rollback), options)

        outcome = await self._in_order(run)
        return (outcome.revision,)

    async def _rollback_to(self, caller: Caller, revision: int, options: str) -> Results:
        _may_change(caller)
        chosen, _ = _options(options)
        return (_outcome(await self._in_order(lambda: self._manager.rollback(caller, revision, chosen))),)

    async def _confirm(self, caller: Caller) -> Results:
        return (await self._in_order(lambda: self._manager.confirm(caller)),)

    async def _cancel(self, caller: Caller) -> Results:
        return (_outcome(await self._in_order(lambda: self._manager.cancel(caller))),)

    async def _save(self, caller: Caller, source: str) -> Results:
        if source not in ("running", "default"):
            raise InvalidValue(f"source {source[:40]} isn't known", hint="running or default")
        await self._in_order(lambda: self._manager.save_startup(caller, source))
        return ()

    # -- candidates -----------------------------------------------------------------------------------

    async def _open(self, caller: Caller, exclusive: bool) -> Results:
        async with self._order:
            return (self._manager.open_session(caller, exclusive=exclusive).id,)

    async def _close(self, caller: Caller, session: str) -> Results:
        async with self._order:
            self._manager.close_session(self._session(caller, session))
        return ()

    async def _set(self, caller: Caller, session: str, words: str) -> Results:
        return await self._edit(caller, session, "lines", "", f"set {_one_line(words)}")

    async def _delete(self, caller: Caller, session: str, words: str) -> Results:
        return await self._edit(caller, session, "lines", "", f"delete {_one_line(words)}")

    async def _edit(self, caller: Caller, session: str, operation: str, path: str, value: str) -> Results:
        async with self._order:
            found = self._session(caller, session)
            edit = await _reading(value, lambda: _edit(operation, _words(path), value))
            self._manager.sessions.check_lock(found)
            found.edit(edit)
        return ()

    async def _compare(self, caller: Caller, session: str, form: str) -> Results:
        formatter = {"text": curly.format_difference, "set": setlines.format_difference}.get(form)
        if formatter is None:
            raise BadRequest(f"there is no form {form[:40]}", hint="text or set")
        async with self._order:
            found = self._session(caller, session)
            return (formatter(found.base, found.candidate),)

    async def _discard(self, caller: Caller, session: str) -> Results:
        async with self._order:
            running = self._manager.running
            self._session(caller, session).restart(running.document, running.revision)
        return ()

    async def _load_revision(self, caller: Caller, session: str, revision: int) -> Results:
        async with self._order:
            found = self._session(caller, session)
            document = await asyncio.to_thread(self._manager.store.read, revision)
            found.edit(lambda candidate: tree.reuse(candidate, document))
        return ()

    async def _check(self, caller: Caller, session: str) -> Results:
        options = CommitOptions(dry_run=True)
        return (_outcome(await self._commit_session(caller, session, options)),)

    async def _commit(self, caller: Caller, session: str, comment: str, confirm: int) -> Results:
        options = CommitOptions(_comment(comment), confirm or None)
        outcome = await self._commit_session(caller, session, options)
        return outcome.revision, _outcome(outcome)

    async def _commit_at(self, caller: Caller, session: str, at: int, comment: str) -> Results:
        text = _comment(comment)
        found = await self._in_order(
            lambda: self._manager.commit_at(self._session(caller, session), at, text)
        )
        return (_json(found.facts()),)

    async def _commit_session(self, caller: Caller, session: str, options: CommitOptions) -> Outcome:
        return await self._in_order(lambda: self._manager.commit(self._session(caller, session), options))

    def _session(self, caller: Caller, session: str) -> Session:
        _may_change(caller)
        return self._manager.sessions.get(session, caller)

    async def _in_order(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._order:
            return await work()


# -- reading arguments ----------------------------------------------------------------------------------


def _words(path: str) -> Path:
    try:
        return tuple(split_words(path))
    except ValueError as error:
        raise ParseError(str(error)) from None


def _located(path: str) -> Path:
    return _located_before(path) if len(path) <= MAX_KEPT_PATH else _located_now(path)


def _located_now(path: str) -> Path:
    words = _words(path)
    schema.locate(words)
    return words


_located_before = lru_cache(1024)(_located_now)
"""Paths that are asked for again and again are looked up in the schema once."""


def _value(document: Document, words: Path) -> Any:
    value = tree.get(document, words, tree.MISSING)
    if value is not tree.MISSING:
        return value
    located = schema.locate(words)
    if words and not (located.entry is False and hasattr(located.node, "children")):
        raise NotFound("isn't configured", path=words, hint="with defaults, default values are shown")
    return {}


def _one_line(words: str) -> str:
    if "\n" in words:
        raise BadRequest("the words are more than one line", hint="edit with operation lines takes several")
    return words


def _may_change(caller: Caller) -> None:
    if not caller.may_configure:
        raise PermissionDenied(
            "over XRL only processes on the switch itself may do this", hint="connect to its loopback address"
        )


def _comment(text: str) -> str:
    if len(text) > 512 or not text.isprintable():
        raise BadRequest(
            "the comment is too long or has control characters", hint="at most 512 printable characters"
        )
    return text


def _options(text: str) -> tuple[CommitOptions, int | None]:
    given = parse_json(text) if text else {}
    if not isinstance(given, dict):
        raise BadRequest("the options aren't a JSON object", hint="an object with " + ", ".join(_OPTIONS))
    for name, value in given.items():
        if _OPTIONS.get(str(name)) is not type(value):
            raise BadRequest(
                f"the option {str(name)[:40]} isn't known or has the wrong type", hint=", ".join(_OPTIONS)
            )
    options = CommitOptions(
        _comment(given.get("comment", "")), given.get("confirm"), given.get("dry_run", False)
    )
    return options, given.get("if_revision")


def _precondition(expected: int) -> Callable[[Running], None]:
    def check(running: Running) -> None:
        if running.revision != expected:
            raise PreconditionFailed(
                f"the configuration is at revision {running.revision}, not {expected}",
                hint="read it again and make the change on what is there now",
            )

    return check


async def _reading(text: str, read: Callable[[], T]) -> T:
    return read() if len(text) <= SMALL_TEXT else await asyncio.to_thread(read)


def _edit(operation: str, path: Path, value: str) -> Edit:
    if operation == "lines":
        edits = setlines.parse_lines(value)
        return lambda document: setlines.apply_edits(document, edits)
    if operation == "load":
        if is_lines(value):
            return _edit("lines", path, value)
        loaded = parse_document(value)
        return lambda document: tree.merge(document, loaded)
    if operation == "delete":
        return _deletion(path)
    if operation not in OPERATIONS:
        raise BadRequest(f"there is no operation {operation[:40]}", hint=", ".join(OPERATIONS))
    schema.locate(path)
    checked = tree.check(parse_json(value), path)
    if operation == "replace":
        return lambda document: tree.replace(document, checked, path)
    return lambda document: tree.merge(document, checked, path)


def _deletion(path: Path) -> Edit:
    if path:
        parent = schema.locate(path[:-1]).node
        if isinstance(parent, LeafList):
            try:
                values = parent.parse(path[-1])
            except ValueError as error:
                raise InvalidValue(str(error), path=path[:-1], hint=parent.accepts) from None
            return lambda document: tree.delete(document, path[:-1], values)
    schema.locate(path)
    return lambda document: tree.delete(document, path)


# -- making answers -------------------------------------------------------------------------------------


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _outcome(outcome: Outcome) -> str:
    return _json(outcome.to_dict())
