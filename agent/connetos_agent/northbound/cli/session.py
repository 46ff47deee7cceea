"""One user's command line: modes, edit levels, and what each command of configuration mode does."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path as FilePath
from typing import Any

from connetos_agent.config.manager import CommitOptions, ConfigManager
from connetos_agent.config.sessions import Session
from connetos_agent.northbound.cli import operational, pipes
from connetos_agent.northbound.cli.answers import (
    Answer,
    CliError,
    Completion,
    Mode,
    keyword,
    lines,
    not_recognised,
)
from connetos_agent.northbound.cli.commands.command import MAX_HISTORY, Terminal
from connetos_agent.northbound.cli.completion import complete_path
from connetos_sdk.errors import ConnetosError, Locked, NotFound, ParseError, UnknownPath
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.nodes import Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.schema import locate
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.words import split_words

DIRTY = "ERROR: There are uncommitted changes."
BUILDING = "Waiting for building configuration."
MERGING = "Waiting for merging configuration."
ARCHIVE = re.compile(r"(?:/switch/config/)?connetos\.conf\.([0-9]{2})")
FILE_NAME = re.compile(r"(?:/switch/config/)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,62})")
MAX_LINE = 4096
MAX_COMPLETIONS = 1000
"""More than anybody reads; a switch may have 4,094 VLANs."""

TOP_LEVEL = (
    keyword("configure", "Enter configuration mode"),
    keyword("exit", "Leave the CLI"),
    keyword("quit", "Leave the CLI"),
)

Handler = Callable[[Sequence[str]], Awaitable[str]]


class CliSession:
    """A command line in one of its two modes.

    Args:
        terminal: who types, on what, and what operational commands may ask.
        hostname: the name of the switch, for the prompt.
    """

    def __init__(self, terminal: Terminal, hostname: Callable[[], str]) -> None:
        self._terminal = terminal
        self._manager: ConfigManager = terminal.manager
        self._hostname = hostname
        self._session: Session | None = None
        self._edit: Path = ()
        self._ended = False
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
    def mode(self) -> Mode:
        """The mode that the next line is read in."""
        return Mode.OPERATIONAL if self._session is None else Mode.CONFIGURATION

    @property
    def prompt(self) -> str:
        """What stands before the next line; below the top level the level is named above it."""
        if self._session is None:
            return f"{self._hostname()}> "
        level = f"[edit {format_path(self._edit)}]\n" if self._edit else ""
        return f"{level}{self._hostname()}# "

    async def run(self, line: str) -> Answer:
        """Run one line; never raises for what is typed."""
        try:
            words = self._words(line)
            if not words:
                return Answer("")
            self._remember(line)
            command, filters = pipes.split(words)
            text = await self._dispatch(command, filters)
            return Answer(text, ended=self._ended)
        except CliError as error:
            return Answer(lines(str(error)), ok=False)
        except ConnetosError as error:
            return Answer(_error_text(error), ok=False)

    async def complete(self, line: str) -> list[Completion]:
        """What may stand at the end of `line` instead of its last, unfinished word."""
        if len(line) > MAX_LINE:
            return []
        finished = not line or line[-1].isspace()
        try:
            words = split_words(line.replace("|", " | "))
        except ValueError:
            return []
        unfinished = "" if finished or not words else words.pop()
        command, filters = pipes.split(words)
        found = list(pipes.FILTERS) if filters and not filters[-1] else [] if filters else self._next(command)
        names = [c for c in found if not c.word.startswith("<") and c.word.startswith(unfinished)]
        values = [c for c in found if c.word.startswith("<")]
        if len(names) > MAX_COMPLETIONS:
            more = Completion("<...>", f"{len(names) - MAX_COMPLETIONS} more: type the beginning")
            return [*names[:MAX_COMPLETIONS], more]
        return names + (values if not unfinished or not names else [])

    def close(self) -> None:
        """Leave: the candidate, if there is one, is freed."""
        if self._session is not None:
            self._manager.close_session(self._session)
            self._session = None

    # -- lines ----------------------------------------------------------------------------------------

    @staticmethod
    def _words(line: str) -> list[str]:
        if len(line) > MAX_LINE:
            raise CliError(f"ERROR: the line is longer than {MAX_LINE} characters.")
        try:
            return split_words(
                re.sub(r'("(?:[^"\\]|\\.)*")|\|', lambda m: m[1] or " | ", line.replace("\0", ""))
            )
        except ValueError as error:
            raise CliError(f"ERROR: {error}.") from None

    def _remember(self, line: str) -> None:
        secret = "plain-text-password" in line
        self._terminal.history.append(
            re.sub(r"(plain-text-password\s+).*", r"\1********", line) if secret else line
        )
        del self._terminal.history[:-MAX_HISTORY]

    async def _dispatch(self, command: list[str], filters: list[list[str]]) -> str:
        if not command:
            raise not_recognised("|")
        display = ""
        if command[0] == "show" and filters and filters[0][:1] == ["display"]:
            display = filters.pop(0)[1] if len(filters[0]) == 2 else ""
            if display not in ("set", "json"):
                raise CliError("ERROR: | display needs set or json.")
        if self._session is None:
            text = await self._operational(command, display)
        elif command[0] in self._verbs:
            text = await (
                self._show_as(command[1:], display) if display else self._verbs[command[0]][1](command[1:])
            )
        elif command == ["cls"]:
            text = await operational.run(self._terminal, command)
        else:
            raise not_recognised(command[0])
        return pipes.apply(text, filters) if filters else text

    async def _operational(self, command: list[str], display: str) -> str:
        if command[0] == "configure":
            return self._configure(command[1:])
        if command[0] in ("exit", "quit"):
            _no_more(command[1:])
            self._ended = True
            return ""
        if display:
            if command != ["show", "running-config"]:
                raise CliError("ERROR: | display is for configurations.")
            return _display(curly.mask_secrets(self._manager.running.document), (), display)
        return await operational.run(self._terminal, command)

    def _next(self, words: Sequence[str]) -> list[Completion]:
        if self._session is None:
            if words[:1] == ["configure"]:
                return [keyword("exclusive", "Lock out other users")] if len(words) == 1 else []
            return [*operational.complete(words), *(TOP_LEVEL if not words else ())]
        if not words:
            return [keyword(name, help_line) for name, (help_line, _) in self._verbs.items()]
        return self._next_in_configuration(words[0], words[1:], self._session)

    def _next_in_configuration(self, verb: str, rest: Sequence[str], session: Session) -> list[Completion]:
        if verb in ("set", "delete", "edit", "show"):
            path = [*self._edit, *rest]
            platform = self._manager.dataplane.platform
            return complete_path(
                path,
                session.candidate,
                platform,
                values=verb in ("set", "delete"),
                existing=verb in ("delete", "show"),
            )
        if verb == "run":
            return operational.complete(rest)
        if verb == "rollback" and not rest:
            return [
                Completion(str(r["rollback"]), f"{r['user']} {r['comment']}")
                for r in self._manager.revisions()[1:]
            ]
        options = {
            "commit": ("check", "comment", "confirmed"),
            "exit": ("configuration-mode", "discard"),
            "save": ("default-to-startup", "running-to-startup", "<local-file-name>"),
            "load": ("<local-file-name>",),
            "help": tuple(self._verbs),
            "compare": ("rollback",),
        }
        return [keyword(word) for word in options.get(verb, ())] if not rest else []

    # -- entering and leaving -------------------------------------------------------------------------

    def _configure(self, words: Sequence[str]) -> str:
        if words and words != ["exclusive"]:
            raise not_recognised(words[0])
        others = self._others()
        try:
            self._session = self._manager.open_session(self._terminal.caller, exclusive=bool(words))
        except Locked as error:
            if words and others:
                raise CliError(
                    "ERROR: Exclusive config mode requested, but there are already other configuration mode users: "
                    f"{', '.join(others)}."
                ) from None
            raise CliError(f"ERROR: {error.reason}.") from None
        return lines(
            "Entering configuration mode.", _also(others) or "There are no other users in configuration mode."
        )

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
        _no_more(words)
        return lines(_also(self._others()) or "There are no other users in configuration mode.")

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
        _no_more(words)
        self._edit = self._parent(self._edit)
        return ""

    async def _top(self, words: Sequence[str]) -> str:
        _no_more(words)
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
            raise CliError(f'ERROR: path "{format_path(path)}" is not valid.\n{error}') from None

    # -- editing and looking --------------------------------------------------------------------------

    def _edits(self, verb: str, words: Sequence[str]) -> list[setlines.Edit]:
        self._manager.sessions.check_lock(self._session)
        path = [*self._edit, *words]
        try:
            return setlines.parse_line(f"{verb} {format_path(path)}")
        except ParseError as error:
            problem = error.problems[0]
            if problem.code == "unknown-path" and len(problem.path) < len(path):
                raise CliError(
                    f'syntax error, command "{path[len(problem.path)]}" is not recognized.\n{error}'
                ) from None
            raise CliError(f'ERROR: path "{_public(path)}" is not valid.\n{error}') from None

    async def _set(self, words: Sequence[str]) -> str:
        edits = self._edits("set", words)
        self._open().edit(lambda document: setlines.apply_edits(document, edits))
        return ""

    async def _delete(self, words: Sequence[str]) -> str:
        session, edits = self._open(), self._edits("delete", words)
        before = curly.mask_secrets(session.candidate)
        session.edit(lambda document: setlines.apply_edits(document, edits))
        gone = "".join(_removed(before, edit.path, edit.value) for edit in edits)
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
        return _display(curly.mask_secrets(self._open().candidate), path, form)

    async def _compare(self, words: Sequence[str]) -> str:
        session = self._open()
        if words[:1] == ["rollback"] and len(words) == 2:
            base = self._manager.store.read(self._manager.revision_at(_number(words[1], 0, 49)))
            return curly.format_difference(base, session.candidate)
        _no_more(words)
        return curly.format_difference(session.base, session.candidate)

    async def _run(self, words: Sequence[str]) -> str:
        if not words:
            raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")
        return await operational.run(self._terminal, words)

    # -- committing -----------------------------------------------------------------------------------

    async def _commit(self, words: Sequence[str]) -> str:
        session = self._open()
        if words == ["check"]:
            await self._manager.commit(session, CommitOptions(dry_run=True))
            return lines("Configuration check succeeds.")
        options = CommitOptions()
        if words[:1] == ["comment"] and len(words) == 2:
            options = CommitOptions(comment=words[1])
        elif words[:1] == ["confirmed"] and len(words) == 2:
            options = CommitOptions(confirm=_number(words[1], 1, 30000))
        elif words[:1] == ["at"]:
            raise CliError("ERROR: commit at is not supported by this agent.")
        elif words:
            raise not_recognised(
                words[0] if words[0] not in ("comment", "confirmed") or len(words) == 1 else words[-1]
            )
        try:
            outcome = await self._manager.commit(session, options)
        except ConnetosError as error:
            raise CliError(f"{MERGING}\n{_error_text(error).rstrip()}") from None
        note = (
            []
            if outcome.confirm_deadline is None
            else [f"It rolls back in {words[1]} seconds unless you commit again."]
        )
        return lines(MERGING, "Commit OK.", *note)

    async def _discard(self, words: Sequence[str]) -> str:
        _no_more(words)
        self._open().restart(self._manager.running.document, self._manager.running.revision)
        return ""

    async def _rollback(self, words: Sequence[str]) -> str:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: rollback needs a number from 1 to 49.")
        number = _number(words[0], 1, 49)
        revision = self._manager.revision_at(number)
        return await self._activate(
            f"Rolling back to config: /switch/config/connetos.conf.{number:02d}",
            lambda: self._manager.rollback(self._terminal.caller, revision, CommitOptions()),
        )

    async def _load(self, words: Sequence[str]) -> str:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: load needs a file name.")
        document = await asyncio.to_thread(self._read_file, words[0])
        return await self._activate(
            f"Loading config: {words[0]}",
            lambda: self._manager.change(
                self._terminal.caller,
                lambda running: tree.merge(running, document),
                CommitOptions(f"load {words[0]}"),
            ),
        )

    async def _activate(self, first: str, change: Callable[[], Awaitable[Any]]) -> str:
        """Run a change that takes effect at once, which needs a candidate without changes."""
        session = self._open()
        if session.dirty:
            raise CliError(f"{DIRTY} commit or discard them first.")
        self._manager.sessions.check_lock(session)
        try:
            await change()
        except ConnetosError as error:
            raise CliError(f"{first}\n{MERGING}\n{_error_text(error).rstrip()}") from None
        session.restart(self._manager.running.document, self._manager.running.revision)
        return lines(first, MERGING, "Load done.")

    async def _save(self, words: Sequence[str]) -> str:
        if len(words) != 1:
            raise CliError("syntax error, the command is incomplete: save needs a file name.")
        self._open()
        if words[0] in ("running-to-startup", "default-to-startup"):
            await self._manager.save_startup(self._terminal.caller, words[0].partition("-")[0])
        else:
            path = self._file(words[0])
            text = curly.format_curly(self._manager.running.document)
            await asyncio.to_thread(self._manager.store.write_file, path, text)
        return lines("Save done.")

    def _file(self, name: str) -> FilePath:
        match = FILE_NAME.fullmatch(name)
        if match is None or ARCHIVE.fullmatch(name) or match[1] == "connetos.boot":
            raise CliError(f"ERROR: {name} can't be used: give a plain name; files stand in /switch/config.")
        return self._manager.store.startup_file.parent / match[1]

    def _read_file(self, name: str) -> Any:
        archived = ARCHIVE.fullmatch(name)
        if archived:
            return self._manager.store.read(self._manager.revision_at(int(archived[1])))
        path = self._file(name)
        try:
            return parse_document(path.read_text("utf-8"))
        except FileNotFoundError:
            raise NotFound(f"there is no file {name}", hint="files stand in /switch/config") from None
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(f"ERROR: {name} can't be read: {error}.") from None


def _no_more(words: Sequence[str]) -> None:
    if words:
        raise not_recognised(words[0])


def _number(word: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", word) or not low <= int(word) <= high:
        raise CliError(f"ERROR: {word} is not a number from {low} to {high}.")
    return int(word)


def _also(others: Sequence[str]) -> str:
    if len(others) == 1:
        return f"User {others[0]} is also in configuration mode."
    if others:
        return f"Users {', '.join(others[:-1])} and {others[-1]} are also in configuration mode."
    return ""


def _error_text(error: ConnetosError) -> str:
    return "".join(f"ERROR: {problem}\n" for problem in error.problems)


def _public(path: Sequence[str]) -> str:
    """The path for a message, without what stands behind the name of a secret."""
    words = list(path)
    for name in ("plain-text-password", "encrypted-password"):
        if name in words:
            del words[words.index(name) + 1 :]
    return format_path(words)


def _removed(before: Any, path: Path, value: Any) -> str:
    node = locate(path).node
    if isinstance(node, LeafList) and value is not None:
        return "".join(f"{curly.INDENT}{node.name} {word}\n" for word in setlines.value_words(node, value))
    return curly.format_entry(before, path)


def _display(document: Any, path: Path, form: str) -> str:
    if form == "json":
        return json.dumps(tree.get(document, path, {}), indent=4) + "\n"
    head = f"set {format_path(path)}" if path else "set "
    return "".join(line for line in setlines.format_set(document).splitlines(True) if line.startswith(head))
