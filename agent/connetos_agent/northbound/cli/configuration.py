"""Configuration mode: what each of its commands does, to a candidate of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from connetos_agent.config.commit import CommitOptions, Outcome
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.schedule import local_time
from connetos_agent.config.sessions import Session
from connetos_agent.northbound.cli import operational
from connetos_agent.northbound.cli.answers import (
    CliError,
    Completion,
    Told,
    as_json,
    error_text,
    keyword,
    lines,
    not_recognised,
)
from connetos_agent.northbound.cli.arguments import (
    also,
    commit_options,
    complete_commit,
    no_more,
    number,
    public,
    removed,
)
from connetos_agent.northbound.cli.commands.command import Terminal
from connetos_agent.northbound.cli.completion import complete_path
from connetos_agent.northbound.cli.files import file_named, read_file
from connetos_agent.show import navmesh
from connetos_sdk.errors import ConnetosError, Locked, ParseError, UnknownPath
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.moments import parse_coming
from connetos_sdk.model.nodes import Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.schema import locate

DIRTY = "ERROR: There are uncommitted changes."
BUILDING = "Waiting for building configuration."
MERGING = "Waiting for merging configuration."

Handler = Callable[[Sequence[str]], Awaitable[str | Told]]


class ConfigurationMode:
    """Configuration mode, from `configure` to `exit`.

    Args:
        terminal: who types, on what, and what operational commands may ask.
        exclusive: keep others out.

    Raises:
        CliError: others keep this user out, or are there when nobody else should be.
    """

    def __init__(self, terminal: Terminal, *, exclusive: bool) -> None:
        self._terminal = terminal
        self._manager: ConfigManager = terminal.manager
        self._session: Session | None = None
        self._edit: Path = ()
        self._enter(exclusive=exclusive)
        self._verbs: dict[str, tuple[str, Handler]] = {
            "commit": ("Make the candidate the active configuration", self._commit),
            "compare": ("What the candidate changes", self._compare),
            "delete": ("Delete a part of the configuration", self._delete),
            "discard": ("Drop uncommitted changes", self._discard),
            "edit": ("Go down to a level of the configuration", self._go_down),
            "exit": ("Leave this level, or configuration mode", self._exit),
            "help": ("Explain a command", self._help),
            "load": ("Merge a saved configuration", self._load),
            "quit": ("Leave this level, or configuration mode", self._exit),
            "rollback": ("Return to an archived configuration", self._rollback),
            "run": ("Run an operational command", self._run),
            "save": ("Save the configuration", self._save),
            "set": ("Set a part of the configuration", self._set),
            "show": ("Show the candidate configuration", self._show),
            "status": ("Who else is in configuration mode", self._status),
            "top": ("Go to the top level", self._top),
            "up": ("Go up one level", self._up),
        }

    # -- from outside ---------------------------------------------------------------------------------

    @property
    def left(self) -> bool:
        """Whether the mode was left."""
        return self._session is None

    @property
    def level(self) -> Path:
        """The level of the tree at which commands work."""
        return self._edit

    @property
    def welcome(self) -> str:
        """What is printed on entering."""
        alone = "There are no other users in configuration mode."
        return lines("Entering configuration mode.", also(self._others()) or alone)

    def close(self) -> None:
        """Leave; the candidate is freed."""
        if self._session is not None:
            self._manager.close_session(self._session)
            self._session = None

    async def run(self, words: Sequence[str], display: str) -> str:
        """Run the command `words`; what it prints, in the form that `display` names.

        Raises:
            CliError, ConnetosError: it can't be run.
        """
        verb, rest = words[0], words[1:]
        if verb == "cls":
            return await operational.run(self._terminal, words)
        if verb not in self._verbs:
            raise not_recognised(verb)
        if verb == "run" and rest:
            return await operational.run(self._terminal, rest, display)
        if verb == "show" and display:
            return await self._show_as(rest, display)
        if display == "set":
            if verb != "compare":
                raise CliError("ERROR: | display set is for configurations.")
            return setlines.format_difference(*self._compared(rest))
        reply = await self._verbs[verb][1](rest)
        if display == "json":
            return as_json(reply.data) if isinstance(reply, Told) else ""
        return reply.text if isinstance(reply, Told) else reply

    def complete(self, words: Sequence[str]) -> list[Completion]:
        """What may follow `words`."""
        if not words:
            return [keyword(name, help_line) for name, (help_line, _) in self._verbs.items()]
        verb, rest = words[0], words[1:]
        if verb in ("set", "delete", "edit", "show"):
            return complete_path(
                [*self._edit, *rest],
                self._open().candidate,
                self._manager.dataplane.platform,
                values=verb in ("set", "delete"),
                existing=verb in ("delete", "show"),
            )
        if verb == "run":
            return operational.complete(self._terminal, rest)
        if verb == "rollback" and not rest:
            return [
                Completion(str(r["rollback"]), f"{r['user']} {r['comment']}")
                for r in self._manager.revisions()[1:]
            ]
        if verb == "commit":
            return complete_commit(rest)
        options = {
            "exit": ("configuration-mode", "discard"),
            "save": ("default-to-startup", "running-to-startup", "<local-file-name>"),
            "load": ("<local-file-name>",),
            "help": tuple(self._verbs),
            "compare": ("rollback",),
        }
        return [keyword(word) for word in options.get(verb, ())] if not rest else []

    # -- entering and leaving -------------------------------------------------------------------------

    def _enter(self, *, exclusive: bool) -> None:
        others = self._others()
        try:
            self._session = self._manager.open_session(self._terminal.caller, exclusive=exclusive)
        except Locked as error:
            if exclusive and others:
                raise CliError(
                    "ERROR: Exclusive config mode requested, but there are already other configuration mode users: "
                    f"{', '.join(others)}.",
                    error,
                ) from None
            raise CliError(f"ERROR: {error.reason}.", error) from None

    def _others(self) -> list[str]:
        return sorted({s.caller.user for s in self._manager.sessions.all() if s is not self._session})

    def _open(self) -> Session:
        if self._session is None:
            raise CliError("ERROR: not in configuration mode.")
        self._session = self._manager.sessions.get(self._session.id, self._terminal.caller)
        return self._session

    async def _exit(self, words: Sequence[str]) -> str:
        session = self._open()
        if words == ["discard"]:
            session.restart(self._manager.running.document, self._manager.running.revision)
        elif words and words != ["configuration-mode"]:
            raise not_recognised(words[0])
        elif not words and self._edit:
            self._edit = self._parent(self._edit)
            return ""
        if session.dirty:
            raise CliError(DIRTY)
        self.close()
        self._edit = ()
        return lines("Leave configuration mode.")

    async def _status(self, words: Sequence[str]) -> str:
        no_more(words)
        waiting = self._manager.schedule.waiting
        scheduled = (
            [f"A commit of user {waiting.caller.user} is scheduled for {local_time(waiting.at)}."]
            if waiting
            else []
        )
        return lines(also(self._others()) or "There are no other users in configuration mode.", *scheduled)

    async def _help(self, words: Sequence[str]) -> str:
        if not words:
            return lines(*(f"  {name.ljust(30)}{help_line}" for name, (help_line, _) in self._verbs.items()))
        if words[0] not in self._verbs or len(words) > 1:
            raise not_recognised(words[-1])
        return lines(f"{words[0]}: {self._verbs[words[0]][0]}.")

    # -- levels ---------------------------------------------------------------------------------------

    async def _go_down(self, words: Sequence[str]) -> str:
        if not words:
            raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")
        path = (*self._edit, *words)
        node = self._located(path)
        if isinstance(node, Leaf | LeafList):
            raise CliError(f'ERROR: path "{format_path(path)}" is not valid.')
        self._edit = path
        return ""

    async def _up(self, words: Sequence[str]) -> str:
        no_more(words)
        self._edit = self._parent(self._edit)
        return ""

    async def _top(self, words: Sequence[str]) -> str:
        no_more(words)
        self._edit = ()
        return ""

    @staticmethod
    def _parent(path: Path) -> Path:
        if not path:
            return ()
        return path[:-2] if locate(path).entry else path[:-1]

    @staticmethod
    def _located(path: Path) -> Any:
        try:
            return locate(path).node
        except UnknownPath as error:
            raise CliError(f'ERROR: path "{format_path(path)}" is not valid.\n{error}', error) from None

    # -- editing and looking --------------------------------------------------------------------------

    def _edits(self, verb: str, words: Sequence[str]) -> list[setlines.Edit]:
        self._manager.sessions.check_lock(self._session)
        path = [*self._edit, *words]
        try:
            return setlines.parse_line(f"{verb} {format_path(path)}")
        except ParseError as error:
            problem = error.problems[0]
            if problem.code == "unknown-path" and len(problem.path) < len(path):
                word = path[len(problem.path)]
                raise CliError(f'syntax error, command "{word}" is not recognized.\n{error}', error) from None
            raise CliError(f'ERROR: path "{public(path)}" is not valid.\n{error}', error) from None

    async def _set(self, words: Sequence[str]) -> str:
        edits = self._edits("set", words)
        self._open().edit(lambda document: setlines.apply_edits(document, edits))
        return ""

    async def _delete(self, words: Sequence[str]) -> str:
        session, edits = self._open(), self._edits("delete", words)
        before = curly.mask_secrets(session.candidate)
        session.edit(lambda document: setlines.apply_edits(document, edits))
        gone = "".join(removed(before, edit.path, edit.value) for edit in edits)
        return f"Deleting: \n{gone}OK \n"

    async def _show(self, words: Sequence[str]) -> str:
        session, path = self._open(), (*self._edit, *words)
        self._located(path)
        candidate, base = curly.mask_secrets(session.candidate), curly.mask_secrets(session.base)
        text = await asyncio.to_thread(curly.format_marked, candidate, base, path)
        return lines(BUILDING) + text

    async def _show_as(self, words: Sequence[str], form: str) -> str:
        path = (*self._edit, *words)
        self._located(path)
        document = curly.mask_secrets(self._open().candidate)
        return (
            as_json(tree.get(document, path, {})) if form == "json" else setlines.format_set(document, path)
        )

    async def _compare(self, words: Sequence[str]) -> str:
        return curly.format_difference(*self._compared(words))

    def _compared(self, words: Sequence[str]) -> tuple[Any, Any]:
        session = self._open()
        if words[:1] == ["rollback"] and len(words) == 2:
            base = self._manager.store.read(self._manager.revision_at(number(words[1], 0, 49)))
            return base, session.candidate
        no_more(words)
        return session.base, session.candidate

    async def _run(self, _words: Sequence[str]) -> str:
        raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")

    # -- committing -----------------------------------------------------------------------------------

    async def _commit(self, words: Sequence[str]) -> Told:
        if words[:1] == ["at"] and len(words) > 1:
            return await self._commit_at(words[1], commit_options(words[2:]))
        if list(words) == ["check", "flows"]:
            return await self._what_if()
        session, options = self._open(), commit_options(words)
        if options.dry_run:
            outcome = await self._manager.commit(session, options)
            return Told(lines("Configuration check succeeds."), outcome.to_dict())
        try:
            outcome = await self._manager.commit(session, options)
        except ConnetosError as error:
            raise CliError(f"{MERGING}\n{error_text(error).rstrip()}", error) from None
        note = (
            []
            if outcome.confirm_deadline is None
            else [f"It rolls back in {options.confirm} seconds unless you commit again."]
        )
        return Told(lines(MERGING, "Commit OK.", *note), outcome.to_dict())

    async def _what_if(self) -> Told:
        """`commit check flows`: which flows of the last seconds the candidate would send another way."""
        answer = await self._terminal.call("what-if", session=self._open().id)
        return Told(lines("Configuration check succeeds.") + navmesh.what_if(answer), answer)

    async def _commit_at(self, word: str, options: CommitOptions) -> Told:
        if options.dry_run or options.confirm is not None:
            raise CliError("ERROR: commit at takes a comment, neither check nor confirmed.")
        try:
            at = parse_coming(word, datetime.now().astimezone()).timestamp()
            scheduled = await self._manager.commit_at(self._open(), at, options.comment)
        except ConnetosError as error:
            raise CliError(f"{MERGING}\n{error_text(error).rstrip()}", error) from None
        return Told(lines(MERGING, f"Commit scheduled for {local_time(at)}."), scheduled.facts())

    async def _discard(self, words: Sequence[str]) -> str:
        no_more(words)
        self._open().restart(self._manager.running.document, self._manager.running.revision)
        return ""

    async def _rollback(self, words: Sequence[str]) -> Told:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: rollback needs a number from 1 to 49.")
        index = number(words[0], 1, 49)
        revision = self._manager.revision_at(index)
        return await self._activate(
            f"Rolling back to config: /switch/config/connetos.conf.{index:02d}",
            lambda: self._manager.rollback(self._terminal.caller, revision, CommitOptions()),
        )

    async def _load(self, words: Sequence[str]) -> Told:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: load needs a file name.")
        document = await asyncio.to_thread(read_file, self._manager, words[0])
        return await self._activate(
            f"Loading config: {words[0]}",
            lambda: self._manager.change(
                self._terminal.caller,
                lambda running: tree.merge(running, document),
                CommitOptions(f"load {words[0]}"),
            ),
        )

    async def _activate(self, first: str, change: Callable[[], Awaitable[Outcome]]) -> Told:
        """Run a change that takes effect at once, which needs a candidate without changes."""
        session = self._open()
        if session.dirty:
            raise CliError(f"{DIRTY} commit or discard them first.")
        self._manager.sessions.check_lock(session)
        try:
            outcome = await change()
        except ConnetosError as error:
            raise CliError(f"{first}\n{MERGING}\n{error_text(error).rstrip()}", error) from None
        session.restart(self._manager.running.document, self._manager.running.revision)
        return Told(lines(first, MERGING, "Load done."), outcome.to_dict())

    async def _save(self, words: Sequence[str]) -> str:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: save needs a file name.")
        self._open()
        if words[0] in ("running-to-startup", "default-to-startup"):
            await self._manager.save_startup(self._terminal.caller, words[0].partition("-")[0])
        else:
            path = file_named(self._manager, words[0])
            text = curly.format_curly(self._manager.running.document)
            await asyncio.to_thread(self._manager.store.write_file, path, text)
        return lines("Save done.")
