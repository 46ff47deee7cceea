"""A switch's command line as a transport: configurations, candidates, commits and state, each by its commands."""

from __future__ import annotations

import getpass
import json
import secrets as random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

from connetos_sdk import errors
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.text import is_lines
from connetos_sdk.transports.base import CommitOptions, Operation, Report, check_confirm
from connetos_sdk.transports.rcc.agent import AgentDialect
from connetos_sdk.transports.rcc.candidate import Candidate, Line
from connetos_sdk.transports.rcc.dialect import Dialect
from connetos_sdk.transports.rcc.failures import of_document
from connetos_sdk.transports.rcc.lines import require_place, set_lines, value_at
from connetos_sdk.transports.rcc.shell import DATA, Client, Shells
from connetos_sdk.transports.rcc.vendor import VendorDialect
from connetos_sdk.transports.rcc_client import RccClient
from connetos_sdk.wire import rcc


class CommandLineTransport:
    """See `connetos_sdk.transports.base.Transport`.

    The first command finds out whether our agent answers, or a vendor's switch, which has less to say.

    Args:
        make: makes a connection to the command line, in operational mode.
    """

    def __init__(self, make: Callable[[], Client]) -> None:
        self._known: Dialect | None = None
        self._finding = threading.Lock()
        self._shells = Shells(make)
        self._candidates: dict[str, Candidate] = {}

    def close(self) -> None:
        """See `Transport.close`. Candidates end."""
        for session in list(self._candidates):
            self._candidates.pop(session).shell.client.close()
        self._shells.close()

    @property
    def _dialect(self) -> Dialect:
        with self._finding:
            if self._known is None:
                self._known = self._find_out()
            return self._known

    def _find_out(self) -> Dialect:
        with self._shells.one() as shell:
            response = shell.run([f"show version{DATA}"])[0]
            try:
                ours = response.success and "dataplane" in json.loads(response.text)
            except ValueError:
                ours = False
            if ours:
                shell.client.expect_single_messages()
        return AgentDialect() if ours else VendorDialect()

    # -- configuration --------------------------------------------------------------------------------

    def read_config(
        self, path: Path, *, source: str, defaults: bool, secrets: bool
    ) -> tuple[Any, int | None]:
        """See `Transport.read_config`."""
        if secrets:
            raise errors.Unsupported(
                "a command line shows no secrets", hint="use REST, or XRL on the switch itself"
            )
        document, revision = self._document(source, defaults=defaults)
        return value_at(document, path), revision

    def _document(self, source: str, *, defaults: bool) -> tuple[Any, int | None]:
        dialect = self._dialect
        kind, _, session = source.partition("/")
        if kind == "session":
            return dialect.candidate(self._candidate(session), defaults=defaults), None
        with self._shells.one() as shell:
            return dialect.stored(shell, source, defaults=defaults)

    def read_text(self, path: Path, *, source: str, form: str, defaults: bool) -> str:
        """See `Transport.read_text`."""
        if form not in ("text", "set"):
            raise errors.BadRequest(f"there is no format {form[:40]}", hint="json, text or set")
        document, _ = self._document(source, defaults=False)
        require_place(document, path)
        value = tree.get(document, path, tree.MISSING)
        try:
            known = {} if value is tree.MISSING else tree.replace({}, tree.check(value, path), path)
        except errors.ConfigError as error:
            raise errors.Unsupported(
                f"the switch has configuration that this SDK can't write: {error.reason}", path=error.path,
                hint="read it with config(), which doesn't need to know it",
            ) from None  # fmt: skip
        if form == "text":
            return curly.format_curly(known, path, defaults=defaults)
        return setlines.format_set(known, path)

    def change(
        self, operation: Operation, path: Path, value: Any, options: CommitOptions
    ) -> Mapping[str, Any]:
        """See `Transport.change`."""
        check_confirm(options.confirm)
        dialect = self._dialect
        exclusive = options.if_revision is not None
        with self._configuring(exclusive=exclusive) as candidate:
            if exclusive:
                self._check_revision(dialect.revision(candidate), options.if_revision)
            self._edit(candidate, operation, path, value)
            if options.dry_run or dialect.compare(candidate, "set"):
                return dialect.commit(candidate, options)
            return dialect.nothing(candidate)

    @staticmethod
    def _check_revision(revision: int | None, expected: int | None) -> None:
        if revision is None:
            raise errors.Unsupported("the switch doesn't number its revisions", hint="leave out if_revision")
        if revision != expected:
            raise errors.PreconditionFailed(
                f"the configuration is at revision {revision}, not {expected}",
                hint="read it again and make the change on what is there now",
            )

    @contextmanager
    def _configuring(self, *, exclusive: bool) -> Iterator[Candidate]:
        candidate = self._enter(exclusive=exclusive)
        try:
            yield candidate
        finally:
            self._leave(candidate)

    def _enter(self, *, exclusive: bool) -> Candidate:
        suffix = self._dialect.suffix
        shell = self._shells.take()
        try:
            return Candidate(shell, suffix, exclusive=exclusive)
        except BaseException:
            self._shells.give_back(shell)
            raise

    def _leave(self, candidate: Candidate) -> None:
        try:
            candidate.leave()
        except errors.TransportError:
            pass  # with its connection the candidate is gone, too
        finally:
            self._shells.give_back(candidate.shell)

    # -- edits ----------------------------------------------------------------------------------------

    def _edit(self, candidate: Candidate, operation: Operation, path: Path, value: Any) -> None:
        if operation == "lines" or (operation == "load" and is_lines(value)):
            candidate.edit(_lines(value))
        elif operation == "delete":
            if not path:
                tree.delete({}, path)  # says why not
            candidate.edit([Line(f"delete {format_path(path)}")])
        else:
            document = self._dialect.document(operation, path, value)
            lines = [Line(line) for line in set_lines(document, path)]
            if operation == "replace":
                lines = [*self._deletions(candidate, path), *lines]
            try:
                candidate.edit(lines)
            except errors.ConnetosError as error:
                raise of_document(error) from None

    def _deletions(self, candidate: Candidate, path: Path) -> list[Line]:
        present = self._dialect.candidate(candidate, defaults=False)
        gone = [path] if path else [(word,) for word in present]
        return [Line(f"delete {format_path(p)}") for p in gone if tree.get(present, p, None) is not None]

    # -- sessions -------------------------------------------------------------------------------------

    def _candidate(self, session: str) -> Candidate:
        found = self._candidates.get(session)
        if found is None:
            raise errors.NotFound(
                "there is no such configuration session", hint="over RCC sessions end with their connection"
            )
        return found

    def open_session(self, *, exclusive: bool) -> str:
        """See `Transport.open_session`."""
        candidate = self._enter(exclusive=exclusive)
        session = random.token_urlsafe(12)
        self._candidates[session] = candidate
        return session

    def close_session(self, session: str) -> None:
        """See `Transport.close_session`."""
        candidate = self._candidate(session)
        del self._candidates[session]
        self._leave(candidate)

    def edit(self, session: str, operation: Operation, path: Path, value: Any) -> None:
        """See `Transport.edit`."""
        self._edit(self._candidate(session), operation, path, value)

    def session_action(self, session: str, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Transport.session_action`."""
        candidate, dialect = self._candidate(session), self._dialect
        if action == "rollback":
            raise errors.Unsupported(
                "a command line can't make an earlier configuration the candidate",
                hint="Switch.rollback() activates it",
            )
        if action == "schedule":
            raise errors.Unsupported(
                "over RCC no commit can be scheduled: the switch's time zone isn't known",
                hint="use REST or XRL",
            )
        if action == "discard":
            candidate.ask("discard")
            candidate.begin_anew()
            return {}
        check_confirm(body.get("confirm"))
        options = CommitOptions(body.get("comment", ""), body.get("confirm"), dry_run=action == "check")
        outcome = dialect.commit(candidate, options)
        if not options.dry_run:
            candidate.begin_anew()
        return outcome

    def session_diff(self, session: str, form: str) -> str:
        """See `Transport.session_diff`."""
        return self._dialect.compare(self._candidate(session), form)

    # -- the rest -------------------------------------------------------------------------------------

    def call(self, name: str, body: Mapping[str, Any], report: Report | None = None) -> Mapping[str, Any]:
        """See `Transport.call`."""
        if report is not None:
            raise errors.Unsupported(
                "RCC tells no progress of operations", hint="use REST, or leave out report"
            )
        dialect = self._dialect
        with self._shells.one() as shell:
            return dialect.call(shell, name, body)

    def read_state(self, path: Path) -> Any:
        """See `Transport.read_state`."""
        dialect = self._dialect
        with self._shells.one() as shell:
            return dialect.state(shell, path)

    def revisions(self) -> list[Mapping[str, Any]]:
        """See `Transport.revisions`."""
        dialect = self._dialect
        with self._shells.one() as shell:
            return dialect.revisions(shell)

    def revision_diff(self, revision: int, against: int | None) -> str:
        """See `Transport.revision_diff`."""
        dialect = self._dialect
        with self._shells.one() as shell:
            return dialect.revision_diff(shell, revision, against)

    def events(self) -> Iterator[Mapping[str, Any]]:
        """See `Transport.events`."""
        raise errors.Unsupported("RCC tells no events", hint="use REST or XRL")


class RccTransport(CommandLineTransport):
    """The command line over RCC.

    Args:
        host: name or address of the switch.
        username: user on the switch; the user who runs this by default, as with ssh.
        password: its password; None to log in with keys.
        port: where SSH listens.
        key_files: private keys.
        known_hosts: file with the keys of known switches; `~/.ssh/known_hosts` by default.
        verify: whether the switch's key is checked.
        timeout_s: seconds to wait for an answer.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str | None = None,
        password: str | None = None,
        port: int = rcc.PORT,
        key_files: Iterable[str | FilePath] = (),
        known_hosts: str | FilePath | None = None,
        verify: bool = True,
        timeout_s: float = 60.0,
    ) -> None:
        keys = tuple(key_files)

        def client() -> RccClient:
            quiet = 0.0 if isinstance(self._known, AgentDialect) else None
            return RccClient(
                host,
                username=username or getpass.getuser(),
                password=password,
                port=port,
                key_files=keys,
                known_hosts=known_hosts,
                verify=verify,
                quiet=quiet,
                timeout_s=timeout_s,
            )

        super().__init__(client)


def _lines(text: str) -> list[Line]:
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        if words[0] not in ("set", "delete"):
            raise errors.ParseError(
                f'line {number}: "{words[0][:60]}" isn\'t known here', hint="a line begins with set or delete"
            )
        lines.append(Line(line.strip(), number))
    return lines
