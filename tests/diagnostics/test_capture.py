"""Captures: what is in the file is what was on the port, within the bounds."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, NotFound
from connetos_sdk.lab import Lab
from tests.conftest import connect
from tests.waiting import until

pytestmark = pytest.mark.ovs


@contextmanager
def pinging(row: Lab) -> Iterator[None]:
    """`web` pings `db` all the time, with requests of 500 bytes."""
    process = row.host("web").start(["ping", "-q", "-i", "0.02", "-s", "500", "198.18.30.1"])
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def shown(path: Path) -> list[str]:
    done = subprocess.run(["tcpdump", "-nr", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def captures(row: Lab) -> int:
    """Programs named tcpdump in the namespace of r1."""
    pids = subprocess.run(
        ["ip", "netns", "pids", row.switch("r1").namespace or ""], capture_output=True, text=True, check=True
    ).stdout.split()
    names = [Path(f"/proc/{pid}/comm") for pid in pids]
    return sum(1 for name in names if name.exists() and name.read_text().strip() == "tcpdump")


def test_a_file_has_the_frames_that_the_filter_names(row: Lab, r1: Switch, tmp_path: Path) -> None:
    path = tmp_path / "requests.pcap"
    with pinging(row):
        result = r1.capture("te-1/1/1", path, filter="icmp[icmptype] == icmp-echo", count=5, direction="in")
    assert (result.frames, result.ended_by, result.bytes) == (5, "count", path.stat().st_size)
    assert [line for line in shown(path) if "198.18.10.1 > 198.18.30.1: ICMP echo request" not in line] == []
    assert len(shown(path)) == 5
    assert captures(row) == 0


def test_bounds_of_size_and_time_end_it_with_a_whole_file(row: Lab, r1: Switch, tmp_path: Path) -> None:
    path = tmp_path / "some.pcap"
    with pinging(row):
        result = r1.capture("vlan10", path, filter="icmp", max_bytes=2048)
        assert (result.ended_by, result.frames) == ("max_bytes", 3)
        assert path.stat().st_size == 24 + 3 * (16 + 542)
        short = r1.capture("te-1/1/1", path, filter="icmp", frame_bytes=64, count=3)
        assert short.bytes == 24 + 3 * (16 + 64)
    nothing = r1.capture("te-1/1/1", path, filter="udp port 9", seconds=1)
    assert (nothing.ended_by, nothing.frames, nothing.bytes) == ("seconds", 0, 24)
    assert shown(path) == []


def test_who_goes_takes_the_capture_along(row: Lab, r1: Switch) -> None:
    def enough(_piece: bytes) -> None:
        assert captures(row) == 1
        raise KeyboardInterrupt

    with pinging(row), pytest.raises(KeyboardInterrupt):
        r1.capture("te-1/1/1", enough)
    until(lambda: captures(row) == 0)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"interface": "te-1/1/1", "filter": "tcp prot 80"}, BadRequest, "syntax error"),
        ({"interface": "te-1/1/1", "filter": "-w /etc/passwd"}, BadRequest, "filter"),
        ({"interface": "te-1/1/1", "filter": "udp; reboot"}, BadRequest, "filter"),
        ({"interface": "te-1/1/99"}, NotFound, "no interface te-1/1/99"),
        ({"interface": "lo"}, NotFound, "no interface lo"),
        ({"interface": "te-1/1/1", "count": 0}, BadRequest, "count"),
        ({"interface": "te-1/1/1", "max_bytes": 1 << 40}, BadRequest, "max_bytes"),
    ],
)
def test_what_cant_be_captured_is_told_before_it_begins(
    r1: Switch, arguments: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)):
        r1.transport.call("capture", arguments, lambda _: pytest.fail("began"))


def test_a_user_who_may_only_look_may_not_capture_and_nobody_without_bound(row: Lab, r1: Switch) -> None:
    from connetos_sdk.errors import PermissionDenied

    r1.apply_lines(
        "set system login user viewer authentication plain-text-password only-looking-1\n"
        "set system login user viewer class read-only"
    )
    with connect(row.switch("r1"), username="viewer", password="only-looking-1") as viewer:
        with pytest.raises(PermissionDenied, match="capture needs class super-user"):
            viewer.capture("te-1/1/1", lambda _: None)
        assert viewer.ping("198.18.30.1", count=1).received == 1


def tagged_trunk(r1: Switch, r2: Switch) -> None:
    """VLAN 77 goes tagged from r1 to r2, beside the untagged VLAN 12; each has an address in it."""
    for switch, port, last in ((r1, "te-1/1/4", 1), (r2, "te-1/1/3", 2)):
        switching = f"interface gigabit-ethernet {port} family ethernet-switching"
        switch.apply_lines(
            f"set vlans vlan-id 77 l3-interface vlan77\nset vlan-interface interface vlan77 address 198.18.77.{last} "
            f"prefix-length 24\nset {switching} port-mode trunk\nset {switching} vlan members 77"
        )
    assert r1.ping("198.18.77.2", count=3).received


def test_one_vlan_of_a_port(row: Lab, r1: Switch, tmp_path: Path) -> None:
    path = tmp_path / "vlan.pcap"
    with connect(row.switch("r2")) as r2:
        before = r2.revision()
        tagged_trunk(r1, r2)
        try:
            with pinging(row), ThreadPoolExecutor(1) as thread:
                probes = thread.submit(r1.ping, "198.18.77.2", count=40, interval_ms=50)
                tagged = r1.capture("te-1/1/4", path, vlan=77, filter="icmp", count=4)
                inside = shown(path)
                untagged = r1.capture("te-1/1/4", path, vlan=12, filter="icmp", count=4)
                outside = shown(path)
                assert probes.result().received == 40
        finally:
            r2.rollback(revision=before)
    assert (tagged.frames, untagged.frames) == (4, 4)
    assert all("198.18.77." in line for line in inside), inside
    assert all("198.18.30.1" in line for line in outside), outside


@pytest.mark.parametrize(
    ("interface", "vlan", "says"),
    [
        ("te-1/1/1", 77, "no VLAN 77 at te-1/1/1: it carries 10"),
        ("vlan10", 10, "isn't a port"),
        ("te-1/1/1", 4095, "vlan"),
    ],
)
def test_a_vlan_that_isnt_there_is_told(r1: Switch, interface: str, vlan: int, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        r1.capture(interface, lambda _: pytest.fail("began"), vlan=vlan)


def test_a_filter_cant_get_out_of_the_vlan(r1: Switch) -> None:
    with pytest.raises(BadRequest, match="filter"):
        r1.capture("te-1/1/1", lambda _: pytest.fail("began"), vlan=10, filter="icmp) or (udp")


def test_the_file_itself_over_rest(row: Lab, tmp_path: Path) -> None:
    agent = httpx.HTTPTransport(uds=str(row.switch("r1").directory / "run/agent.sock"))
    accept = {"accept": "application/vnd.tcpdump.pcap"}
    url = "http://switch/api/v1/rpc/capture"
    path = tmp_path / "plain.pcap"
    with httpx.Client(transport=agent, headers=accept, timeout=30) as api, pinging(row):
        asked = {"interface": "te-1/1/1", "filter": "icmp", "count": 5}
        with api.stream("POST", url, json=asked) as answer, path.open("wb") as file:
            assert answer.headers["content-type"] == "application/vnd.tcpdump.pcap"
            for piece in answer.iter_raw():
                file.write(piece)
        assert len(shown(path)) == 5
        wrong = api.post(url, json={**asked, "filter": "tcp prot 80"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "bad-request")
        with api.stream("POST", url, json={"interface": "te-1/1/1"}) as answer:
            next(answer.iter_raw())
            assert captures(row) == 1
    until(lambda: captures(row) == 0, "who goes takes the capture along")
