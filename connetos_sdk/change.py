"""A candidate configuration, from its first edit to its commit."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from connetos_sdk.errors import NotFound
from connetos_sdk.model.text import PathLike, as_path
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.what_if import FlowAt, WhatIf
from connetos_sdk.results import CommitResult

if TYPE_CHECKING:
    from connetos_sdk.switch import Switch


class Change:
    """A candidate configuration; made by `Switch.configure`.

    Attributes:
        result: what the commit did; None before.
    """

    def __init__(self, switch: Switch, *, comment: str, confirm: int | None, exclusive: bool) -> None:
        self._switch = switch
        self._transport = switch.transport
        self._options: dict[str, Any] = {"comment": comment} | (
            {} if confirm is None else {"confirm": confirm}
        )
        self._exclusive = exclusive
        self._session = ""
        self._scheduled = False
        self.result: CommitResult | None = None

    def __enter__(self) -> Self:
        self._session = self._transport.open_session(exclusive=self._exclusive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._session and self.result is None and not self._scheduled:
                self.commit()
        finally:
            self.close()

    def close(self) -> None:
        """Forget what isn't committed; the end of the `with` block then commits nothing."""
        session, self._session = self._session, ""
        if session:
            with suppress(NotFound):  # idle for too long: forgotten already
                self._transport.close_session(session)

    def _open(self) -> str:
        if not self._session:
            raise RuntimeError("the change isn't open: use it in a with block")
        return self._session

    def set(self, line: str) -> None:
        """One `set` line without its first word: `change.set("vlans vlan-id 10 vlan-name web")`."""
        self.lines(f"set {line}")

    def delete(self, line: str) -> None:
        """One `delete` line without its first word."""
        self.lines(f"delete {line}")

    def lines(self, lines: str | list[str]) -> None:
        """`set` and `delete` lines."""
        text = lines if isinstance(lines, str) else "\n".join(lines)
        self._transport.edit(self._open(), "lines", (), text)

    def load(self, text: str) -> None:
        """Lay configuration text over the candidate: JSON, curly braces or `set` lines."""
        self._transport.edit(self._open(), "load", (), text)

    def merge(self, document: Any, path: PathLike = ()) -> None:
        """Lay `document` over what the candidate has at `path`."""
        self._transport.edit(self._open(), "merge", as_path(path), document)

    def replace(self, document: Any, path: PathLike = ()) -> None:
        """Put `document` in place of what the candidate has at `path`."""
        self._transport.edit(self._open(), "replace", as_path(path), document)

    def rollback(self, index: int = 1) -> None:
        """Make the candidate what the configuration was `index` commits ago."""
        self._transport.session_action(self._open(), "rollback", {"rollback": index})

    @property
    def source(self) -> str:
        """The candidate as a `source` for `Switch.config` and `Switch.config_text`."""
        return f"session/{self._open()}"

    def config(self, path: PathLike = (), *, defaults: bool = False) -> Any:
        """What the candidate has at `path`."""
        return self._switch.config(path, source=self.source, defaults=defaults)

    def diff(self, form: str = "text") -> str:
        """What the candidate changes, as `text` or `set` lines."""
        return self._transport.session_diff(self._open(), form)

    def check(self) -> CommitResult:
        """Validate and plan without committing."""
        return CommitResult.of(self._transport.session_action(self._open(), "check", self._options))

    def what_if(self, flows: Iterable[FiveTuple | FlowAt] = (), *, recent: bool = True) -> WhatIf:
        """Which flows would go another way, stop, or get there at last, if the candidate were committed.

        Args:
            flows: flows to look at; where one comes in is what the switch's tables say, unless it is a `FlowAt`.
            recent: look at the traffic of the last seconds, too.

        Raises:
            ConnetosError: the candidate can't be committed as things are.
            NotRealisable: the switch forwards nothing.
        """
        asked = {str(number): flow.arguments() for number, flow in enumerate(flows, 1)}
        arguments = {"session": self._open(), "flows": asked, "recent": recent}
        return WhatIf.of(self._transport.call("what-if", arguments))

    def discard(self) -> None:
        """Begin again from the running configuration."""
        self._transport.session_action(self._open(), "discard", {})

    def commit(self, *, comment: str | None = None, confirm: int | None = None) -> CommitResult:
        """Commit now; the candidate stays open for more. At the end of the block nothing more is committed.

        Args:
            comment: instead of the one given to `configure`.
            confirm: likewise.
        """
        given = {
            name: value for name, value in (("comment", comment), ("confirm", confirm)) if value is not None
        }
        options = self._options | given
        self.result = CommitResult.of(self._transport.session_action(self._open(), "commit", options))
        return self.result

    def schedule(self, at: datetime) -> None:
        """Check now and commit at `at`; the candidate begins again. At the end of the block nothing is committed.

        The changes are laid over what is running then; `commit` or `scheduled-commit-failed` is among the events.
        """
        body = {"at": int(at.timestamp()), "comment": self._options["comment"]}
        self._transport.session_action(self._open(), "schedule", body)
        self._scheduled = True

    def confirm(self) -> int:
        """Confirm this commit, made with `confirm=`, so that it stays."""
        return self._switch.confirm()
