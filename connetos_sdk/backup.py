"""Configurations of switches in a git repository: one commit for a run, and only where something has changed.

    repository = Repository("/srv/switch-configs")
    saved = save(switches, repository)
    print(saved.commit, saved.changed, saved.failed)
    documents(["leaf1"], repository, version="HEAD~3")["leaf1"]

Secrets are masked unless they are asked for. A masked configuration can be laid down again where its users exist: a
switch takes the mask for the secret that it has.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connetos_sdk.errors import BadRequest, ConnetosError, NotFound
from connetos_sdk.fleet import Fleet
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document
from connetos_sdk.switch import Switch

Form = Literal["text", "set", "json"]
SUFFIXES: Mapping[str, str] = {"text": ".conf", "set": ".set", "json": ".json"}
"""Of the files, by form: curly braces, `set` lines, JSON."""
AUTHOR = "ConnetOS backup <backup@localhost>"
TIMEOUT_S = 120.0
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
MOST_OF_CAUSE = 500
"""Characters of what git says when it refuses."""
_CREDENTIALS = re.compile(r"//[^/\s@]*@")
_AUTHOR = re.compile(r"([^<>]+?) *<([^<>]*)>")


@dataclass(frozen=True)
class Saved:
    """What a backup did.

    Attributes:
        before: texts of the files that have changed, as they were committed; empty for those that weren't.
        after: texts of the same files as they are, or with `dry_run` would be.
        commit: id of the commit; empty if nothing has changed.
        failed: why switches couldn't be asked, by name; their files are as they were.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    commit: str
    failed: Mapping[str, str]

    @property
    def changed(self) -> list[str]:
        """Names of the files that have changed."""
        return list(self.after)


@dataclass(frozen=True)
class Repository:
    """A git repository, or a folder of one.

    Attributes:
        folder: where the files are, below a work tree; without one it becomes one at the first commit. A folder that isn't
            there is made for its owner only.
        author: of the commits, `Name <address>`.
    """

    folder: Path
    author: str = AUTHOR

    def committed(self, name: str) -> str:
        """The text of a file as it was committed last; empty if it never was."""
        return self._text(name, "HEAD") or ""

    def read_version(self, name: str, version: str) -> str:
        """The text of a file in a commit.

        Args:
            name: of the file.
            version: whatever git takes for a commit: `HEAD`, `HEAD~2`, an id, a tag, `@{yesterday}`.

        Raises:
            NotFound: there is no such commit, or no such file in it.
        """
        commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{version}^{{commit}}")
        if commit is None:
            raise NotFound(
                f"{self.folder} has no version {version}", hint="what git log shows, such as HEAD~1"
            )
        text = self._text(name, commit.strip())
        if text is None:
            raise NotFound(f"{name} isn't in version {version} of {self.folder}", hint="git log shows which")
        return text

    def commit(self, files: Mapping[str, str], message: str, *, private: bool = False) -> str:
        """Write files and commit them, and nothing else; the id of the commit.

        Args:
            files: texts by name.
            message: of the commit.
            private: only the owner may read the files. What git itself keeps is as readable as the folder is.

        Raises:
            ConnetosError: git isn't there, or refuses.
        """
        folder = Path(self.folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._begin()
            for name, text in files.items():
                with open(folder / name, "w", encoding="utf-8", opener=_opener(private=private)) as file:
                    file.write(text)
        except OSError as error:
            raise ConnetosError(f"{error.filename or folder} can't be written: {error.strerror}") from error
        self._must("add", "--", *files)
        self._must("commit", "--quiet", "--message", message, "--", *files)
        return self._must("rev-parse", "HEAD").strip()

    def unpushed(self) -> bool:
        """Whether there are commits that the remote repository doesn't have, as far as is known here."""
        if self._git("rev-parse", "--verify", "--quiet", "HEAD") is None:
            return False
        return self._git("rev-list", "--max-count=1", "@{upstream}..HEAD") != ""

    def push(self) -> None:
        """Give the commits to the remote repository of the branch.

        Raises:
            ConnetosError: there is none, or it refuses.
        """
        self._must("push", "--quiet")

    def _text(self, name: str, commit: str) -> str | None:
        """The text of a file as checking it out would lay it down; None if the commit doesn't have it."""
        return self._git("cat-file", "--filters", f"{commit}:./{name}")

    def _begin(self) -> None:
        """Make the folder a repository, unless it is in one: also in one that git refuses, as another user's."""
        done = self._run("rev-parse", "--is-inside-work-tree")
        if done.returncode and "not a git repository" in done.stderr:
            self._must("init", "--quiet")
        elif done.returncode:
            raise self._failed("rev-parse", done)

    def _must(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode:
            raise self._failed(arguments[0], done)
        return done.stdout

    def _failed(self, command: str, done: subprocess.CompletedProcess[str]) -> ConnetosError:
        told = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        cause = [line for line in told if line.startswith(("fatal:", "error:", "remote:", "!"))] or told
        text = _CREDENTIALS.sub("//", " ".join(cause))[:MOST_OF_CAUSE]
        return ConnetosError(f"git {command} in {self.folder} failed: {text or done.returncode}")

    def _git(self, *arguments: str) -> str | None:
        """What git prints; None if it refuses."""
        done = self._run(*arguments)
        return None if done.returncode else done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        author = _AUTHOR.fullmatch(self.author)
        if author is None:
            raise BadRequest(f"{self.author!r} isn't an author", hint=AUTHOR)
        names = {f"GIT_{who}_NAME": author[1] for who in ("AUTHOR", "COMMITTER")}
        mails = {f"GIT_{who}_EMAIL": author[2] for who in ("AUTHOR", "COMMITTER")}
        try:
            return subprocess.run(
                ["git", "-C", str(self.folder), *arguments],
                env={**os.environ, **names, **mails, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise ConnetosError("git isn't installed here", hint="apt-get install git") from None
        except subprocess.TimeoutExpired:
            raise ConnetosError(f"git {arguments[0]} took more than {TIMEOUT_S:.0f} s") from None


def save(
    switches: Mapping[str, Switch],
    repository: Repository,
    *,
    form: Form = "text",
    secrets: bool = False,
    message: str = "",
    dry_run: bool = False,
) -> Saved:
    """Write the running configurations into a repository.

    Args:
        switches: connections by name; a file has the name of its switch.
        repository: where.
        form: curly braces, `set` lines or JSON.
        secrets: write password hashes instead of a mask (super-users only), into files that only their owner may read.
        message: of the commit; names the switches that have changed by default.
        dry_run: only say what would change.

    Raises:
        BadRequest: a name can't be the name of a file.
        ConnetosError: see `Repository.commit`.
    """
    files = {name: file_name(name, form) for name in switches}
    told = Fleet(switches).run(lambda switch: switch.config_text(form=form, secrets=secrets))
    before, after = {}, {}
    for name, outcome in told.done.items():
        found, text = repository.committed(files[name]), outcome.value or ""
        if found != text:
            before[files[name]], after[files[name]] = found, text
    failed = {name: str(outcome.error) for name, outcome in told.failed.items()}
    if dry_run or not after:
        return Saved(before, after, "", failed)
    names = [name for name in told.done if files[name] in after]
    commit = repository.commit(after, message or f"Backup of {', '.join(names)}", private=secrets)
    return Saved(before, after, commit, failed)


def _opener(*, private: bool) -> Callable[[str, int], int]:
    """Opens a file, but not what a link leads to; with `private` one that only its owner may read from then on."""

    def opened(path: str, flags: int) -> int:
        file = os.open(path, flags | os.O_NOFOLLOW, 0o600 if private else 0o666)
        if private:
            os.fchmod(file, 0o600)
        return file

    return opened


def documents(
    names: Iterable[str], repository: Repository, *, form: Form = "text", version: str = "HEAD"
) -> dict[str, Document]:
    """The configurations of switches as they were saved.

    Raises:
        NotFound: a switch isn't in that version.
        ParseError: what was saved isn't a configuration.
    """
    texts = {name: repository.read_version(file_name(name, form), version) for name in names}
    return {name: parse_document(text) for name, text in texts.items()}


def file_name(switch: str, form: Form = "text") -> str:
    """The file of a switch.

    Raises:
        BadRequest: the name of the switch can't be part of one.
    """
    if not _NAME.fullmatch(switch):
        raise BadRequest(f"{switch!r} can't be the name of a file", hint="letters, digits, . _ : -")
    return switch + SUFFIXES[form]
