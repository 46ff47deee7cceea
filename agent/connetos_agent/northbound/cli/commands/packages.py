"""Packages: looking at them, and changing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import Told
from connetos_agent.northbound.cli.commands.command import Interrupted, Terminal, command
from connetos_agent.show import packages

SHOWN_PERCENT = 10.0
CLEAR_TO_END = "\x1b[K"

Run = Callable[[Terminal, Sequence[str]], Awaitable[Told]]


async def _installed(terminal: Terminal, _values: Sequence[str]) -> str:
    return packages.installed(await terminal.read_state(("packages",)))


async def _one(terminal: Terminal, values: Sequence[str]) -> Told:
    data = await terminal.call("packages/show", name=values[0])
    return Told(packages.one(data), data)


async def _history(terminal: Terminal, _values: Sequence[str]) -> Told:
    data = await terminal.call("packages/history")
    return Told(packages.history(data["transactions"]), data)


async def _repositories(terminal: Terminal, _values: Sequence[str]) -> str:
    return packages.repositories(await terminal.read_state(("packages", "repositories")))


async def _uploads(terminal: Terminal, _values: Sequence[str]) -> str:
    return packages.uploads(await terminal.read_state(("packages", "uploads")))


class _Steps:
    """Shows steps as they begin, each on a line of its own with how far the whole is.

    At a person's terminal the line of the present step is written again as it gets on; elsewhere (logs, programs)
    there is another one after each `SHOWN_PERCENT`.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._rewrites = terminal.send is not None and terminal.lends and terminal.kind != "dumb"
        self._step, self._percent, self._open = "", 0.0, False
        self.transaction: int | None = None

    async def report(self, progress: Mapping[str, Any]) -> None:
        """Gets what the operation tells."""
        self.transaction = progress.get("transaction", self.transaction)
        step, percent = progress.get("step", ""), progress.get("percent", 0.0)
        least = 0.0 if self._rewrites else SHOWN_PERCENT
        if not step or (step == self._step and percent <= self._percent + least):
            return
        line = f"{percent:5.1f}%  {step}"
        if not self._rewrites:
            await self._terminal.tell(f"{line}\n")
        else:
            new = "\n" if self._open and step != self._step else "\r"
            await self._terminal.tell(f"{new}{line[: self._terminal.size[0] - 1]}{CLEAR_TO_END}")
            self._open = True
        self._step, self._percent = step, percent

    async def end(self) -> None:
        """What is shown next begins a line."""
        if self._open:
            await self._terminal.tell("\n")


def _change(name: str, arguments: Callable[[Sequence[str]], dict[str, Any]]) -> Run:
    """A command that changes packages: each step on a line of its own as it begins, then what changed."""

    async def run(terminal: Terminal, values: Sequence[str]) -> Told:
        steps = _Steps(terminal)
        try:
            data = await terminal.call(name, steps.report, **arguments(values))
        except Interrupted:
            if steps.transaction is None:
                raise
            goes_on = f"Transaction {steps.transaction} goes on; `request packages watch` follows it."
            raise Interrupted(goes_on) from None
        finally:
            await steps.end()
        return Told(packages.changes(data) if "changes" in data else "", data)

    return run


def _plan(action: str) -> Run:
    async def run(terminal: Terminal, values: Sequence[str]) -> Told:
        data = await terminal.call("packages/plan", action=action, **_named(values))
        return Told(packages.plan(data), data)

    return run


def _named(values: Sequence[str]) -> dict[str, Any]:
    """A word that ends with `.deb` or `.tar` is an uploaded file, any other a package."""
    files = [value for value in values if value.endswith((".deb", ".tar"))]
    names = [value for value in values if value not in files]
    return {name: words for name, words in (("packages", names), ("files", files)) if words}


def _transaction(values: Sequence[str]) -> dict[str, Any]:
    if not values:
        return {}
    return {"transaction": int(values[0]) if values[0].isdigit() else values[0]}


def _file(values: Sequence[str]) -> dict[str, Any]:
    return {"file": values[0]} if values else {}


_install, _upgrade, _system = (
    _change(name, arguments)
    for name, arguments in (
        ("packages/install", _named),
        ("packages/upgrade", _named),
        ("system/upgrade", _file),
    )
)

COMMANDS = (
    command("show packages", "Installed packages", _installed, state="packages"),
    command("show packages <package>", "One package", _one, tells=True),
    command("show packages history", "What was installed and removed, and by whom", _history, tells=True),
    command(
        "show packages repositories", "Package repositories", _repositories, state="packages repositories"
    ),
    command("show packages uploads", "Uploaded package files", _uploads, state="packages uploads"),
    command(
        "request packages install <package>", "Install a package or an uploaded file", _install, tells=True
    ),
    command(
        "request packages remove <package>",
        "Remove a package",
        _change("packages/remove", _named),
        tells=True,
    ),
    command("request packages upgrade", "Upgrade all packages", _upgrade, tells=True),
    command("request packages upgrade <package>", "Upgrade one package", _upgrade, tells=True),
    command(
        "request packages update", "Read the package lists", _change("packages/update", _named), tells=True
    ),
    command(
        "request packages rollback <transaction>",
        "Go back to the packages before a transaction",
        _change("packages/rollback", _transaction),
        tells=True,
    ),
    command(
        "request packages watch",
        "Follow the transaction that runs",
        _change("packages/watch", _transaction),
        tells=True,
    ),
    command(
        "request packages watch <transaction>",
        "Follow a transaction, or see what became of it",
        _change("packages/watch", _transaction),
        tells=True,
    ),
    command(
        "request packages plan install <package>", "What installing it would do", _plan("install"), tells=True
    ),
    command(
        "request packages plan remove <package>", "What removing it would do", _plan("remove"), tells=True
    ),
    command("request packages plan upgrade", "What upgrading all would do", _plan("upgrade"), tells=True),
    command(
        "request system upgrade", "Install the newest switch package of /var/upgrade", _system, tells=True
    ),
    command("request system upgrade <file>", "Install a switch package of /var/upgrade", _system, tells=True),
)
