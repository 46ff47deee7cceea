"""REST under /api/v1 (docs/reference/rest.md): translates requests for the configuration manager and state."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from connetos_agent.config.commit import CommitOptions, Outcome
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.operations import wanted_revision
from connetos_agent.config.sessions import Caller, Session
from connetos_agent.events import Event, tell
from connetos_agent.northbound import openapi, rest_operations, rest_uploads
from connetos_agent.northbound import rest_reading as reading
from connetos_agent.northbound.auth import Authenticator
from connetos_agent.northbound.http import Request, Response
from connetos_agent.services.operations import Operations
from connetos_agent.services.packages.uploads import Uploads
from connetos_agent.show.state import StateReader
from connetos_sdk.errors import (
    AuthenticationFailed,
    BadRequest,
    NotFound,
    PermissionDenied,
    TooMany,
)
from connetos_sdk.model import curly, schema, setlines, tree
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document

PREFIX = ("api", "v1")
EVENT_PING_SECONDS = 15.0
CLIENT_GONE = "client-gone"
"""What a stream of events is told when nobody listens to it any more."""
QUERIES = frozenset(
    ("against", "comment", "confirm", "defaults", "dry_run", "form", "format", "replace", "secrets")
)  # fmt: skip

Route = Callable[[Request, Caller, tuple[str, ...]], Awaitable[Response]]


class RestApi:
    """Answers REST requests.

    Args:
        manager: the configuration.
        state: operational state.
        operations: what `rpc/` does.
        authenticator: checks passwords.
        uploads: files sent to the switch; None where it takes none.
    """

    def __init__(
        self,
        manager: ConfigManager,
        state: StateReader,
        operations: Operations,
        authenticator: Authenticator,
        uploads: Uploads | None = None,
    ) -> None:
        self._uploads = uploads
        self._operations = operations
        self._manager = manager
        self._state = state
        self._authenticator = authenticator
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="state")
        """The thread that reads state; its observers belong to it."""
        self._resources: dict[str, Route] = {
            "config": self._config,
            "sessions": self._sessions,
            "revisions": self._revisions,
            "startup": self._startup,
            "state": self._get_state,
            "rpc": self._rpc,
            "uploads": self._upload,
            "events": self._events,
            "schema": self._schema,
            "openapi.json": self._openapi,
        }

    async def open(self) -> None:
        """Make ready to read state."""
        await asyncio.get_running_loop().run_in_executor(self.reader, self._state.open)

    async def close(self) -> None:
        """Give the readers back."""
        await asyncio.get_running_loop().run_in_executor(self.reader, self._state.close)
        self.reader.shutdown()

    async def handle(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            ConnetosError: becomes a problem document (`problems.problem`).
        """
        caller = await self._caller(request)
        if request.words[:2] != PREFIX or len(request.words) < 3 or request.words[2] not in self._resources:
            raise NotFound("there is no such resource", hint="/api/v1/ " + ", ".join(self._resources))
        for name in request.query.keys() - QUERIES:
            raise BadRequest(f"there is no query parameter {name[:40]}", hint=", ".join(sorted(QUERIES)))
        return await self._resources[request.words[2]](request, caller, request.words[3:])

    async def _caller(self, request: Request) -> Caller:
        if request.peer.startswith("uid:"):
            if request.peer == "uid:0":
                return Caller("root", "super-user", "local", request.peer)
            raise PermissionDenied("only root may use the local socket")
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise AuthenticationFailed(
                "a user name and password are needed", hint="HTTP Basic authentication"
            )
        try:
            user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise AuthenticationFailed("the credentials aren't HTTP Basic ones") from None
        if not colon:
            raise AuthenticationFailed("the credentials aren't HTTP Basic ones")
        return await self._authenticator.login(user, password, via="rest", source=request.peer)

    # -- configuration --------------------------------------------------------------------------------

    async def _config(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        if request.method == "GET":
            running = self._manager.running
            return self._document(request, caller, running.document, words, reading.etag(running.revision))
        reading.may_change(caller)
        if request.method == "PATCH" and not words and reading.is_text(request):
            form = request.query.get("form", "load")
            edit = await reading.parsed(
                request, lambda: reading.edit_of_text(reading.text(request), form=form)
            )
        else:
            edit = await reading.parsed(request, lambda: reading.edit(request, words))
        outcome = await self._manager.change(
            caller, edit, reading.options(request), if_match=reading.precondition(request)
        )
        return _outcome(outcome)

    def _document(
        self, request: Request, caller: Caller, document: Document, words: tuple[str, ...], etag: str
    ) -> Response:
        located = reading.locate(words)
        secrets = reading.flag(request, "secrets")
        if secrets and not caller.may_configure:
            raise PermissionDenied("secrets are for class super-user")
        shown: Document = document if secrets else curly.mask_secrets(document)
        defaults = reading.flag(request, "defaults")
        form = request.query.get("format", "json")
        headers = (("etag", etag),)
        if form == "json":
            value = tree.with_defaults(shown, words) if defaults else tree.get(shown, words, tree.MISSING)
            if value is tree.MISSING:
                if words and not (located.entry is False and hasattr(located.node, "children")):
                    raise NotFound("isn't configured", path=words, hint="?defaults=true shows default values")
                value = {}
            return Response(200, orjson.dumps(value), headers=headers)
        if form == "text":
            text = curly.format_curly(shown, words, defaults=defaults)
        elif form == "set":
            text = setlines.format_set(shown, words)
        else:
            raise BadRequest(f"there is no format {form[:40]}", hint="json, text or set")
        return Response(200, text.encode(), "text/plain; charset=utf-8", headers)

    async def _startup(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        reading.allow(request, "GET")
        text = await asyncio.to_thread(self._manager.store.read_startup)
        document = parse_document(text) if text is not None else {}
        return self._document(request, caller, document, words, '"startup"')

    async def _revisions(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        if not words:
            reading.allow(request, "GET")
            return _json({"revisions": self._manager.revisions()})
        revision = reading.number(words[0], "a revision")
        store = self._manager.store
        if words[1:] == ("rollback",):
            reading.allow(request, "POST")
            outcome = await self._manager.rollback(caller, revision, reading.body_options(request))
            return _outcome(outcome)
        reading.allow(request, "GET")
        if words[1:] == ("diff",):
            if "against" not in request.query:
                return Response(200, store.difference(revision).encode(), "text/plain; charset=utf-8")
            other = store.read(reading.number(request.query["against"], "against"))
            return _diff_response(request, other, store.read(revision))
        if words[1:2] == ("config",):
            return self._document(request, caller, store.read(revision), words[2:], reading.etag(revision))
        if words[1:]:
            raise NotFound("there is no such resource", hint="diff, config or rollback")
        facts = next((f for f in self._manager.revisions() if f["id"] == revision), None)
        if facts is None:
            raise NotFound(f"there is no revision {revision}")
        return _json(facts)

    # -- sessions -------------------------------------------------------------------------------------

    async def _sessions(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        if not words:
            if request.method == "GET":
                return _json({"sessions": [s.to_dict() for s in self._manager.sessions.all()]})
            reading.allow(request, "POST", "GET")
            body = reading.body(request, {"exclusive": bool})
            session = self._manager.open_session(caller, exclusive=body.get("exclusive", False))
            return _json(session.to_dict(), 201)
        session = self._manager.sessions.get(words[0], caller)
        if request.method != "GET":
            reading.may_change(caller)
        action = words[1] if len(words) > 1 else ""
        if not action:
            if request.method == "DELETE":
                self._manager.close_session(session)
                return Response(204)
            reading.allow(request, "GET", "DELETE")
            return _json(session.to_dict())
        if action == "config":
            return await self._session_config(request, caller, session, words[2:])
        return await self._session_action(request, session, action)

    async def _session_config(
        self, request: Request, caller: Caller, session: Session, words: tuple[str, ...]
    ) -> Response:
        if request.method == "GET":
            return self._document(request, caller, session.candidate, words, f'"session-{session.id}"')
        edit = await reading.parsed(request, lambda: reading.edit(request, words))
        self._manager.sessions.check_lock(session)
        session.edit(edit)
        return _json({"dirty": session.dirty})

    async def _session_action(self, request: Request, session: Session, action: str) -> Response:
        if action == "diff":
            reading.allow(request, "GET")
            return _diff_response(request, session.base, session.candidate)
        reading.allow(request, "POST")
        if action == "lines":
            edits = await reading.parsed(request, lambda: setlines.parse_lines(reading.text(request)))
            self._manager.sessions.check_lock(session)
            session.edit(lambda document: setlines.apply_edits(document, edits))
        elif action == "load":
            replace = reading.flag(request, "replace")
            edit = await reading.parsed(
                request, lambda: reading.edit_of_text(reading.text(request), replace=replace)
            )
            self._manager.sessions.check_lock(session)
            session.edit(edit)
        elif action == "discard":
            running = self._manager.running
            session.restart(running.document, running.revision)
        elif action == "rollback":
            body = reading.body(request, {"rollback": int, "revision": int})
            revision = wanted_revision(self._manager, body)
            document = self._manager.store.read(revision)
            session.edit(lambda candidate: tree.reuse(candidate, document))
        elif action in ("commit", "check"):
            options = reading.body_options(request)
            if action == "check":
                options = CommitOptions(options.comment, options.confirm, dry_run=True)
            return _outcome(await self._manager.commit(session, options))
        elif action == "schedule":
            body = reading.body(request, {"at": int, "comment": str})
            if "at" not in body:
                raise BadRequest("when isn't said", hint='"at": seconds since 1970')
            scheduled = await self._manager.commit_at(
                session, body["at"], reading.comment(body.get("comment", ""))
            )
            return _json(scheduled.facts())
        else:
            raise NotFound(
                "there is no such action",
                hint="lines, load, diff, check, commit, schedule, discard, rollback",
            )
        return _json({"dirty": session.dirty})

    # -- the rest -------------------------------------------------------------------------------------

    async def _get_state(self, request: Request, _caller: Caller, words: tuple[str, ...]) -> Response:
        reading.allow(request, "GET")
        value = await asyncio.get_running_loop().run_in_executor(self.reader, self._state.at, words)
        return _json(value)

    async def _rpc(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        reading.allow(request, "POST")
        arguments = await reading.parsed(request, lambda: reading.json_object(request))
        return await rest_operations.answer(self._operations, request, caller, "/".join(words), arguments)

    async def _upload(self, request: Request, caller: Caller, words: tuple[str, ...]) -> Response:
        return await rest_uploads.answer(self._uploads, request, caller, words)

    async def _events(self, request: Request, _caller: Caller, _words: tuple[str, ...]) -> Response:
        reading.allow(request, "GET")
        if self._manager.events.full:
            raise TooMany("too many listen to events already")
        return Response(200, content_type="text/event-stream", stream=self._event_stream(request))

    async def _event_stream(self, request: Request) -> AsyncIterator[bytes]:
        gone = asyncio.ensure_future(request.gone())
        try:
            with self._manager.events.listen() as queue:
                gone.add_done_callback(lambda _: tell(queue, Event(CLIENT_GONE, {})))
                yield b": listening\n\n"
                while True:
                    try:
                        async with asyncio.timeout(EVENT_PING_SECONDS):
                            event = (
                                await queue.get()
                            )  # awaited by nothing in between: an event goes out at once
                    except TimeoutError:
                        yield b": still here\n\n"
                        continue
                    if event.kind == CLIENT_GONE:
                        break
                    yield _server_sent(event)
                    if event.kind == "agent-stopping":
                        break
        finally:
            gone.cancel()

    async def _schema(self, request: Request, _caller: Caller, _words: tuple[str, ...]) -> Response:
        reading.allow(request, "GET")
        return Response(200, orjson.dumps(schema.bundle()), "application/schema+json")

    async def _openapi(self, request: Request, _caller: Caller, _words: tuple[str, ...]) -> Response:
        reading.allow(request, "GET")
        return _json(openapi.document())


# -- making answers -----------------------------------------------------------------------------------


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value))


def _outcome(outcome: Outcome) -> Response:
    return Response(200, orjson.dumps(outcome.to_dict()), headers=(("etag", reading.etag(outcome.revision)),))


def _diff_response(request: Request, old: Document, new: Document) -> Response:
    form = request.query.get("format", "text")
    if form == "text":
        text = curly.format_difference(old, new)
    elif form == "set":
        text = setlines.format_difference(old, new)
    else:
        raise BadRequest(f"there is no format {form[:40]}", hint="text or set")
    return Response(200, text.encode(), "text/plain; charset=utf-8")


def _server_sent(event: Event) -> bytes:
    data = orjson.dumps({"kind": event.kind, "time": event.time, **event.data})
    return b"event: " + event.kind.encode() + b"\ndata: " + data + b"\n\n"
