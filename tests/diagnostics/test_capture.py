"""Captures: what is in the file is what was on the port, within the bounds."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, NotFound
from connetos_sdk.lab import Lab
from tests.conftest import connect

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


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


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
    assert until(lambda: captures(row) == 0)


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
