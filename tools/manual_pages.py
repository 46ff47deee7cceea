"""Manual pages of the package: what is said for people is in agent/debian/man, options come from the programs."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer.main

from connetos_agent import daemon as agent
from connetos_cli import __main__ as cli
from connetos_sdk import cli as connetos
from connetos_sdk import rcc_cli
from connetos_sshd import daemon as sshd

PAGES = Path(__file__).resolve().parent.parent / "agent" / "debian" / "man"


@dataclass(frozen=True)
class Program:
    """What a program says about itself; options and commands are (how it is written, help)."""

    synopsis: str
    description: str
    options: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...] = ()


def _of_parser(parser: argparse.ArgumentParser) -> Program:
    formatter = parser.formatter_class(prog=parser.prog)
    options = []
    for action in parser._actions:
        value = "" if action.nargs == 0 else " " + formatter._format_args(action, action.dest.upper())
        help_line = formatter._expand_help(action) if action.help else ""
        options.append((", ".join(f"{flag}{value}" for flag in action.option_strings), help_line))
    description = " ".join(filter(None, (parser.description, parser.epilog)))
    return Program(f"{parser.prog} [OPTION]...", description, tuple(options))


def _of_application(name: str, application: typer.Typer) -> Program:
    command = typer.main.get_command(application)
    context = typer.Context(command, info_name=name)
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    options = tuple((_without_markup(flags), _without_markup(text)) for flags, text in filter(None, records))
    below = sorted(getattr(command, "commands", {}).items())
    commands = [(f"{name} {word}", command.get_short_help_str(200)) for word, command in below]
    description = inspect.cleandoc(_without_markup(command.help or ""))
    usage = "COMMAND [ARGUMENT]..." if commands else ""
    return Program(f"{name} [OPTION]... {usage}".strip(), description, options, tuple(commands))


def programs() -> dict[str, Program]:
    """Every program in PATH, by the name of its page."""
    return {
        "cli.1": _of_parser(cli.options()),
        "rcc.1": _of_application("rcc", rcc_cli.app),
        "connetos.1": _of_application("connetos", connetos.app),
        "connetos-agent.8": _of_parser(agent.options()),
        "connetos-sshd.8": _of_parser(sshd.options()),
    }


def pages(version: str, date: str) -> dict[str, str]:
    """The pages, by file name."""
    made = {}
    for name, program in programs().items():
        filled = {
            "VERSION": version,
            "DATE": date,
            "SYNOPSIS": _roff(program.synopsis),
            "DESCRIPTION": _roff(program.description),
            "OPTIONS": _list(program.options),
            "COMMANDS": _list(program.commands),
        }
        text = (PAGES / name).read_text("utf-8")
        made[name] = re.sub(r"@([A-Z]+)@", lambda found, filled=filled: filled[found[1]], text)
    return made


def _list(entries: Iterable[tuple[str, str]]) -> str:
    return "\n".join(
        f".TP\n.B {_roff(written)}\n{_roff(text) or 'no description'}" for written, text in entries
    )


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines())


def _without_markup(text: str) -> str:
    return re.sub(r"\[/?(?:dim|red|green|bold|yellow)\]", "", text)
