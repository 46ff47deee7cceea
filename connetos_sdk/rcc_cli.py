"""The command `rcc`: CLI commands on one or many switches, with the options and the output of the vendor's client.

Facts: spec/wire/rcc.md, 1.2. What is printed and which exit codes there are is the same, so that scripts go on
working; long options, `--json` and several switches at once are ours.
"""

from __future__ import annotations

import getpass
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from connetos_sdk.errors import ConnetosError, TooLarge
from connetos_sdk.transports.rcc_client import RccClient, Response, UnknownHostKey, trust_host_key
from connetos_sdk.wire.rcc import PORT, Message, encode_command

FAILED = 255
"""Exit code when a switch can't be talked to, or none is given."""

COMMAND_FAILED = 1
"""Exit code with --strict when a command failed."""

SILENT = ("configure", "edit", "up", "top", "set", "delete", "exit")
"""In configuration mode, a successful command that begins so prints nothing."""

LOGGED = ("set", "delete", "commit")
AT_ONCE = 32
BATCH = 200
_SECRET = re.compile(r"(\S*(?:password|secret)\S*\s+)(\"[^\"]*\"|\S+)")

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@dataclass
class Outcome:
    """What one switch said."""

    switch: str
    banner: str = ""
    responses: list[Response] = field(default_factory=list)
    error: ConnetosError | None = None

    @property
    def failed(self) -> bool:
        """Whether a command failed."""
        return any(not response.success for response in self.responses)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        answers = [
            {"command": r.command, "success": r.success, "mode": r.mode, "text": r.text}
            for r in self.responses
        ]
        error = {"error": self.error.to_dict()} if self.error else {}
        return {"switch": self.switch, "banner": self.banner, "answers": answers, **error}


def split_commands(text: str) -> list[str]:
    """The commands of `-c`, as the vendor's client splits them: at `;`, untrimmed, until a piece is empty."""
    commands: list[str] = []
    while text:
        command, separator, rest = text.partition(";")
        if not command:
            return [*commands, text]
        commands.append(command)
        text = rest if separator else ""
    return commands


def file_commands(text: str) -> list[str]:
    """The commands of a file: its lines as they are, without empty ones and those that begin with `#`."""
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def shown(response: Response) -> bytes:
    """What the vendor's client prints for a response."""
    return b"".join(
        _shown(response.command, message, first=not n) for n, message in enumerate(response.messages)
    )


def _shown(command: str, message: Message, *, first: bool) -> bytes:
    if not message.succeeded:
        return (f">> {command}\n".encode("utf-8", "surrogateescape") if first else b"") + message.text
    silent = SILENT if message.configuring else ("configure",)
    return b"" if command.startswith(silent) else message.text


def log_lines(user: str, responses: Sequence[Response]) -> Iterator[str]:
    """The lines of the vendor's log: changes in configuration mode. Secrets are left out."""
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    for response in responses:
        if response.messages[-1].configuring and response.command.startswith(LOGGED):
            command = _SECRET.sub(r"\1***", response.command)
            yield f"{when}\t{user}\t{command}\t{0 if response.success else -1}\n"


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def main(  # noqa: PLR0917 - each is an option
    switch: Annotated[
        list[str] | None,
        typer.Option("-s", "--switch", help="Switch to talk to; may be given several times."),
    ] = None,
    user: Annotated[
        str | None, typer.Option("-u", "--user", envvar="RCC_USER", help="User on the switch; default: you.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "-p",
            "--password",
            envvar="RCC_PASSWORD",
            help="Others on this machine can see it here: better use RCC_PASSWORD, --key, or wait to be asked.",
        ),
    ] = None,
    commands: Annotated[
        str | None, typer.Option("-c", "--commands", help="Commands with ; between them.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--file", help="File of commands, one a line; # begins a comment line."),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of SSH.")] = PORT,
    key: Annotated[list[Path] | None, typer.Option(help="Private key to log in with.")] = None,
    known_hosts: Annotated[
        Path | None, typer.Option(help="File with the switches' keys; default: ~/.ssh/known_hosts.")
    ] = None,
    verify: Annotated[bool, typer.Option(help="Check the switch's key.")] = True,
    quiet_time: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="MS",
            help="An answer is complete when so long no more has come; default: 0 for our agent, 200 for others.",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each switch.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a command failed.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(help="Append changes to this file as the vendor's client does to remote_config.log."),
    ] = None,
) -> None:
    """Run CLI commands on switches. Without -c and -f they are read from standard input."""
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    wanted = _commands(commands, file)
    if not switch:
        _fail("no switch: give one with -s (rcc -h shows all options)")
    who = user or getpass.getuser()
    if password is None and not key and sys.stdin.isatty():
        password = getpass.getpass(f"Password of {who}: ")
    clients = [
        RccClient(
            name,
            username=who,
            password=password,
            port=port,
            key_files=key or (),
            known_hosts=known_hosts,
            verify=verify,
            quiet=None if quiet_time is None else quiet_time / 1000,
            timeout_s=timeout,
        )
        for name in switch
    ]
    outcomes = _on_all(switch, clients, wanted)
    for outcome in outcomes:
        _print(outcome, as_json=as_json, heading=len(switch) > 1)
    if log is not None:
        with log.open("a", encoding="utf-8", errors="surrogateescape") as stream:
            for outcome in outcomes:
                stream.writelines(log_lines(who, outcome.responses))
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(FAILED)
    if strict and any(outcome.failed for outcome in outcomes):
        raise typer.Exit(COMMAND_FAILED)


def _commands(commands: str | None, file: Path | None) -> list[str]:
    wanted = split_commands(commands) if commands else []
    try:
        if file is not None:
            wanted += file_commands(file.read_text("utf-8", "surrogateescape"))
        elif commands is None and not sys.stdin.isatty():
            wanted += file_commands(sys.stdin.read())
        elif commands is None:
            _fail("no commands: give some with -c or -f")
        for command in wanted:
            encode_command(command)
    except OSError as error:
        _fail(f"{file}: {error.strerror}")
    except TooLarge:
        _fail("Command is too long!")
    except ConnetosError as error:
        _fail(str(error))
    return wanted


def _on_all(names: Sequence[str], clients: Sequence[RccClient], commands: Sequence[str]) -> list[Outcome]:
    for client in clients:
        _get_acquainted(client)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(_on_one, commands), names, clients))


def _get_acquainted(client: RccClient) -> None:
    """Ask about a key that isn't known, one switch after another, where there is somebody to ask."""
    if not sys.stdin.isatty():
        return
    try:
        client.connect()
    except UnknownHostKey as error:
        typer.echo(f"{error.reason}\nDo you trust it (yes/no)? ", err=True, nl=False)
        if error.shown and sys.stdin.readline().strip().lower() == "yes":
            trust_host_key(error.shown)
    except ConnetosError:
        pass  # told with the outcome


def _on_one(commands: Sequence[str], name: str, client: RccClient) -> Outcome:
    outcome = Outcome(name)
    try:
        with client:
            outcome.banner = client.banner
            for begin in range(0, len(commands), BATCH):
                outcome.responses += client.run_many(commands[begin : begin + BATCH])
    except ConnetosError as error:
        outcome.error = error
    return outcome


def _print(outcome: Outcome, *, as_json: bool, heading: bool) -> None:
    if as_json:
        typer.echo(json.dumps(outcome.to_dict(), ensure_ascii=False))
        return
    if heading:
        typer.echo(f"== {outcome.switch} ==")
    if outcome.banner:
        typer.echo(outcome.banner)
    for response in outcome.responses:
        typer.echo(shown(response), nl=False)
    if outcome.error is not None:
        typer.echo(f"{outcome.switch}: {outcome.error}", err=True)


def _fail(reason: str) -> NoReturn:
    typer.echo(f"rcc: {reason}", err=True)
    raise typer.Exit(FAILED)


if __name__ == "__main__":
    app()
