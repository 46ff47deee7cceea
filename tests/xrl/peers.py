"""Stand-ins for XORP's processes, made from the bytes in spec/wire/xrl.md and nothing of ours.

They know only what the specification says that the real ones send, and check what they get byte by byte.
"""

from __future__ import annotations

import itertools
import re
import socket
import struct
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

STATUS_READY = bytes.fromhex("cc000002c2000673746174757300000003c80006726561736f6e000000055265616479")
NO_RESULTS = bytes.fromhex("cc000000")
ME = "127.0.0.1"


def receive(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def closed(sock: socket.socket, seconds: float = 5.0) -> bool:
    """Whether the other end closes the connection, whatever it says before."""
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def end(sock: socket.socket) -> None:
    """Close a socket, even while another thread waits for it."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


class FinderEnd:
    """An end of a finder connection: frames of text, `x` asks and `r` answers."""

    def __init__(self, sock: socket.socket, first: int = 1001) -> None:
        self.sock = sock
        sock.settimeout(5)
        self._numbers = itertools.count(first)
        self.asked: list[str] = []
        """XRLs that the other end asked, all answered with 100."""

    @classmethod
    def connect(cls, address: tuple[str, int]) -> FinderEnd:
        return cls(socket.create_connection(address, 5))

    def send(self, text: str) -> None:
        raw = text.encode()
        self.sock.sendall(struct.pack(">I", len(raw)) + raw)

    def take(self) -> str:
        (length,) = struct.unpack(">I", receive(self.sock, 4))
        return receive(self.sock, length).decode()

    def ask(self, xrl: str) -> tuple[str, str]:
        """(what stands after MsgData on its line, what follows) of the answer."""
        number = next(self._numbers)
        self.send(f"Finder 0.2\nMsgType x\nSeqNo {number}\nMsgData {xrl}")
        while True:
            text = self.take()
            if match := re.fullmatch(
                rf"Finder 0\.2\nMsgType r\nSeqNo {number}\nMsgData ([^\n]*)\n(.*)", text, re.S
            ):
                return match[1], match[2]
            self.serve(text)

    def serve(self, text: str) -> None:
        match = re.fullmatch(r"Finder 0\.2\nMsgType x\nSeqNo (\d+)\nMsgData (finder://[^\n]*)", text)
        assert match, text
        self.asked.append(match[2])
        tunneled = "dispatch_tunneled_xrl" in match[2]
        results = "xrl_error:u32=100&xrl_error_note:txt=" if tunneled else ""
        self.send(f"Finder 0.2\nMsgType r\nSeqNo {match[1]}\nMsgData 100 / \n{results}")

    def serve_one(self) -> str:
        self.serve(self.take())
        return self.asked[-1]

    def ok(self, xrl: str) -> str:
        code, rest = self.ask(xrl)
        assert code == "100 / ", (xrl, code)
        return rest

    def register(self, instance: str, class_name: str, cookie: str = "") -> str:
        rest = self.ok(
            f"finder://finder/finder/0.2/register_finder_client?instance_name:txt={instance}"
            f"&class_name:txt={class_name}&singleton:bool=false&in_cookie:txt={cookie}"
        )
        match = re.fullmatch(r"out_cookie:txt=([0-9a-f]{16})", rest)
        assert match, rest
        return match[1]

    def add(self, instance: str, command: str, address: str, protocol: str = "stcp") -> str:
        rest = self.ok(
            f"finder://finder/finder/0.2/add_xrl?xrl:txt=finder://{instance}/{command}"
            f"&protocol_name:txt={protocol}&protocol_args:txt={address}"
        )
        match = re.fullmatch(r"resolved_xrl_method_name:txt=(\S+-[0-9a-f]{16})", rest)
        assert match, rest
        return match[1]

    def enable(self, instance: str) -> None:
        rest = self.ok(
            f"finder://finder/finder/0.2/set_finder_client_enabled?instance_name:txt={instance}&enabled:bool=true"
        )
        assert rest == ""

    def resolve(self, xrl: str) -> list[str]:
        rest = self.ok(f"finder://finder/finder/0.2/resolve_xrl?xrl:txt={xrl}")
        assert rest.startswith("resolutions:list=")
        return [item.removeprefix(":txt=") for item in rest.removeprefix("resolutions:list=").split(",")]


def text_atom(name: str, value: bytes) -> bytes:
    return b"\xc8" + struct.pack(">H", len(name)) + name.encode() + struct.pack(">I", len(value)) + value


class StcpCaller:
    """The calling end of STCP, as XORP's sender is: numbers from 0, one stream."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self.sock = socket.create_connection((host, int(port)), 5)
        self.sock.settimeout(5)
        self._numbers = itertools.count()

    def request(self, resolved: str, *atoms: bytes) -> int:
        number = next(self._numbers)
        url = resolved.encode()
        body = struct.pack(">I", 0xCC000000 | (1 + len(atoms)))
        body += b"\x48" + struct.pack(">I", len(url)) + url + b"".join(atoms)
        self.sock.sendall(struct.pack(">4sBBIBBIII", b"STCP", 1, 1, number, 0, 2, 100, 0, len(body)) + body)
        return number

    def helo(self) -> int:
        number = next(self._numbers)
        self.sock.sendall(struct.pack(">4sBBIBBIII", b"STCP", 1, 1, number, 0, 0, 100, 0, 0))
        return number

    def take(self) -> tuple[int, int, int, str, bytes]:
        """(type, seqno, code, note, body) of the next frame."""
        magic, major, minor, number, flags, kind, code, note, size = struct.unpack(
            ">4sBBIBBIII", receive(self.sock, 24)
        )
        assert (magic, major, minor, flags) == (b"STCP", 1, 1, 0)
        text = receive(self.sock, note).decode()
        assert kind != 3 or size >= 4, "a real caller would wait for ever"
        return kind, number, code, text, receive(self.sock, size)

    def call(self, resolved: str, *atoms: bytes) -> tuple[int, str, bytes]:
        number = self.request(resolved, *atoms)
        kind, answered, code, note, body = self.take()
        assert (kind, answered) == (3, number)
        return code, note, body


def call_xrl(finder: tuple[str, int], target: str, command: str, *atoms: bytes) -> tuple[int, str, bytes]:
    """One run of XORP's `call_xrl`: registers, resolves, calls, leaves."""
    end = FinderEnd.connect(finder)
    instance = f"call_xrl-74b6204d01669db2b746ba8479c9530c@{ME}"
    end.register(instance, "call_xrl")
    end.enable(instance)
    (resolved,) = end.resolve(f"finder://{target}/{command}")
    address = resolved.removeprefix("stcp://").split("/")[0]
    caller = StcpCaller(address)
    answer = caller.call(resolved, *atoms)
    caller.sock.close()
    end.sock.close()
    return answer


Answer = Callable[[str, bytes], tuple[int, str, bytes]]


class StcpTarget:
    """The answering end of STCP; `answer` gets method and args block and gives code, note, body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server = socket.create_server((ME, 0))
        self.address = f"{ME}:{self._server.getsockname()[1]}"
        self.calls: list[str] = []
        self.sockets: list[socket.socket] = []
        self.hold = 0
        """How many requests to collect before answering them, in reverse order."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        held: list[bytes] = []
        try:
            while True:
                magic, major, minor, number, flags, kind, code, note, size = struct.unpack(
                    ">4sBBIBBIII", receive(sock, 24)
                )
                assert (magic, major, minor, flags, code, note) == (b"STCP", 1, 1, 0, 100, 0)
                body = receive(sock, size)
                if kind == 0:
                    sock.sendall(struct.pack(">4sBBIBBIII", b"STCP", 1, 1, number, 0, 1, 100, 0, 0))
                    continue
                assert kind == 2
                (count,) = struct.unpack(">I", body[:4])
                (length,) = struct.unpack(">I", body[5:9])
                assert body[4] == 0x48
                method = body[9 : 9 + length].decode().split("/", 3)[3]
                self.calls.append(method)
                rest = struct.pack(">I", count - 1) + body[9 + length :]
                code, text, results = self._answer(method, rest)
                raw = text.encode()
                head = struct.pack(">4sBBIBBIII", b"STCP", 1, 1, number, 0, 3, code, len(raw), len(results))
                held.append(head + raw + results)
                if len(held) >= self.hold:
                    sock.sendall(b"".join(reversed(held)))
                    held.clear()
        except (EOFError, OSError):
            sock.close()

    def close(self) -> None:
        for sock in (self._server, *self.sockets):
            end(sock)


class StandInFinder:
    """A finder as XORP's is, for clients that behave: keeps what is registered, resolves it."""

    def __init__(self, port: int = 0) -> None:
        self._server = socket.create_server((ME, port))
        self.address: tuple[str, int] = self._server.getsockname()
        self.asked: list[str] = []
        self.methods: dict[str, list[str]] = {}
        self.enabled: set[str] = set()
        self.classes: dict[str, str] = {}
        self.ends: list[FinderEnd] = []
        self.answered: list[str] = []
        self._keys = itertools.count(0x7946868C354B63D3)
        self.cookies: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            client = FinderEnd(sock, 2001)
            sock.settimeout(None)
            self.ends.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, end: FinderEnd) -> None:
        try:
            while True:
                text = end.take()
                match = re.fullmatch(r"Finder 0\.2\nMsgType ([xr])\nSeqNo (\d+)\nMsgData (.*)", text, re.S)
                assert match, text
                if match[1] == "r":
                    self.answered.append(match[3])
                else:
                    self.asked.append(match[3])
                    end.send(f"Finder 0.2\nMsgType r\nSeqNo {match[2]}\nMsgData {self._answer(match[3])}")
        except (EOFError, OSError):
            pass

    def _answer(self, xrl: str) -> str:
        command, _, query = xrl.removeprefix("finder://finder/").partition("?")
        args = {}
        for atom in query.split("&"):
            name, _, value = atom.partition("=")
            args[name] = urllib.parse.unquote_plus(value)
        if command == "finder/0.2/register_finder_client":
            assert list(args) == ["instance_name:txt", "class_name:txt", "singleton:bool", "in_cookie:txt"]
            self.cookies.append(args["in_cookie:txt"])
            self.classes[args["class_name:txt"]] = args["instance_name:txt"]
            return "100 / \nout_cookie:txt=7946870d3022a20d"
        if command == "finder/0.2/add_xrl":
            assert list(args) == ["xrl:txt", "protocol_name:txt", "protocol_args:txt"]
            method = f"{args['xrl:txt'].split('/', 3)[3]}-{next(self._keys):016x}"
            url = f"{args['protocol_name:txt']}://{args['protocol_args:txt']}/{method}"
            self.methods.setdefault(args["xrl:txt"], []).append(url)
            return f"100 / \nresolved_xrl_method_name:txt={method}"
        if command == "finder/0.2/set_finder_client_enabled":
            assert list(args) == ["instance_name:txt", "enabled:bool"]
            self.enabled.add(args["instance_name:txt"])
            return "100 / \n"
        if command == "finder/0.2/resolve_xrl":
            target, method = args["xrl:txt"].removeprefix("finder://").split("/", 1)
            instance = self.classes.get(target, target)
            found = self.methods.get(f"finder://{instance}/{method}")
            if instance not in self.enabled or not found:
                return f'102 / Target+"{target}"+does+not+exist+or+is+not+enabled.\n'
            return "100 / \nresolutions:list=" + ",".join(f":txt={url}" for url in found)
        return "202 / \n"

    def close(self) -> None:
        for sock in (self._server, *(client.sock for client in self.ends)):
            end(sock)


@contextmanager
def running(peer: StcpTarget | StandInFinder) -> Iterator[None]:
    try:
        yield
    finally:
        peer.close()
