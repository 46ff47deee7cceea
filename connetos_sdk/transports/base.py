"""What a transport is: how the façade talks to a switch, whatever protocol is underneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from connetos_sdk.errors import InvalidValue
from connetos_sdk.model.paths import Path

CONFIRM_SECONDS = (1, 30000)
"""For how long a commit may wait for confirmation."""

Operation = Literal["merge", "replace", "delete", "lines", "load"]
"""How a change is given: a document laid over or put in place of what is at a path; a path to delete;
`set` and `delete` lines; text in any form."""


Report = Callable[[Mapping[str, Any]], None]
"""Is told how far an operation is."""


@dataclass(frozen=True)
class CommitOptions:
    """How to commit.

    Attributes:
        comment: kept with the revision.
        confirm: seconds until the commit rolls back unless it is confirmed; None commits for good.
        dry_run: only say what would change.
        if_revision: refuse unless this is the running revision.
    """

    comment: str = ""
    confirm: int | None = None
    dry_run: bool = False
    if_revision: int | None = None


def check_confirm(seconds: int | None) -> None:
    """Let pass what `confirm` may be; a protocol that has no number for a wrong one would commit for good.

    Raises:
        InvalidValue: it is out of range.
    """
    low, high = CONFIRM_SECONDS
    if seconds is not None and not low <= seconds <= high:
        raise InvalidValue(f"confirm {seconds} is out of range", hint=f"{low} to {high} seconds")


class Transport(Protocol):
    """Speaks to one switch. Every method raises errors of `connetos_sdk.errors` only.

    What a protocol can't do raises `Unsupported`. Methods may be called from several threads.
    """

    def close(self) -> None:
        """Give back connections."""

    def read_config(
        self, path: Path, *, source: str, defaults: bool, secrets: bool
    ) -> tuple[Any, int | None]:
        """The value at `path` of `running`, `startup`, `revision/<id>` or `session/<id>`, and its revision if it has one."""

    def read_text(self, path: Path, *, source: str, form: str, defaults: bool) -> str:
        """The same as text: `text` (curly braces) or `set` lines."""

    def change(
        self, operation: Operation, path: Path, value: Any, options: CommitOptions
    ) -> Mapping[str, Any]:
        """One change, one transaction."""

    def open_session(self, *, exclusive: bool) -> str:
        """Open a candidate; its id."""

    def close_session(self, session: str) -> None:
        """Forget a candidate."""

    def edit(self, session: str, operation: Operation, path: Path, value: Any) -> None:
        """Change a candidate."""

    def session_action(self, session: str, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """`commit`, `check`, `discard` or `rollback` a candidate."""

    def session_diff(self, session: str, form: str) -> str:
        """What a candidate changes, as `text` or `set` lines."""

    def call(self, name: str, body: Mapping[str, Any], report: Report | None = None) -> Mapping[str, Any]:
        """Run an operation of `connetos_sdk.model.operations`; its result.

        Args:
            name: which, such as `rollback`.
            body: its arguments.
            report: called with each piece of progress that the operation tells.
        """

    def read_state(self, path: Path) -> Any:
        """Operational state at `path`."""

    def revisions(self) -> list[Mapping[str, Any]]:
        """Facts of the kept revisions, newest first."""

    def revision_diff(self, revision: int, against: int | None) -> str:
        """What a revision changed (as lines), or how it differs from `against` (as text)."""

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Events as they happen, until the iterator is closed."""
