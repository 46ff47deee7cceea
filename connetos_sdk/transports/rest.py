"""REST over HTTPS, or over the agent's unix socket on the switch itself."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import IO, Any
from urllib.parse import quote, urlsplit

import httpx

from connetos_sdk import errors
from connetos_sdk.model.operations import operations
from connetos_sdk.model.paths import Path
from connetos_sdk.transports.base import CommitOptions, Operation, Report
from connetos_sdk.transports.connections import Connections

_TEXT = {"content-type": "text/plain; charset=utf-8"}
_PIECE_BYTES = 256 * 1024
_METHODS = {"merge": "PATCH", "replace": "PUT", "delete": "DELETE"}


def tls_context(*, verify: bool, ca_file: str | FilePath | None) -> ssl.SSLContext:
    """How the switch's certificate is checked.

    Raises:
        Unreachable: `ca_file` can't be read.
    """
    try:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise errors.Unreachable(f"the certificate file {ca_file} can't be used: {error}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class RestTransport:
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        url: `https://host[:port]`, or `unix:///run/connetos/agent.sock` as root on the switch.
        username: user on the switch.
        password: its password.
        verify: whether to check the switch's certificate.
        ca_file: certificate (PEM) to trust besides; that of a switch is `<state>/tls/certificate.pem`.
        timeout_s: seconds to wait for an answer.
    """

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
        except ValueError as error:
            raise errors.Unsupported(f"{url} isn't a URL: {error}") from None
        self._where = parts.netloc.rpartition("@")[2] or parts.path
        context = None
        if parts.scheme == "unix":
            base = "http://switch/api/v1/"
        elif parts.scheme == "https" and parts.hostname:
            context = tls_context(verify=verify, ca_file=ca_file)
            base = f"https://{self._where}/api/v1/"
        else:
            raise errors.Unsupported(f"{url.partition('@')[2] or url} isn't an https:// or unix:// URL")

        def connect() -> httpx.Client:
            return httpx.Client(
                base_url=base,
                transport=httpx.HTTPTransport(uds=parts.path)
                if context is None
                else httpx.HTTPTransport(verify=context, retries=1),
                auth=httpx.BasicAuth(username, password or "") if username else None,
                timeout=httpx.Timeout(timeout_s, connect=10.0),
            )

        self._connections = Connections(connect)

    def close(self) -> None:
        """See `Transport.close`."""
        self._connections.close()

    # -- one request ----------------------------------------------------------------------------------

    def _request(
        self, method: str, resource: str, *, query: Mapping[str, Any] | None = None,
        value: Any = None, text: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        content, sent = None, dict(headers or {})
        if text is not None:
            content, sent = text.encode(), {**sent, **_TEXT}
        elif value is not None:
            content, sent = json.dumps(value).encode(), {**sent, "content-type": "application/json"}
        try:
            with self._connections.one() as client:
                response = client.request(method, resource, params=query, content=content, headers=sent)
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        if response.is_success:
            return response
        raise _error_of(response)

    def _failure(self, error: httpx.HTTPError) -> errors.TransportError:
        cause = str(error) or type(error).__name__
        if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
            if "certificate verify failed" in cause.lower():
                return errors.Unreachable(
                    f"the certificate of {self._where} isn't trusted: {cause}",
                    hint="give its certificate as ca_file, or verify=False if you must",
                )
            return errors.Unreachable(
                f"{self._where} can't be reached: {cause}",
                hint="is the agent running, and the address right?",
            )
        if isinstance(error, httpx.TimeoutException):
            return errors.TimedOut(
                f"{self._where} didn't answer in time",
                hint="whether a change was made is unknown: look at the revisions",
            )
        return errors.ProtocolError(f"the connection to {self._where} broke: {cause}")

    def _json(self, *args: Any, **kwargs: Any) -> Any:
        response = self._request(*args, **kwargs)
        try:
            return response.json()
        except ValueError:
            raise errors.ProtocolError(f"{self._where} answered something that isn't JSON") from None

    # -- configuration --------------------------------------------------------------------------------

    @staticmethod
    def _resource(source: str, path: Path) -> str:
        homes = {"running": "config", "startup": "startup"}
        kind, _, name = source.partition("/")
        if kind == "revision":
            home = f"revisions/{name}/config"
        elif kind == "session":
            home = f"sessions/{name}/config"
        else:
            home = homes[kind]
        return "/".join([home, *map(_segment, path)])

    def read_config(
        self, path: Path, *, source: str, defaults: bool, secrets: bool
    ) -> tuple[Any, int | None]:
        """See `Transport.read_config`."""
        query = {name: "true" for name, on in (("defaults", defaults), ("secrets", secrets)) if on}
        response = self._request("GET", self._resource(source, path), query=query)
        tag = response.headers.get("etag", "").strip('"')
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
        headers = {"accept": "application/x-ndjson"}
        try:
            with (
                self._connections.one() as client,
                client.stream("POST", f"rpc/{name}", json=dict(body), headers=headers) as response,
            ):
                if not response.is_success:
                    response.read()
                    raise _error_of(response)
                for line in filter(None, response.iter_lines()):
                    told = json.loads(line)
                    if "progress" in told:
                        report(told["progress"])
                    elif "result" in told:
                        return _mapping(told["result"])
                    elif "error" in told:
                        raise errors.from_dict(told["error"])
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        raise errors.ProtocolError(f"the switch ended its answer to {name} before the result")

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
                with self._connections.one() as client:
                    response = client.put(f"uploads/{_segment(name)}", content=_pieces(file), headers=headers)
        except OSError as error:
            raise errors.NotFound(f"{path} can't be read: {error.strerror}") from error
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        if not response.is_success:
            raise _error_of(response)
        return _mapping(response.json())

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
        try:
            with (
                self._connections.one() as client,
                client.stream("GET", "events", timeout=httpx.Timeout(60.0)) as response,
            ):
                if not response.is_success:
                    response.read()
                    raise _error_of(response)
                with self._connections.following(response) as lines:
                    for line in lines:
                        if line.startswith("data: "):
                            yield json.loads(line[6:])
        except httpx.HTTPError as error:
            raise self._failure(error) from error


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


def _error_of(response: httpx.Response) -> errors.ConnetosError:
    try:
        data = response.json()
    except ValueError:
        data = None
    if isinstance(data, dict) and "problems" in data:
        return errors.from_dict(data)
    if response.status_code == 503:
        return errors.TooMany("the switch has too many connections", hint="try again in a moment")
    return errors.ProtocolError(f"the switch answered {response.status_code} {response.reason_phrase}")
