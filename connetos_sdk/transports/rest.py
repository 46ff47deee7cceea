"""REST over HTTPS, or over the agent's unix socket on the switch itself."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from connetos_sdk import errors
from connetos_sdk.model.operations import operations
from connetos_sdk.model.paths import Path
from connetos_sdk.transports.base import CommitOptions, Operation, Report
from connetos_sdk.transports.connections import Connections
from connetos_sdk.transports.http import HTTPS, Endpoint, HttpClient, Reply, tls_context

EVENTS_SECONDS = 60.0
"""Without anything for so long the connection is lost: the agent shows four times as often that it is there."""

_TEXT = {"content-type": "text/plain; charset=utf-8"}
_JSON = {"content-type": "application/json"}
_PIECE_BYTES = 256 * 1024
_METHODS = {"merge": "PATCH", "replace": "PUT", "delete": "DELETE"}


class RestTransport:
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        url: `https://host[:port]`, or `unix:///run/connetos/agent.sock` as root on the switch.
        username: user on the switch.
        password: its password.
        verify: whether to check the switch's certificate.
        ca_file: certificate (PEM) to trust instead of those of the system; that of a switch is
            `<state>/tls/certificate.pem`.
        timeout_s: seconds to wait for an answer.
    """

    _asked = ""
    """As whom the switch is asked, for who is refused."""

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        verify: bool = True,
        ca_file: str | FilePath | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port or HTTPS
        except ValueError as error:
            raise errors.Unsupported(f"{url.rpartition('@')[2]} isn't a URL: {error}") from None
        where = parts.netloc.rpartition("@")[2] or parts.path
        if parts.scheme == "unix":
            endpoint = Endpoint(where, path=parts.path, timeout_s=timeout_s)
        elif parts.scheme == "https" and parts.hostname:
            context = tls_context(verify=verify, ca_file=ca_file)
            endpoint = Endpoint(
                where, parts.hostname, port, context,
                username=username, password=password or "", timeout_s=timeout_s,
            )  # fmt: skip
        else:
            raise errors.Unsupported(f"{url.partition('@')[2] or url} isn't an https:// or unix:// URL")
        self._where = where
        self._asked = f"asked as user {username}" + ("" if password else ", without a password")
        self._connections = Connections(lambda: HttpClient(endpoint))

    def close(self) -> None:
        """See `Transport.close`."""
        self._connections.close()

    # -- one request ----------------------------------------------------------------------------------

    def _request(
        self, method: str, resource: str, *, query: Mapping[str, Any] | None = None,
        value: Any = None, text: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> _Answer:  # fmt: skip
        body, sent = b"", dict(headers or {})
        if text is not None:
            body, sent = text.encode(), {**sent, **_TEXT}
        elif value is not None:
            body, sent = json.dumps(value).encode(), {**sent, **_JSON}
        target = f"{resource}?{urlencode(query, quote_via=quote)}" if query else resource
        with (
            self._connections.one() as client,
            client.open(method, target, headers=sent, body=body) as reply,
        ):
            return self._answer(reply)

    def _answer(self, reply: Reply) -> _Answer:
        """The whole answer.

        Raises:
            ConnetosError: it is an error.
        """
        answer = _Answer(self._where, reply.headers.get("etag", ""), reply.read())
        if reply.status // 100 == 2:
            return answer
        raise self._error(reply, answer.body)

    def _error(self, reply: Reply, body: bytes) -> errors.ConnetosError:
        error = _error_of(reply, body)
        if isinstance(error, errors.AuthenticationFailed) and not error.hint:
            return errors.AuthenticationFailed(error.reason, hint=self._asked)
        return error

    def _json(self, *args: Any, **kwargs: Any) -> Any:
        return self._request(*args, **kwargs).json()

    # -- configuration --------------------------------------------------------------------------------

    @staticmethod
    def _resource(source: str, path: Path) -> str:
        homes = {"running": "config", "startup": "startup"}
        kind, _, name = source.partition("/")
        if kind == "revision":
            home = f"revisions/{name}/config"
        elif kind == "session":
            home = f"sessions/{name}/config"
        elif source in homes:
            home = homes[source]
        else:
            raise errors.BadRequest(
                f"there is no configuration {source[:40]}",
                hint="running, startup, revision/<id>, session/<id>",
            )
        return "/".join([home, *map(_segment, path)])

    def read_config(
        self, path: Path, *, source: str, defaults: bool, secrets: bool
    ) -> tuple[Any, int | None]:
        """See `Transport.read_config`."""
        query = {name: "true" for name, on in (("defaults", defaults), ("secrets", secrets)) if on}
        response = self._request("GET", self._resource(source, path), query=query)
        tag = response.etag.strip('"')
        return response.json(), int(tag) if tag.isdigit() else None

    def read_text(self, path: Path, *, source: str, form: str, defaults: bool) -> str:
        """See `Transport.read_text`."""
        query = {"format": form, **({"defaults": "true"} if defaults else {})}
        return self._request("GET", self._resource(source, path), query=query).text

    def change(
        self, operation: Operation, path: Path, value: Any, options: CommitOptions
    ) -> Mapping[str, Any]:
        """See `Transport.change`."""
        query: dict[str, Any] = {"comment": options.comment} if options.comment else {}
        if options.confirm is not None:
            query["confirm"] = options.confirm
        if options.dry_run:
            query["dry_run"] = "true"
        headers = {} if options.if_revision is None else {"if-match": f'"{options.if_revision}"'}
        resource = self._resource("running", path)
        if operation in ("lines", "load"):
            answer = self._json(
                "PATCH", resource, query={**query, "form": operation}, text=value, headers=headers
            )
        else:
            answer = self._json(_METHODS[operation], resource, query=query, value=value, headers=headers)
        return _mapping(answer)

    # -- sessions -------------------------------------------------------------------------------------

    def open_session(self, *, exclusive: bool) -> str:
        """See `Transport.open_session`."""
        return str(self._json("POST", "sessions", value={"exclusive": exclusive})["id"])

    def close_session(self, session: str) -> None:
        """See `Transport.close_session`."""
        self._request("DELETE", f"sessions/{session}")

    def edit(self, session: str, operation: Operation, path: Path, value: Any) -> None:
        """See `Transport.edit`."""
        if operation in ("lines", "load"):
            self._request("POST", f"sessions/{session}/{operation}", text=value)
        else:
            self._request(_METHODS[operation], self._resource(f"session/{session}", path), value=value)

    def session_action(self, session: str, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Transport.session_action`."""
        return _mapping(self._json("POST", f"sessions/{session}/{action}", value=dict(body)))

    def session_diff(self, session: str, form: str) -> str:
        """See `Transport.session_diff`."""
        return self._request("GET", f"sessions/{session}/diff", query={"format": form}).text

    # -- the rest -------------------------------------------------------------------------------------

    def call(self, name: str, body: Mapping[str, Any], report: Report | None = None) -> Mapping[str, Any]:
        """See `Transport.call`."""
        described = operations().get(name)
        if report is not None or (described and described.progress):  # what takes long shows that it lives
            return self._call_reporting(name, body, report or (lambda _: None))
        return _mapping(self._json("POST", f"rpc/{name}", value=dict(body)))

    def _call_reporting(self, name: str, body: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        headers = {"accept": "application/x-ndjson", **_JSON}
        sent = json.dumps(dict(body)).encode()
        with (
            self._connections.one() as client,
            client.open("POST", f"rpc/{name}", headers=headers, body=sent) as reply,
        ):
            if reply.status // 100 != 2:
                raise self._error(reply, reply.read())
            for line in filter(None, reply.lines()):
                told = self._told(line)
                if "progress" in told:
                    report(told["progress"])
                elif "result" in told:
                    return _mapping(told["result"])
                elif "error" in told:
                    raise errors.from_dict(told["error"])
        raise errors.ProtocolError(f"the switch ended its answer to {name} before the result")

    def _told(self, line: str) -> Mapping[str, Any]:
        try:
            return _mapping(json.loads(line))
        except ValueError:
            raise errors.ProtocolError(f"{self._where} answered something that isn't JSON") from None

    def upload(self, name: str, path: FilePath) -> Mapping[str, Any]:
        """Send a file to the switch; its `name`, `bytes` and `sha256` as the switch has them.

        Raises:
            NotFound: there is no such file here.
        """
        try:
            with path.open("rb") as file:
                digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
                size = file.seek(0, 2)
                file.seek(0)
                headers = {
                    "content-digest": f"sha-256=:{digest}:",
                    "content-length": str(size),
                    "content-type": "application/octet-stream",
                }
                target = f"uploads/{_segment(name)}"
                with (
                    self._connections.one() as client,
                    client.open("PUT", target, headers=headers, body=_pieces(file)) as reply,
                ):
                    return _mapping(self._answer(reply).json())
        except OSError as error:
            raise errors.NotFound(f"{path} can't be read: {error.strerror}") from error

    def remove_upload(self, name: str) -> None:
        """Remove a file that was sent."""
        self._request("DELETE", f"uploads/{_segment(name)}")

    def read_state(self, path: Path) -> Any:
        """See `Transport.read_state`."""
        return self._json("GET", "/".join(["state", *map(_segment, path)]))

    def revisions(self) -> list[Mapping[str, Any]]:
        """See `Transport.revisions`."""
        found: list[Mapping[str, Any]] = self._json("GET", "revisions")["revisions"]
        return found

    def revision_diff(self, revision: int, against: int | None) -> str:
        """See `Transport.revision_diff`."""
        query = {} if against is None else {"against": against}
        return self._request("GET", f"revisions/{revision}/diff", query=query).text

    def events(self) -> Iterator[Mapping[str, Any]]:
        """See `Transport.events`."""
        with (
            self._connections.one() as client,
            client.open("GET", "events", headers={}, timeout_s=EVENTS_SECONDS) as reply,
        ):
            if reply.status // 100 != 2:
                raise self._error(reply, reply.read())
            for line in reply.lines():
                if line.startswith("data: "):
                    yield self._told(line[6:])


@dataclass(frozen=True)
class _Answer:
    where: str
    etag: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise errors.ProtocolError(f"{self.where} answered something that isn't JSON") from None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _segment(word: str) -> str:
    """The word as one segment of a URL, even if it has slashes or is `..`."""
    return word.replace(".", "%2E") if word in (".", "..") else quote(word, safe="")


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise errors.ProtocolError("the switch answered something unexpected")
    return value


def _error_of(reply: Reply, body: bytes) -> errors.ConnetosError:
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if isinstance(data, dict) and "problems" in data:
        return errors.from_dict(data)
    if reply.status == 503:
        return errors.TooMany("the switch has too many connections", hint="try again in a moment")
    return errors.ProtocolError(f"the switch answered {reply.status} {reply.reason}")
