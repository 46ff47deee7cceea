"""What differs between our agent's command line and a vendor's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from connetos_sdk.model.paths import Path
from connetos_sdk.transports.base import CommitOptions, Operation
from connetos_sdk.transports.rcc.candidate import Candidate
from connetos_sdk.transports.rcc.shell import Shell


class Dialect(Protocol):
    """A command line. Methods raise errors of `connetos_sdk.errors`, `Unsupported` for what it can't do.

    A `shell` is in operational mode.
    """

    suffix: str
    """What makes errors come with their class, put after commands."""

    def stored(self, shell: Shell, source: str, *, defaults: bool) -> tuple[Any, int | None]:
        """A configuration that the switch keeps, and its revision if it has one."""

    def candidate(self, candidate: Candidate, *, defaults: bool) -> Any:
        """What a candidate is."""

    def revision(self, candidate: Candidate) -> int | None:
        """The running revision, asked in configuration mode; None where revisions have no numbers."""

    def compare(self, candidate: Candidate, form: str) -> str:
        """What a candidate changes."""

    def commit(self, candidate: Candidate, options: CommitOptions) -> Mapping[str, Any]:
        """Commit, or only check; what was done."""

    def nothing(self, candidate: Candidate) -> Mapping[str, Any]:
        """What a commit of a candidate without changes would do, without committing: it would confirm another one."""

    def document(self, operation: Operation, path: Path, value: Any) -> Any:
        """`value` as a document in normal form, as far as that can be known here."""

    def call(self, shell: Shell, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do an operation."""

    def state(self, shell: Shell, path: Path) -> Any:
        """Operational state."""

    def revisions(self, shell: Shell) -> list[Mapping[str, Any]]:
        """Facts of the kept revisions."""

    def revision_diff(self, shell: Shell, revision: int, against: int | None) -> str:
        """What a revision changed, or how it differs from another."""
