"""The login shell of the switch's users: what OpenSSH starts for them, with `-c` for a command or a subsystem."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connetos_cli.__main__ import INTERRUPTED, batch, interactive
from connetos_cli.link import SOCKET, Link, LinkError

REMOTE_CONFIG = "/usr/lib/connetos/remote_config"
"""What sshd_config names as the program of the subsystem `remote_config`; sshd has the login shell start it."""

SHELL_COMMANDS = ("cli", "")
"""Commands that mean the shell itself."""


def main() -> None:
    """Run the program."""
    sys.exit(run(sys.argv[1:], SOCKET))


def run(arguments: list[str], socket: Path) -> int:
    """Do what a login shell is asked to; the exit status."""
    if arguments and (arguments[0] != "-c" or len(arguments) != 2):
        print("usage: shell [-c COMMAND]", file=sys.stderr)
        return 2
    command = arguments[1].strip() if arguments else ""
    if command == REMOTE_CONFIG:
        from connetos_sshd.stdio import serve

        return serve(socket)
    try:
        link = Link(socket, via="ssh", source=os.environ.get("SSH_CONNECTION", "local").split()[0])
        if command not in SHELL_COMMANDS:
            return one_shot(link, command)
        if not sys.stdin.isatty():
            return batch(link, (line.rstrip("\n") for line in sys.stdin))
        interactive(link)
    except LinkError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


def one_shot(link: Link, command: str) -> int:
    """Run the lines of `command` until one fails; 1 if one did."""
    for line in command.splitlines():
        reply = link.run(line.strip(), lambda text: print(text, end="", flush=True))
        print(reply.text, end="", flush=True)
        if reply.interrupted:
            return INTERRUPTED
        if not reply.ok:
            return 1
        if reply.ended:
            break
    return 0


if __name__ == "__main__":
    main()
