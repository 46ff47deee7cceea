"""A vendor's command line, as it is documented; what isn't documented is refused rather than guessed.

Its configurations have no numbers and show defaults; its operational text is parsed with the templates of
`connetos_sdk.textfsm`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from connetos_sdk import errors
from connetos_sdk.model import tree
from connetos_sdk.model.nodes import MASK
from connetos_sdk.model.paths import Path
from connetos_sdk.model.text import parse_document
from connetos_sdk.transports.base import CommitOptions, Operation
from connetos_sdk.transports.rcc import vendor_state
from connetos_sdk.transports.rcc.candidate import Candidate
from connetos_sdk.transports.rcc.failures import error_of
from connetos_sdk.transports.rcc.lines import (
    difference,
    flatten,
    is_secret,
    masked,
    parse_shown,
    without_defaults,
)
from connetos_sdk.transports.rcc.shell import Shell

_RUNNING = "show running-config"
_STATEFUL = ("configure", "exit", "quit")
"""Commands that only mean something to whoever stays."""
_IN_COMMENTS = str.maketrans('"|;', "   ")
"""What would end the word of a comment."""


class VendorDialect:
    """See `Dialect`."""

    suffix = ""

    def stored(self, shell: Shell, source: str, *, defaults: bool) -> tuple[Any, int | None]:
        """See `Dialect.stored`."""
        if source != "running":
            raise errors.Unsupported(f"a vendor's switch doesn't show its configuration {source[:40]}")
        return _chosen(shell.text(_RUNNING), defaults=defaults), None

    def candidate(self, candidate: Candidate, *, defaults: bool) -> Any:
        """See `Dialect.candidate`."""
        return _chosen(candidate.ask("show"), defaults=defaults)

    def revision(self, candidate: Candidate) -> int | None:  # noqa: ARG002
        """See `Dialect.revision`."""
        return None

    def _both(self, candidate: Candidate) -> tuple[Any, Any]:
        return _bare(candidate.ask(f"run {_RUNNING}")), _bare(candidate.ask("show"))

    def compare(self, candidate: Candidate, form: str) -> str:
        """See `Dialect.compare`."""
        if form not in ("text", "set"):
            raise errors.BadRequest(f"there is no format {form[:40]}", hint="text or set")
        text, lines = difference(*self._both(candidate))
        return text if form == "text" else lines

    def commit(self, candidate: Candidate, options: CommitOptions) -> Mapping[str, Any]:
        """See `Dialect.commit`. The outcome has no revision and no plan.

        No documented command only checks: what a dry run tells is the difference that lines make which the switch has
        taken. What a commit checks besides isn't known before.
        """
        command = _commit_command(options)
        running, wanted = self._both(candidate)
        if options.dry_run:
            return {**_outcome(running, wanted), "dry_run": True}
        candidate.ask(command)
        deadline = None if options.confirm is None else time.time() + options.confirm
        return _outcome(running, wanted, deadline)

    def nothing(self, candidate: Candidate) -> Mapping[str, Any]:
        """See `Dialect.nothing`."""
        running = _bare(candidate.ask(f"run {_RUNNING}"))
        return _outcome(running, running)

    def document(self, operation: Operation, path: Path, value: Any) -> Any:
        """See `Dialect.document`. The switch checks it; but it would take a mask for the secret itself."""
        if operation == "load":
            value = parse_document(value) if value.lstrip().startswith("{") else parse_shown(value)
        for place, given in flatten(value, path):
            if given == MASK and is_secret(place):
                raise errors.Unsupported(
                    "a vendor's switch would take the mask for the secret itself",
                    path=place,
                    hint="give the secret, or change only other parts of the configuration",
                )
        return value

    def call(self, shell: Shell, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.call`: `cli`, `rollback` by number and `save`."""
        known: dict[str, Callable[[Shell, Mapping[str, Any]], Mapping[str, Any]]] = {
            "cli": self._cli,
            "rollback": self._rollback,
            "save": self._save,
        }
        if name not in known:
            raise errors.Unsupported(f"a vendor's switch has no documented command for {name[:40]}")
        return known[name](shell, body)

    @staticmethod
    def _cli(shell: Shell, body: Mapping[str, Any]) -> Mapping[str, Any]:
        command = str(body.get("command", "")).strip()
        if not command or command.split()[0] in _STATEFUL:
            raise errors.BadRequest(
                f"{command[:60]!r} isn't an operational command", hint="such as show vlans"
            )
        response = shell.run([command])[0]
        if not response.success:
            raise errors.BadRequest(error_of(response).reason)
        return {"text": response.text}

    def _rollback(self, shell: Shell, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if body.get("dry_run"):
            raise errors.Unsupported(
                "a vendor's switch doesn't tell what a rollback would change, so rollback has no dry_run there",
                hint="roll back without dry run, check mode or test mode",
            )
        for option in ("revision", "comment", "confirm"):
            if body.get(option):
                raise errors.Unsupported(
                    f"rollback at a vendor's switch has no {option}", hint="give how many commits back"
                )
        index = body.get("rollback", 1)
        if not isinstance(index, int) or not 1 <= index <= 49:
            raise errors.NotFound(f"there is no rollback {index}", hint="1 to 49 are kept")
        before = _bare(shell.text(_RUNNING))
        self._configuring(shell, f"rollback {index}")
        return _outcome(before, _bare(shell.text(_RUNNING)))

    def _save(self, shell: Shell, body: Mapping[str, Any]) -> Mapping[str, Any]:
        source = body.get("source", "running")
        if source not in ("running", "default"):
            raise errors.InvalidValue(f"source {str(source)[:40]} isn't known", hint="running or default")
        self._configuring(shell, f"save {source}-to-startup")
        return {"saved": source}

    @staticmethod
    def _configuring(shell: Shell, command: str) -> None:
        """Run one command in configuration mode."""
        candidate = Candidate(shell, "", exclusive=False)
        try:
            candidate.ask(command)
        finally:
            candidate.leave()

    def state(self, shell: Shell, path: Path) -> Any:
        """See `Dialect.state`."""
        return vendor_state.read(shell, path)

    def revisions(self, shell: Shell) -> list[Mapping[str, Any]]:  # noqa: ARG002
        """See `Dialect.revisions`: it lists none."""
        raise errors.Unsupported("a vendor's switch doesn't list its archived configurations")

    def revision_diff(self, shell: Shell, revision: int, against: int | None) -> str:  # noqa: ARG002
        """See `Dialect.revision_diff`: it shows none."""
        raise errors.Unsupported("a vendor's switch doesn't show its archived configurations")


def _chosen(text: str, *, defaults: bool) -> Any:
    return masked(parse_shown(text) if defaults else _bare(text))


def _bare(text: str) -> Any:
    """A document without defaults, which a switch shows for every new entry though nobody set them."""
    return without_defaults(parse_shown(text))


def _commit_command(options: CommitOptions) -> str:
    if options.confirm is not None and options.comment:
        raise errors.Unsupported(
            "a vendor's switch takes either a comment or a confirmed commit", hint="leave out one"
        )
    if options.confirm is not None:
        return f"commit confirmed {options.confirm}"
    if options.comment and not re.fullmatch(r"[!-~]+", options.comment.translate(_IN_COMMENTS)):
        raise errors.Unsupported("a vendor's switch takes comments of one word", hint="such as ticket-42")
    return f"commit comment {options.comment}" if options.comment else "commit"


def _outcome(old: Any, new: Any, deadline: float | None = None) -> Mapping[str, Any]:
    text, lines = difference(old, new)
    return {
        "revision": None,
        "changed": not tree.same(old, new),
        "diff": text,
        "set_lines": lines,
        "plan": None,
        "confirm_deadline": deadline if lines else None,
        "dry_run": False,
    }
