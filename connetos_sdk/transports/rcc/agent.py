"""Our agent's command line: whatever is asked, it answers in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connetos_sdk import errors
from connetos_sdk.model import tree
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.text import parse_document
from connetos_sdk.transports.base import CommitOptions, Operation
from connetos_sdk.transports.rcc.candidate import Candidate
from connetos_sdk.transports.rcc.lines import word_of
from connetos_sdk.transports.rcc.shell import DATA, Shell

_TRIES = 5


class AgentDialect:
    """See `Dialect`."""

    suffix = DATA

    def stored(self, shell: Shell, source: str, *, defaults: bool) -> tuple[Any, int | None]:
        """See `Dialect.stored`."""
        kind, _, name = source.partition("/")
        if source == "startup":
            return _filled(shell.data("show startup-config")[0], defaults=defaults), None
        if kind == "revision" and name.isascii() and name.isdigit():
            found = shell.data(f"show system commit configuration {name}")[0]
            return _filled(found, defaults=defaults), int(name)
        if source != "running":
            raise errors.BadRequest(
                f"there is no configuration {source[:40]}",
                hint="running, startup, revision/<id>, session/<id>",
            )
        for _ in range(_TRIES):
            before, document, after = shell.data("show version", "show running-config", "show version")
            if before["revision"] == after["revision"]:
                return _filled(document, defaults=defaults), int(after["revision"])
        raise errors.Conflict("the configuration changes all the time", hint="try again in a moment")

    def candidate(self, candidate: Candidate, *, defaults: bool) -> Any:
        """See `Dialect.candidate`."""
        return _filled(json.loads(candidate.ask(f"show{DATA}")), defaults=defaults)

    def revision(self, candidate: Candidate) -> int | None:
        """See `Dialect.revision`."""
        return int(json.loads(candidate.ask(f"run show version{DATA}"))["revision"])

    def compare(self, candidate: Candidate, form: str) -> str:
        """See `Dialect.compare`."""
        if form not in ("text", "set"):
            raise errors.BadRequest(f"there is no format {form[:40]}", hint="text or set")
        return candidate.ask("compare" if form == "text" else "compare | display set")

    def commit(self, candidate: Candidate, options: CommitOptions) -> Mapping[str, Any]:
        """See `Dialect.commit`."""
        words = ["commit"]
        if options.dry_run:
            words.append("check")
        if options.comment:
            words += ["comment", options.comment]
        if options.confirm is not None:
            words += ["confirmed", str(options.confirm)]
        outcome: dict[str, Any] = json.loads(candidate.ask(format_path(words) + DATA))
        return outcome

    def nothing(self, candidate: Candidate) -> Mapping[str, Any]:
        """See `Dialect.nothing`."""
        return {**self.commit(candidate, CommitOptions(dry_run=True)), "dry_run": False, "plan": 0}

    def document(self, operation: Operation, path: Path, value: Any) -> Any:
        """See `Dialect.document`."""
        if operation == "load":
            return parse_document(value)
        try:
            return tree.check(value, path)
        except errors.ConfigError as error:
            if all(problem.code == errors.UnknownPath.code for problem in error.problems):
                return value  # the switch may be newer than we are, and know these words
            raise

    def call(self, shell: Shell, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Dialect.call`."""
        words = ["request", *name.split("/")]
        for argument, value in body.items():
            for item in value if isinstance(value, list) else [value]:
                words += [argument, json.dumps(item) if isinstance(item, dict) else word_of(item)]
        result: dict[str, Any] = shell.data(format_path(words))[0]
        return result

    def state(self, shell: Shell, path: Path) -> Any:
        """See `Dialect.state`."""
        return shell.data(f"show state {format_path(path)}".rstrip())[0]

    def revisions(self, shell: Shell) -> list[Mapping[str, Any]]:
        """See `Dialect.revisions`."""
        found: list[Mapping[str, Any]] = shell.data("show system commit")[0]
        return found

    def revision_diff(self, shell: Shell, revision: int, against: int | None) -> str:
        """See `Dialect.revision_diff`."""
        other = "" if against is None else f" against {against}"
        text: str = shell.data(f"show system commit changes {revision}{other}")[0]
        return text


def _filled(document: Any, *, defaults: bool) -> Any:
    return tree.with_defaults(document) if defaults else document
