"""Ping and traceroute through a switch's own stack; packets at the far end decide."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.diagnostics import Hop, PingProbe
from connetos_sdk.errors import BadRequest, NotFound, PermissionDenied, TooMany, Unreachable
from connetos_sdk.lab import Lab
from tests.cli.conftest import CommandLine
from tests.conftest import connect
from tests.waiting import until

pytestmark = pytest.mark.ovs
QUICK = {"interval_ms": 20, "timeout_ms": 500}


def sockets_of(lab: Lab, name: str) -> int:
    """Raw ICMP sockets in the namespace of a switch."""
    node = lab.switch(name)
    return len(node.run(["cat", "/proc/net/raw", "/proc/net/raw6"]).stdout.splitlines()) - 2


@pytest.fixture
def cli(row: Lab) -> Iterator[CommandLine]:
    cli = CommandLine(
        str(row.switch("r1").directory / "run/cli.sock"), {"user": "root", "authenticated": True}
    )
    yield cli
    cli.close()


def test_each_answer_is_told_and_the_numbers_are_those_of_the_answers(r1: Switch) -> None:
    told: list[PingProbe] = []
    result = r1.ping("198.18.30.1", count=5, progress=told.append, **QUICK).raise_on_loss()
    assert (result.sent, result.received, result.loss_percent, result.source) == (5, 5, 0.0, "198.18.12.1")
    assert [(probe.seq, probe.outcome, probe.sender) for probe in told] == [
        (n, "reply", "198.18.30.1") for n in range(1, 6)
    ]
    assert list(result.probes) == told
    assert {probe.ttl for probe in told} == {62}, "two routers are on the way"
    times = [probe.time_ms or 0 for probe in told]
    assert (result.min_ms, result.max_ms) == (min(times), max(times))
    assert result.avg_ms == pytest.approx(sum(times) / 5)
    mean = sum(times) / 5
    assert result.stddev_ms == pytest.approx(math.sqrt(sum((t - mean) ** 2 for t in times) / 5))


def test_what_is_sent_is_what_was_asked_for(row: Lab, r1: Switch) -> None:
    capture = row.host("web").start(
        ["tcpdump", "-nvlc", "2", "--immediate-mode", "-i", "eth0", "icmp[icmptype] == icmp-echo"]
    )
    assert capture.stderr
    assert capture.stdout
    assert "listening" in capture.stderr.readline()
    r1.ping(
        "198.18.10.1", count=2, size=200, ttl=7, tos=184, source="198.18.12.1", interface="vlan10",
        dont_fragment=True, **QUICK,
    )  # fmt: skip
    seen, _ = capture.communicate(timeout=20)
    assert seen.count("tos 0xb8, ttl 7") == 2
    assert seen.count("flags [DF]") == 2
    assert "198.18.12.1 > 198.18.10.1" in seen
    assert "seq 2, length 208" in seen


def test_lost_requests_are_lost_and_unreachable_hosts_are_named(row: Lab, r1: Switch) -> None:
    db = row.host("db")
    db.run(["sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1"])
    try:
        result = r1.ping("198.18.30.1", count=2, interval_ms=10, timeout_ms=200)
    finally:
        db.run(["sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0"])
    assert (result.received, result.loss_percent, result.avg_ms) == (0, 100.0, None)
    with pytest.raises(Unreachable, match="0 of 2"):
        result.raise_on_loss()
    beyond = r1.ping("198.18.30.77", count=1, timeout_ms=8000).probes[0]
    assert (beyond.outcome, beyond.code, beyond.sender) == ("unreachable", "host-unreachable", "198.18.23.3")
    short = r1.ping("198.18.30.1", count=1, ttl=1).probes[0]
    assert (short.outcome, short.sender) == ("ttl-exceeded", "198.18.12.2")
    large = r1.ping("198.18.30.1", count=1, size=9000, dont_fragment=True).probes[0]
    assert large.outcome == "not-sent"
    assert "MTU" in large.reason


def test_large_requests_go_in_fragments_unless_forbidden(r1: Switch) -> None:
    assert r1.ping("198.18.30.1", count=1, size=9000, timeout_ms=5000).received == 1


def test_ipv6_works_where_there_are_addresses(row: Lab, r1: Switch) -> None:
    for node in (row.host("web"), row.switch("r1")):
        node.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0"])
    row.host("web").run(["ip", "-6", "address", "add", "2001:db8:10::1/64", "dev", "eth0", "nodad"])
    row.switch("r1").run(["ip", "-6", "address", "add", "2001:db8:10::fe/64", "dev", "vlan10", "nodad"])
    until(lambda: r1.ping("2001:db8:10::1", count=1).received == 1)
    trace = r1.traceroute("2001:db8:10::1", timeout_ms=5000)
    assert trace.reached
    assert trace.hops[0].addresses == ["2001:db8:10::1"]
    with pytest.raises(NotFound, match="no route to 2001:db8:99::1"):
        r1.ping("2001:db8:99::1")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"host": "203.0.113.9"}, NotFound, "no route"),
        ({"host": "no-such-host.invalid"}, NotFound, "no-such-host.invalid"),
        ({"host": "198.18.300.1"}, BadRequest, "isn't an IP address"),
        ({"host": "198.18.30.1; reboot"}, BadRequest, "host"),
        ({"host": "-f"}, BadRequest, "host"),
        ({"host": "224.0.0.1"}, BadRequest, "one host"),
        ({"host": "198.18.30.1", "source": "192.0.2.1"}, BadRequest, "isn't an address of this switch"),
        ({"host": "198.18.30.1", "source": "2001:db8::1"}, BadRequest, "IPv6"),
        ({"host": "198.18.30.1", "interface": "te-1-1-4"}, NotFound, "vlan10"),
        ({"host": "198.18.30.1", "count": 0}, BadRequest, "count"),
        ({"host": "198.18.30.1", "count": 3600, "interval_ms": 60000}, BadRequest, "fewer requests"),
        ({"host": "198.18.30.1", "flood": True}, BadRequest, "flood"),
    ],
)
def test_what_cant_be_done_is_told_before_anything_is_sent(
    r1: Switch, arguments: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)):
        r1.transport.call("ping", arguments, lambda _: pytest.fail("began"))


def test_a_client_that_goes_takes_its_ping_with_it(row: Lab, r1: Switch) -> None:
    before = sockets_of(row, "r1")
    with (
        pytest.raises(KeyboardInterrupt),
        httpx.Client(transport=httpx.HTTPTransport(uds=str(row.switch("r1").directory / "run/agent.sock"))) as api,
        api.stream(
            "POST", "http://switch/api/v1/rpc/ping", json={"host": "198.18.30.1", "count": 3000},
            headers={"accept": "application/x-ndjson"}, timeout=20,
        ) as answer,
    ):  # fmt: skip
        lines = answer.iter_lines()
        assert "progress" in json.loads(next(lines))
        assert json.loads(next(lines))["progress"]["seq"] == 1
        assert sockets_of(row, "r1") == before + 1
        raise KeyboardInterrupt
    until(lambda: sockets_of(row, "r1") == before)


def test_one_user_may_not_run_any_number_of_them(row: Lab, r1: Switch) -> None:
    path = str(row.switch("r1").directory / "run/cli.sock")
    lines = [CommandLine(path, {"user": "root", "authenticated": True}) for _ in range(8)]
    try:
        for line in lines:
            assert (
                "PING" in line.ask({"id": 1, "line": "ping 198.18.30.1 count 1000", "stream": True})["part"]
            )
        with connect(row.switch("r1")) as admin:
            assert admin.ping("198.18.30.1", count=1).received == 1, "another user isn't kept from it"
        one_more = CommandLine(path, {"user": "root", "authenticated": True})
        answer = one_more("ping 198.18.30.1 count 1")
        one_more.close()
        assert not answer.ok
        assert "root runs 8 pings and traceroutes already" in answer.text
    finally:
        for line in lines:
            line.close()
    until(lambda: sockets_of(row, "r1") == 0)
    assert TooMany.code == "too-many"
    assert PermissionDenied.code == "permission-denied"


@pytest.mark.parametrize(
    ("options", "says"),
    [({"interval_ms": 199}, "an interval below 200 ms"), ({"size": 1473}, "a size above 1472 bytes")],
)
def test_a_user_who_may_only_look_may_not_flood(
    row: Lab, r1: Switch, options: dict[str, int], says: str
) -> None:
    r1.apply_lines(
        "set system login user viewer authentication plain-text-password only-looking-1\n"
        "set system login user viewer class read-only"
    )
    with connect(row.switch("r1"), username="viewer", password="only-looking-1") as viewer:
        with pytest.raises(PermissionDenied, match=f"{says} needs class super-user"):
            viewer.ping("198.18.30.1", count=1, **options)
        assert viewer.ping("198.18.30.1", count=2, interval_ms=200, size=1472).received == 2
    assert r1.ping("198.18.30.1", count=1, **options).received == 1


MULTIPLY = """
import socket, struct
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print("ready", flush=True)
while True:
    packet, (sender, _) = sock.recvfrom(65535)
    data = packet[20:]
    if data[0] == 8:
        data = b"\\0" + data[1:2] + struct.pack("!H", (int.from_bytes(data[2:4], "big") + 0x0800) % 65535) + data[4:]
        for _ in range(300):
            sock.sendto(data, (sender, 0))
"""


def test_a_host_that_answers_hundreds_of_times_is_counted_and_not_all_told(row: Lab, r1: Switch) -> None:
    told: list[PingProbe] = []
    many = row.host("web").start([sys.executable, "-c", MULTIPLY])
    try:
        assert many.stdout
        assert many.stdout.readline() == "ready\n"
        result = r1.ping("198.18.10.1", count=3, interval_ms=500, progress=told.append)
    finally:
        many.kill()
        many.communicate()
    assert result.received == 3
    assert result.duplicates > 300
    assert len(told) <= 3 + 100


def test_traceroute_names_every_router(row: Lab, r1: Switch) -> None:
    told: list[Hop] = []
    result = r1.traceroute("198.18.30.1", progress=told.append, timeout_ms=5000)
    assert result.reached
    assert [hop.addresses for hop in result.hops] == [["198.18.12.2"], ["198.18.23.3"], ["198.18.30.1"]]
    assert list(result.hops) == told
    assert [len(hop.answers) for hop in told] == [3, 3, 3]
    last = told[-1].answers[0]
    assert (last.kind, last.code, last.return_hops) == ("unreachable", "port-unreachable", 3)


def test_traceroute_with_icmp_reaches_the_host_too(r1: Switch) -> None:
    result = r1.traceroute("198.18.30.1", protocol="icmp", queries=1, timeout_ms=5000)
    assert result.reached
    assert result.hops[-1].answers[0].kind == "reply"


def test_traceroute_says_where_it_ends(row: Lab, r1: Switch) -> None:
    silent = r1.traceroute("198.18.30.1", max_hops=2, queries=1, timeout_ms=2000)
    assert not silent.reached
    assert silent.hops[-1].addresses == ["198.18.23.3"]
    row.switch("r3").run(["ip", "route", "add", "prohibit", "198.18.30.99"])
    try:
        ended = r1.traceroute("198.18.30.99", queries=1, timeout_ms=2000)
    finally:
        row.switch("r3").run(["ip", "route", "del", "prohibit", "198.18.30.99"])
    assert not ended.reached
    assert (ended.hops[-1].answers[0].code, ended.hops[-1].answers[0].flag) == ("prohibited", "!X")


# -- the command line ---------------------------------------------------------------------------------


def test_the_command_line_shows_answers_as_they_come(cli: CommandLine) -> None:
    answer = cli.ask({"id": 7, "line": "ping 198.18.30.1 count 2 interval-ms 20", "stream": True})
    parts = []
    while "part" in answer:
        assert answer["id"] == 7
        parts.append(answer["part"])
        answer = json.loads(cli._file.readline())
    assert re.fullmatch(
        r"PING 198\.18\.30\.1 \(198\.18\.30\.1\) from 198\.18\.12\.1: 56\(84\) bytes of data\.\n", parts[0]
    )
    assert re.fullmatch(r"64 bytes from 198\.18\.30\.1: icmp_seq=1 ttl=62 time=[0-9.]+ ms\n", parts[1])
    assert "2 packets transmitted, 2 received, 0% packet loss" in answer["text"]
    assert re.search(r"rtt min/avg/max/stddev = [0-9./]+ ms\n$", answer["text"])


def test_who_wants_whole_answers_gets_one(cli: CommandLine) -> None:
    text = cli("ping 198.18.30.1 count 2 interval-ms 20").text
    assert text.startswith("PING")
    assert "2 received" in text
    assert cli("ping 198.18.30.1 count 2 interval-ms 20 | match received | count").text == "Count: 1 lines\n"
    trace = cli("traceroute 198.18.30.1 queries 1 timeout-ms 5000").text.splitlines()
    assert trace[0] == "traceroute to 198.18.30.1 (198.18.30.1), 30 hops max, 60 byte packets"
    assert re.fullmatch(r" 1  198\.18\.12\.2  [0-9.]+ ms", trace[1])
    assert re.fullmatch(r" 3  198\.18\.30\.1  [0-9.]+ ms", trace[3])


def test_a_cancel_ends_it_with_the_numbers_so_far_and_the_line_goes_on(row: Lab, cli: CommandLine) -> None:
    answer = cli.ask({"id": 1, "line": "ping 198.18.30.1 count 1000 interval-ms 20", "stream": True})
    while "icmp_seq=3" not in answer["part"]:
        answer = json.loads(cli._file.readline())
    answer = cli.ask({"cancel": 1})
    while "part" in answer:
        answer = json.loads(cli._file.readline())
    assert answer["ok"]
    assert re.search(r"[0-9]+ packets transmitted, [0-9]+ received", answer["text"])
    assert sockets_of(row, "r1") == 0
    assert "198.18.30" not in cli("show cli information").text


def test_completion_knows_the_options(cli: CommandLine) -> None:
    assert {"count", "source", "dont-fragment"} <= set(cli.words("ping 198.18.30.1 "))
    assert "count" not in cli.words("ping 198.18.30.1 count 3 ")
    assert cli.words("ping 198.18.30.1 family ") == ["any", "ipv4", "ipv6"]
    assert cli.words("ping 198.18.30.1 count ") == ["<count>"]
    assert "<host>" in cli.words("ping ")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ping", "incomplete"),
        ("ping 198.18.30.1 flood", '"flood" is not recognized'),
        ("ping 198.18.30.1 count", "count needs an integer from 1 to 3600"),
        ("ping 198.18.30.1 count many", "many isn't an integer"),
        ("ping 198.18.30.1 count 1 count 2", "given twice"),
        ("ping 203.0.113.9", "there is no route"),
    ],
)
def test_a_wrong_line_says_what_would_be_right(cli: CommandLine, line: str, says: str) -> None:
    answer = cli(line)
    assert not answer.ok
    assert says in answer.text


@contextmanager
def program(row: Lab, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    socket = str(row.switch("r1").directory / "run/cli.sock")
    with subprocess.Popen(
        [sys.executable, "-m", "connetos_cli", "--socket", socket, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def test_ctrl_c_in_the_program_ends_the_ping_not_the_program(row: Lab) -> None:
    with program(row, "-c", "ping 198.18.30.1 count 1000 interval-ms 50") as process:
        assert process.stdout
        assert process.stdout.readline().startswith("PING")
        assert "icmp_seq=1" in process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(20) == 130
    assert "packets transmitted" in rest
    until(lambda: sockets_of(row, "r1") == 0)
