"""A stand-in for a vendor's switch: SSH with RCC, its prompts, messages and layouts as documented, nothing else.

It shares no code with our server. Operational output is that of spec/cli/show-formats.yaml, byte for byte; the
configuration has a part that our schema doesn't know. Long answers come in two messages.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from pathlib import Path
from typing import Any

import asyncssh
import yaml

from connetos_sdk.model import curly, setlines, tree

SPEC = Path(__file__).parents[3] / "shared/spec/cli/show-formats.yaml"
USER, PASSWORD = "admin", "vendor-password-1"
BEGIN = """\
set system hostname leaf-17
set vlans vlan-id 210 l3-interface vlan210
set vlan-interface interface vlan210 address 192.0.2.65 prefix-length 26
set protocols static route 203.0.113.0/24 next-hop 192.0.2.66
set protocols static route 198.51.100.0/24 next-hop 192.0.2.67
"""
UNKNOWN = """\
    class-of-service {
        forwarding-class fc-a {
            queue-num: 3
        }
        classifier cls-a {
            trust-mode: "dscp"
            forwarding-class fc-a {
                code-point 26
            }
        }
        interface "te-1/1/3" {
            classifier: "cls-a"
        }
    }
"""
"""A part of the configuration that our schema hasn't, as documented."""
ROUTES = "show route table ipv4 unicast final"


def samples() -> dict[str, str]:
    """Documented output by command."""
    shows = yaml.safe_load(SPEC.read_text("utf-8"))["shows"]
    return {
        show["command"]: show["sample"]
        for show in shows
        if show["mode"] == "operational" and show.get("variant") != "stack"
    }


class _Cli:
    """One user's command line."""

    def __init__(self, switch: VendorSwitch) -> None:
        self.switch = switch
        self.candidate: Any = None

    def run(self, line: str) -> tuple[str, bool]:
        words = line.split(" ")
        if "|" in words:
            return f'syntax error, command "{words[words.index("|") + 1]}" is not recognized.\n', False
        if self.candidate is None:
            return self._operational(line)
        return self._configuration(line, words)

    def _operational(self, line: str) -> tuple[str, bool]:
        if line in ("configure", "configure exclusive"):
            if self.switch.exclusive:
                return (
                    "ERROR: Exclusive config mode requested, but there are already other configuration mode users: "
                    "netops.\n"
                ), False
            self.switch.exclusive = line == "configure exclusive"
            self.candidate = self.switch.running
            return "Entering configuration mode.\nThere are no other users in configuration mode.\n", True
        if line == "show running-config":
            return curly.format_curly(self.switch.running, defaults=True, level=1) + UNKNOWN, True
        if line.startswith("show vlans vlan-id "):
            return self._vlan(line.rsplit(maxsplit=1)[-1])
        if line in self.switch.samples:
            return self.switch.samples[line], True
        return f'syntax error, command "{line.rsplit(maxsplit=1)[-1]}" is not recognized.\n', False

    def _vlan(self, vlan: str) -> tuple[str, bool]:
        sample = self.switch.samples["show vlans vlan-id <vlan-id>"]
        if vlan == "210":
            return sample, True
        if vlan != "1":
            return f'ERROR: path "vlans vlan-id {vlan}" is not valid.\n', False
        return sample.replace("210", "1").replace("vlan1", ""), True

    def _configuration(self, line: str, words: list[str]) -> tuple[str, bool]:
        dirty = self.candidate != self.switch.running
        if words[0] in ("set", "delete"):
            return self._edit(line, words)
        if line == "show":
            text = curly.format_marked(self.candidate, self.switch.running).replace("+ ", "\uff0b ")
            return "Waiting for building configuration.\n" + text + UNKNOWN, True
        if words[0] == "run":
            return self._operational(line.partition(" ")[2])
        if words[0] == "commit" and (
            len(words) == 1 or (len(words) == 3 and words[1] in ("comment", "confirmed"))
        ):
            self.switch.archive.insert(0, self.switch.running)
            self.switch.running = self.candidate
            self.switch.commits.append(line)
            return "Waiting for merging configuration.\nCommit OK.\n", True
        if words[0] == "rollback" and words[-1].isdigit() and int(words[-1]) <= len(self.switch.archive):
            number = int(words[-1])
            self.candidate = self.switch.running = self.switch.archive[number - 1]
            path = f"/switch/config/connetos.conf.{number:02d}"
            return f"Rolling back to config: {path}\nWaiting for merging configuration.\nLoad done.\n", True
        if line == "save running-to-startup":
            self.switch.saved = True
            return "Save done.\n", True
        if line == "discard":
            self.candidate = self.switch.running
            return "", True
        if line in ("exit", "exit discard"):
            if dirty and line == "exit":
                return "ERROR: There are uncommitted changes.\n", False
            self.candidate, self.switch.exclusive = None, False
            return "Leave configuration mode.\n", True
        return f'syntax error, command "{words[-1]}" is not recognized.\n', False

    def _edit(self, line: str, words: list[str]) -> tuple[str, bool]:
        try:
            self.candidate = setlines.apply_edits(self.candidate, setlines.parse_line(line))
        except Exception:
            return f'ERROR: path "{" ".join(words[1:])}" is not valid.\n', False
        return ("Deleting: \n    removed\nOK \n" if words[0] == "delete" else ""), True


class VendorSwitch:
    """Listens on `port` of 127.0.0.1, in a thread of its own."""

    def __init__(self, directory: Path) -> None:
        self.samples = samples()
        self.running: Any = tree.check(setlines.apply_edits({}, setlines.parse_lines(BEGIN)))
        self.archive: list[Any] = []
        self.commits: list[str] = []
        self.saved = self.exclusive = False
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(key), self._loop).result(20)
        self.port = self._server.get_port()
        self.known_hosts = directory / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}")

    async def _listen(self, key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
        class Server(asyncssh.SSHServer):
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == (USER, PASSWORD)

        return await asyncssh.create_server(
            Server, "127.0.0.1", 0, server_host_keys=[key], server_version="OpenSSH_6.0",
            process_factory=self._serve, encoding=None,
        )  # fmt: skip

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.subsystem != "remote_config":
            process.exit(1)
            return
        cli = _Cli(self)
        async for raw in process.stdin:
            text, succeeded = cli.run(raw.decode().strip(" \n;"))
            mode = 1 if cli.candidate is None else 2
            data, half = text.encode(), len(text.encode()) // 2
            for part in (data[:half], data[half:]) if len(data) > 400 else (data,):
                process.stdout.write(struct.pack(">III", 12 + len(part), int(succeeded), mode) + part)
                await asyncio.sleep(0.02)
        process.exit(0)

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
