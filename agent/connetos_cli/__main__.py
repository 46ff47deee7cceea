"""`cli`: the switch's command line. On a terminal with editing, completion, history and pager; else line by line."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from connetos_cli import editing, pager
from connetos_cli.link import SOCKET, Link, LinkError

PACKAGES = {"ssh": "openssh-client", "telnet": "inetutils-telnet"}
"""Debian's packages of the programs that a terminal is lent to."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT."""


def options() -> argparse.ArgumentParser:
    """The program's options."""
    parser = argparse.ArgumentParser(prog="cli", description="Command line of the switch.")
    parser.add_argument(
        "-c", "--command", action="append", default=[], help="run this line and end; may be repeated"
    )
    parser.add_argument("--socket", type=Path, default=SOCKET, help="the agent's socket (%(default)s)")
    parser.add_argument("--version", action="store_true", help="show the version and end")
    return parser


def main() -> None:
    """Run the program."""
    arguments = options().parse_args()
    if arguments.version:
        from connetos_sdk import __version__

        print(f"cli {__version__}")
        return
    try:
        link = Link(arguments.socket)
        if arguments.command or not sys.stdin.isatty():
            sys.exit(batch(link, arguments.command or (line.rstrip("\n") for line in sys.stdin)))
        interactive(link)
    except LinkError as error:
        sys.exit(f"cli: {error}")
    except BrokenPipeError:  # whoever reads has enough; the interpreter flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def batch(link: Link, lines: Any) -> int:
    """Run lines and print their answers; 1 if one failed, 130 after Ctrl-C."""
    failed = False
    for line in lines:
        reply = link.run(line, _write)
        print(reply.text, end="", file=sys.stdout if reply.ok else sys.stderr, flush=True)
        if reply.interrupted:
            return INTERRUPTED
        failed = failed or not reply.ok
        if reply.ended:
            break
    return int(failed)


def interactive(link: Link) -> None:
    """Converse with the user at the terminal until one of the two ends the session.

    Raises:
        LinkError: it was the agent.
    """
    from prompt_toolkit import PromptSession

    print(link.banner)
    session: PromptSession[str] = PromptSession(key_bindings=_keys(link))
    while True:
        *above, prompt = link.prompt.split("\n")
        for line in above:
            print(line)
        try:
            line = session.prompt(prompt, pre_run=lambda: _watch(link))
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        reply = link.run(line, _write, terminal=_terminal())
        _page(reply.text, paged="| no-more" not in line)
        if reply.login:
            _log_in(reply.login)
        if reply.ended:
            return


def _terminal() -> dict[str, Any]:
    size = os.get_terminal_size(sys.stdin.fileno())  # not COLUMNS, which may be stale
    return {
        "kind": os.environ.get("TERM", "dumb"),
        "width": size.columns,
        "height": size.lines,
        "lends": True,
    }


def _log_in(command: tuple[str, ...]) -> None:
    """Lend the terminal to ssh or telnet, with this user's rights, until it ends."""
    program = shutil.which(command[0])
    if program is None:
        print(f"ERROR: {command[0]} isn't installed on this switch (apt-get install {PACKAGES[command[0]]}).")
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other device
    try:
        subprocess.run([program, *command[1:]], check=False)
    finally:
        signal.signal(signal.SIGINT, before)


def _watch(link: Link) -> None:
    """While a line is typed: end when the agent ends the session, and don't let the user type into the void."""
    import asyncio

    from prompt_toolkit.application import get_app

    application, loop = get_app(), asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(link.fileno())
        try:
            link.receive()
        except LinkError as error:
            application.exit(exception=error)

    loop.add_reader(link.fileno(), ended)


def _keys(link: Link) -> Any:
    from prompt_toolkit.application import run_in_terminal
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()

    @bindings.add("?")
    def explain(event: Any) -> None:
        found = link.complete(event.current_buffer.document.text_before_cursor)
        run_in_terminal(lambda: print(editing.explanation(found), end=""))

    @bindings.add("tab")
    def complete(event: Any) -> None:
        before = event.current_buffer.document.text_before_cursor
        found = link.complete(before)
        added = editing.addition(before, found)
        event.current_buffer.insert_text(added)
        if not added and found:
            run_in_terminal(lambda: print(editing.explanation(found), end=""))

    @bindings.add(" ")
    def complete_or_blank(event: Any) -> None:
        before = event.current_buffer.document.text_before_cursor
        typing = editing.unfinished(before) and before.count('"') % 2 == 0
        event.current_buffer.insert_text(
            (editing.addition(before, link.complete(before, keywords=True)) if typing else "") or " "
        )

    return bindings


def _page(text: str, *, paged: bool) -> None:
    height = shutil.get_terminal_size().lines
    if not paged:
        height = sys.maxsize
    pager.page(text, height, write=_write, read_key=_read_key)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _read_key() -> str:
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        key = sys.stdin.read(1)
        return key + sys.stdin.read(2) if key == "\x1b" else key or "q"
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
