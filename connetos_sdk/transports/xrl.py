"""XRL: calls to the agent's target, which a finder knows (docs/xrl.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connetos_sdk import errors
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.transports.base import CommitOptions, Operation, Report, check_confirm
from connetos_sdk.transports.xrl_client import Address, XrlClient
from connetos_sdk.wire.xrl import Atom, Malformed, Value, Xrl, boolean, txt, u32

TARGET = "connetos"
"""Class of the agent's target."""
WAIT_MS = 30_000
"""How long the agent waits with the answer when there is no event."""
_CONFIG, _STATE = "connetos_config/0.1", "connetos_state/0.1"
_OPERATIONS, _EVENTS = "connetos_operations/0.1", "connetos_events/0.1"


class XrlTransport:
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        finder: host and port of the finder.
        target: class or instance of the agent's target.
        timeout_s: seconds to wait for an answer.
    """

    def __init__(self, finder: Address, target: str = TARGET, *, timeout_s: float = 60.0) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._client = XrlClient(finder, timeout_s=timeout_s)

    def close(self) -> None:
        """See `Transport.close`."""
        self._client.close()

    # -- one call -------------------------------------------------------------------------------------

    def _call(self, method: str, *args: Atom, timeout_s: float | None = None) -> tuple[Value | None, ...]:
        try:
            results = self._client.call(Xrl(self._target, method, args), timeout_s=timeout_s)
        except Malformed as error:
            raise errors.BadRequest(f"{method} can't be called: {error.reason}", hint=error.hint) from error
        return tuple(atom.value for atom in results)

    def _text(self, method: str, *args: Atom) -> str:
        values = self._call(f"{_CONFIG}/{method}", *args)
        if len(values) != 1 or not isinstance(values[0], str):
            raise _unexpected(method)
        return values[0]

    # -- configuration --------------------------------------------------------------------------------

    def _read(
        self, path: Path, source: str, form: str, *, defaults: bool, secrets: bool = False
    ) -> tuple[str, int]:
        try:
            text, revision = self._call(
                f"{_CONFIG}/read", txt("source", source), txt("path", format_path(path)), txt("form", form),
                boolean("defaults", defaults), boolean("secrets", secrets),
            )  # fmt: skip
        except errors.UnknownPath as error:  # nothing is there, as at any other place where nothing is
            raise errors.NotFound(problems=error.problems) from None
        if not isinstance(text, str) or not isinstance(revision, int):
            raise _unexpected("read")
        return text, revision

    def read_config(
        self, path: Path, *, source: str, defaults: bool, secrets: bool
    ) -> tuple[Any, int | None]:
        """See `Transport.read_config`."""
        text, revision = self._read(path, source, "json", defaults=defaults, secrets=secrets)
        numbered = source == "running" or source.startswith("revision/")
        return _json(text), revision if numbered else None

    def read_text(self, path: Path, *, source: str, form: str, defaults: bool) -> str:
        """See `Transport.read_text`."""
        return self._read(path, source, form, defaults=defaults)[0]

    def change(
        self, operation: Operation, path: Path, value: Any, options: CommitOptions
    ) -> Mapping[str, Any]:
        """See `Transport.change`."""
        check_confirm(options.confirm)
        outcome = self._text(
            "transact", txt("operation", operation), txt("path", format_path(path)),
            txt("value", _value(operation, value)), txt("options", _options(options)),
        )  # fmt: skip
        return _mapping(outcome)

    # -- sessions -------------------------------------------------------------------------------------

    def open_session(self, *, exclusive: bool) -> str:
        """See `Transport.open_session`."""
        return self._text("open", boolean("exclusive", exclusive))

    def close_session(self, session: str) -> None:
        """See `Transport.close_session`."""
        self._call(f"{_CONFIG}/close", txt("session", session))

    def edit(self, session: str, operation: Operation, path: Path, value: Any) -> None:
        """See `Transport.edit`."""
        self._call(
            f"{_CONFIG}/edit", txt("session", session), txt("operation", operation),
            txt("path", format_path(path)), txt("value", _value(operation, value)),
        )  # fmt: skip

    def session_action(self, session: str, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Transport.session_action`."""
        handle = txt("session", session)
        check_confirm(body.get("confirm"))
        if action == "check":
            return _mapping(self._text("check", handle))
        if action == "discard":
            self._call(f"{_CONFIG}/discard", handle)
            return {}
        if action == "schedule":
            at = u32("at", _number(body["at"]))
            comment = txt("comment", body.get("comment", ""))
            return _mapping(self._text("commit_at", handle, at, comment))
        if action == "rollback":
            self._call(f"{_CONFIG}/load_revision", handle, u32("revision", self._revision(body)))
            return {}
        confirm = body.get("confirm")
        _, outcome = self._call(
            f"{_CONFIG}/commit", handle, txt("comment", body.get("comment", "")), u32("confirm", confirm or 0)
        )
        return _mapping(outcome)

    def session_diff(self, session: str, form: str) -> str:
        """See `Transport.session_diff`."""
        return self._text("compare", txt("session", session), txt("form", form))

    # -- the rest -------------------------------------------------------------------------------------

    def call(self, name: str, body: Mapping[str, Any], report: Report | None = None) -> Mapping[str, Any]:
        """See `Transport.call`."""
        if report is not None:
            raise errors.Unsupported(
                "XRL tells no progress of operations", hint="use REST, or leave out report"
            )
        arguments = txt("name", name), txt("arguments", json.dumps(dict(body)))
        return _mapping(self._call(f"{_OPERATIONS}/call", *arguments)[0])

    def _revision(self, body: Mapping[str, Any]) -> int:
        """The revision that `body` names, or that was so many commits back when the switch was asked."""
        if "revision" in body:
            return _number(body["revision"])
        index = body.get("rollback", 1)
        facts = self.revisions()
        found = next((int(entry["id"]) for entry in facts if entry["rollback"] == index), None)
        if found is None:
            raise errors.NotFound(f"there is no rollback {index}", hint=f"0 to {len(facts) - 1} are kept")
        return found

    def read_state(self, path: Path) -> Any:
        """See `Transport.read_state`."""
        (value,) = self._call(f"{_STATE}/get", txt("path", format_path(path)))
        return _json(value)

    def revisions(self) -> list[Mapping[str, Any]]:
        """See `Transport.revisions`."""
        found = _json(self._text("revisions"))
        if not isinstance(found, list):
            raise _unexpected("revisions")
        return found

    def revision_diff(self, revision: int, against: int | None) -> str:
        """See `Transport.revision_diff`."""
        return self._text(
            "revision_diff", u32("revision", _number(revision)), u32("against", _number(against or 0))
        )

    def events(self) -> Iterator[Mapping[str, Any]]:
        """See `Transport.events`."""
        (last,) = self._call(f"{_EVENTS}/get_last")
        while True:
            last, found = self._call(
                f"{_EVENTS}/next", u32("after", _number(last)), u32("wait_ms", WAIT_MS),
                timeout_s=self._timeout_s + WAIT_MS / 1000,
            )  # fmt: skip
            for event in _json(found):
                yield {name: value for name, value in event.items() if name != "number"}


def _value(operation: Operation, value: Any) -> str:
    return value if operation in ("lines", "load") else "" if operation == "delete" else json.dumps(value)


def _options(options: CommitOptions) -> str:
    given = {
        "comment": options.comment or None, "confirm": options.confirm,
        "dry_run": options.dry_run or None, "if_revision": options.if_revision,
    }  # fmt: skip
    return json.dumps({name: value for name, value in given.items() if value is not None})


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise errors.BadRequest(
            f"{str(value)[:40]} isn't a number that XRL can carry", hint="0 to 4294967295"
        )
    return value


def _json(value: Value | None) -> Any:
    try:
        return json.loads(str(value))
    except ValueError:
        raise errors.ProtocolError("the switch answered something that isn't JSON") from None


def _mapping(value: Value | None) -> Mapping[str, Any]:
    found = _json(value)
    if not isinstance(found, dict):
        raise _unexpected("the call")
    return found


def _unexpected(method: str) -> errors.ProtocolError:
    return errors.ProtocolError(f"the switch answered {method} with something unexpected")
