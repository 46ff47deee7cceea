"""`connetos xrl`: calling XRLs and looking at a finder from the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console

from connetos_sdk.errors import ConnetosError, InvalidValue
from connetos_sdk.transports.xrl_client import DEFAULT_FINDER, TIMEOUT_SECONDS, XrlClient
from connetos_sdk.wire.xrl import Atom, AtomType, Code, Reply, Xrl, error_of, format_args
from connetos_sdk.wire.xrl.escape import to_bytes
from connetos_sdk.wire.xrl.values import format_value

app = typer.Typer(
    name="xrl",
    help="Call XRLs, XORP's inter-process calls, and look at the targets of a finder.",
    no_args_is_help=True,
)
_err = Console(stderr=True, highlight=False)

EXIT_XRL_ERROR = 3
EXIT_NO_ANSWER = 255
"""Exit codes of XORP's call_xrl (spec/wire/xrl.md, 5.5): the target answered with an error; it didn't answer."""

_UNANSWERED = (
    Code.NO_FINDER,
    Code.RESOLVE_FAILED,
    Code.SEND_FAILED,
    Code.REPLY_TIMED_OUT,
    Code.SEND_FAILED_TRANSIENT,
)

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

FinderOption = Annotated[
    str,
    typer.Option(
        "--finder",
        metavar="HOST[:PORT]",
        help="The finder; XORP_FINDER_SERVER_ADDRESS and _PORT if they are set, else 127.0.0.1:19999.",
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="How long to wait for an answer.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _explained(command: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Turn an error into two lines and an exit code."""

    @wraps(command)
    def wrapper(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return command(*args, **kwargs)
        except ConnetosError as error:
            _complain(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return wrapper


def _complain(error: ConnetosError) -> None:
    text = str(error).removesuffix(f" ({error.hint})")
    _err.print(f"error: {text}", style="red", markup=False, soft_wrap=True)
    if error.hint:
        _err.print(f"hint: {error.hint}", markup=False, soft_wrap=True)


def _client(finder: str, timeout_s: float) -> XrlClient:
    host = finder or os.environ.get("XORP_FINDER_SERVER_ADDRESS", DEFAULT_FINDER[0])
    port = os.environ.get("XORP_FINDER_SERVER_PORT", str(DEFAULT_FINDER[1]))
    if finder.count(":") == 1:
        host, _, port = finder.partition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) <= 65535:
        raise InvalidValue(f"{host}:{port} isn't the address of a finder", hint="such as 127.0.0.1:19999")
    return XrlClient((host, int(port)), timeout_s=timeout_s)


@app.command()
@_explained
def call(
    xrls: Annotated[
        list[str],
        typer.Argument(
            metavar="XRL...",
            help="finder://target/interface/version/method?name:type=value&...",
            show_default=False,
        ),
    ],
    finder: FinderOption = "",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Call XRLs one after the other and print their results.

    Exit code 3: a target answered with an error; 255: no answer. The first error ends the command.
    """
    parsed = [Xrl.parse(text) for text in xrls]
    with _client(finder, timeout) as client:
        for xrl in parsed:
            reply = client.send(xrl)
            if reply.code is not Code.OKAY:
                _fail(xrl, reply)
            if as_json:
                typer.echo(
                    json.dumps({atom.name: _plain(atom) for atom in reply.results}, ensure_ascii=False)
                )
            else:
                typer.echo(format_args(reply.results))


def _fail(xrl: Xrl, reply: Reply) -> None:
    _complain(error_of(reply, f"{xrl.target}/{xrl.command}"))
    raise typer.Exit(EXIT_NO_ANSWER if reply.code in _UNANSWERED else EXIT_XRL_ERROR)


def _plain(atom: Atom) -> Any:
    value: Any = atom.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if atom.type is AtomType.LIST:
        return [_plain(item) for item in value]
    if atom.type is AtomType.BINARY:
        return value.hex()
    raw = to_bytes(value) if atom.type is AtomType.TXT else format_value(atom.type, value)
    return raw.decode("utf-8", "replace")


@app.command()
@_explained
def targets(
    finder: FinderOption = "", timeout: TimeoutOption = TIMEOUT_SECONDS, as_json: JsonOption = False
) -> None:
    """List the targets at a finder by instance name."""
    with _client(finder, timeout) as client:
        _print_list(client.targets(), as_json)


@app.command()
@_explained
def methods(
    target: Annotated[str, typer.Argument(help="A class or instance name.", show_default=False)],
    finder: FinderOption = "",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """List the methods that a target has registered."""
    with _client(finder, timeout) as client:
        _print_list(client.methods(target), as_json)


@app.command()
@_explained
def resolve(
    xrl: Annotated[str, typer.Argument(help="finder://target/interface/version/method", show_default=False)],
    finder: FinderOption = "",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Show where a method is called: its addresses, best first."""
    parsed = Xrl.parse(xrl)
    with _client(finder, timeout) as client:
        _print_list(list(client.resolve(parsed.target, parsed.command)), as_json)


@app.command()
@_explained
def listen(
    classes: Annotated[
        list[str], typer.Argument(metavar="CLASS...", help="Target classes.", show_default=False)
    ],
    finder: FinderOption = "",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_json: JsonOption = False,
    count: Annotated[int, typer.Option("--count", help="End after so many events; 0: never.")] = 0,
) -> None:
    """Tell when targets of some classes come and leave, beginning with those that are there. Ends with Ctrl-C."""
    seen = 0
    with _client(finder, timeout) as client:
        for event in client.watch(classes):
            if event is None:
                continue
            if as_json:
                typer.echo(json.dumps(event._asdict()))
            else:
                typer.echo(f"{'birth' if event.born else 'death'} {event.class_name} {event.instance}")
            seen += 1
            if seen == count:
                return


def _print_list(lines: list[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(lines, indent=2))
        return
    for line in lines:
        typer.echo(line)


if __name__ == "__main__":
    app()
