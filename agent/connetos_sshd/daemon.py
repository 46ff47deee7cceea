"""The process: options, listening sockets, readiness, end."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from connetos_agent import logs
from connetos_agent.systemd import handed_sockets, notify
from connetos_sdk import __version__
from connetos_sshd.control import Policy, follow
from connetos_sshd.server import Server, Settings, listening_socket

log = logging.getLogger(__name__)

STANDARD_ADDRESS = ("0.0.0.0", 22)


def options() -> argparse.ArgumentParser:
    """The program's options."""
    parser = argparse.ArgumentParser(
        prog="connetos-sshd",
        description="SSH access to a ConnetOS switch: shell, commands, and RCC.",
        epilog="Sockets that systemd hands over are served, too; then nothing else is unless --listen says so.",
    )
    parser.add_argument(
        "--listen",
        type=_address,
        action="append",
        metavar="ADDRESS:PORT",
        help="where to listen, may be given several times (default: 0.0.0.0:22)",
    )
    parser.add_argument(
        "--agent-socket",
        type=Path,
        default=Path("/run/connetos/cli.sock"),
        help="where the agent's CLI listens (%(default)s)",
    )
    parser.add_argument(
        "--state-directory",
        type=Path,
        default=Path("/var/lib/connetos"),
        help="has ssh/host_ed25519_key and authorized_keys/<user> (%(default)s)",
    )
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--version", action="version", version=f"connetos-sshd {__version__}")
    return parser


def main() -> None:
    """Serve SSH until SIGTERM or SIGINT."""
    chosen = options().parse_args()
    logs.configure(chosen.log_level)
    handed = handed_sockets()
    addresses = chosen.listen or ([] if handed else [STANDARD_ADDRESS])
    try:
        sockets = handed + [_listen(address) for address in addresses]
        asyncio.run(_run(Settings(chosen.agent_socket, chosen.state_directory), sockets))
    except (OSError, ValueError) as error:
        log.error("SSH can't be served: %s", error)
        sys.exit(1)


async def _run(settings: Settings, sockets: list[socket.socket]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = Server(settings, sockets)
    await server.apply(Policy())
    following = asyncio.create_task(follow(settings.agent_socket, server.apply))
    for sock in sockets:
        log.info("listening", extra={"address": sock.getsockname()})
    gc.collect()
    gc.freeze()
    log.info("ready", extra={"version": __version__, "pid": os.getpid()})
    notify("READY=1")
    await ended.wait()
    notify("STOPPING=1")
    following.cancel()
    server.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"must be address:port, not {text!r}")
    return host.strip("[]"), int(port)


def _listen(address: tuple[str, int]) -> socket.socket:
    try:
        return listening_socket(address)
    except OSError as error:
        raise OSError(f"can't listen on {address[0]} port {address[1]}: {error.strerror}") from error
