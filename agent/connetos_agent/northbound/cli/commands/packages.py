"""Packages: looking at them, and changing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import Told
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import packages

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


def _change(name: str, arguments: Callable[[Sequence[str]], dict[str, Any]]) -> Run:
    """A command that changes packages: each step on a line of its own, then what changed."""

    async def run(terminal: Terminal, values: Sequence[str]) -> Told:
        steps: list[str] = []

        async def report(progress: Mapping[str, Any]) -> None:
            step = progress.get("step", "")
            if step and not (steps and steps[-1].endswith(step)):
                steps.append(f"{progress.get('percent', 0):5.1f}%  {step}")

        data = await terminal.call(name, report, **arguments(values))
        text = "".join(f"{step}\n" for step in steps)
        return Told(text + packages.changes(data) if "changes" in data else text, data)

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
