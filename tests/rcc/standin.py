"""A stand-in for the agent's CLI socket: the same protocol, a handful of commands, and every request on record."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

USER, PASSWORD = "admin", "open sesame"
WORDS = {
    "": ["configure", "exit", "quit", "show"],
    "show": ["version", "vlan-interface", "vlans"],
    "set vlan-id": ["20"],
}


class StandIn:
    """Runs in a thread of its own. `hellos` and `lines` are what was asked; `sessions` how many are open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hellos: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.sessions = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()

    def start(self) -> None:
        self._thread.start()
        listening = asyncio.start_unix_server(self._serve, self.path, limit=1 << 20)
        asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)

    def stop(self) -> None:
        self.drop_all()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def drop_all(self) -> None:
        """Close all sessions, as an agent does that is killed."""

        def drop() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(drop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)

        def send(answer: dict[str, Any]) -> None:
            writer.write(json.dumps(answer).encode() + b"\n")

        self.sessions += 1
        try:
            hello = json.loads(await reader.readline())["hello"]
            if hello == {"service": "ssh"}:
                self.sessions -= 1
                send({"ok": True, "ssh": {"enabled": True, "connection_limit": 250, "announcement": ""}})
                try:
                    await reader.read()
                finally:
                    self.sessions += 1
                return
            self.hellos.append(hello)
            if not hello.get("authenticated") and (hello["user"], hello["password"]) != (USER, PASSWORD):
                await asyncio.sleep(0.3)
                send({"ok": False, "error": "user name or password is wrong"})
                return
            greeting = {"class": "super-user", "prompt": "leaf1> ", "mode": 1}
            send({"ok": True, **greeting, "banner": "Welcome to switch CLI shell."})
            mode = 1
            while line := await reader.readline():
                request = json.loads(line)
                if "complete" in request:
                    send({"id": request["id"], "completions": _completions(request["complete"])})
                    continue
                if "cancel" in request:
                    continue
                if "live" in request:
                    send({"id": request["id"], "ok": True})
                    continue
                self.lines.append(request["line"])
                if request["line"] == "drip" and request.get("stream"):
                    send({"id": request["id"], "part": "drop 1\n"})
                    send({"id": request["id"], "part": "drop 2\n"})
                    assert json.loads(await reader.readline()) == {"cancel": request["id"]}
                text, ok, mode, ended = await _run(request["line"], mode)
                answer = {"id": request["id"], "text": text, "ok": ok, "mode": mode, "ended": ended}
                send({**answer, "prompt": "leaf1# " if mode == 2 else "leaf1> "})
                if ended:
                    return
        except (ConnectionError, ValueError):
            pass
        finally:
            self.sessions -= 1
            self._writers.discard(writer)
            writer.close()


async def _run(line: str, mode: int) -> tuple[str, bool, int, bool]:
    word, _, rest = line.partition(" ")
    match word:
        case "":
            return "", True, mode, False
        case "configure":
            return "Entering configuration mode.\n", True, 2, False
        case "set" | "commit" if mode == 2:
            return f"out[{line}]\n", True, 2, False
        case "exit" | "quit":
            return ("Leave configuration mode.\n", True, 1, False) if mode == 2 else ("", True, 1, True)
        case "show":
            return f"out[{line}]\n", True, mode, False
        case "big":
            return "x" * int(rest), True, mode, False
        case "rows":
            return "".join(f"row {n}\n" for n in range(1, int(rest.split()[0]) + 1)), True, mode, False
        case "drip":
            return "dried up\n", True, mode, False
        case "nul":
            return "before\0after\n", True, mode, False
        case "sleep":
            await asyncio.sleep(float(rest))
            return "woke\n", True, mode, False
        case _:
            return f'syntax error, command "{word}" is not recognized.\n', False, mode, False


def _completions(left: str) -> list[dict[str, Any]]:
    before, _, word = left.rpartition(" ")
    return [
        {"word": candidate, "help": f"About {candidate}", "keyword": not candidate.isdigit()}
        for candidate in WORDS.get(before.strip(), [])
        if candidate.startswith(word)
    ]
