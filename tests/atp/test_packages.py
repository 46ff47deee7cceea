"""Packages that a switch shall have before its configuration is applied: real apt, a real repository in the rack."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent.services.atp.packages import read_list
from connetos_agent.services.packages.names import wanted
from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.atp.conftest import FILE, HINT, SERVER, Rack, configuration
from tests.conftest import connect, topology
from tests.packages.debian import DebianRoot, Key, Repository, build, debian_root

PORT = 8080
LIST = f"{FILE}.packages"
TOPOLOGY = """
name: atp-pkg-{pid}
dataplane: openvswitch
provisioning: {{}}
switches:
  spine: {{ports: 2, management: 198.18.255.11/24}}
  leaf:
    ports: 4
    management: 198.18.255.12/24
    blank: true
    packages: {root}
    settings: {{atp: {{retry-seconds: 1, confirm-seconds: 6}}}}
links:
  - [spine:te-1/1/1, leaf:te-1/1/1]
"""


@dataclass(frozen=True)
class PackagedRack(Rack):
    """A rack whose leaf is a Debian with packages."""

    root: DebianRoot


def test_a_list_has_a_package_on_each_line() -> None:
    assert read_list(b"# tools\n good\n\ntool=1.0-1 # pinned\ngood\n") == ["good", "tool=1.0-1"]
    assert read_list(b"") == []


@pytest.mark.parametrize(
    "line", ["--allow-downgrades", "good tool", "good;reboot", "../good", "good=", "\xff"]
)
def test_a_list_that_is_not_right(line: str) -> None:
    with pytest.raises(ConnetosError, match=r"line 2: .* isn't a package"):
        read_list(f"good\n{line}\n".encode())


def test_a_list_that_is_too_long() -> None:
    with pytest.raises(ConnetosError, match="more than 200 packages"):
        read_list("".join(f"p{n}\n" for n in range(300)).encode())


@given(st.binary(max_size=400) | st.text("ab-=.#+ \n", max_size=60).map(str.encode))
def test_a_list_of_anything_names_packages_or_is_refused(data: bytes) -> None:
    try:
        packages = read_list(data)
    except ConnetosError:
        return
    for package in packages:
        assert wanted(package)[0] in package
    assert len(packages) == len(set(packages))
    assert read_list("\n".join(packages).encode()) == packages


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[PackagedRack]:
    key = Key(Path("/tmp") / f"atp-key-{os.getpid()}")
    repository = Repository(tmp_path / "repository", key, f"http://{SERVER}:{PORT}/")
    repository.pool.mkdir(parents=True)
    build(repository.pool, "tool", Depends="good (>= 1.0)")
    build(repository.pool, "good")
    build(repository.pool, "broken", scripts={"postinst": "exit 1"}, Depends="good")
    repository.publish()
    with debian_root(tmp_path / "root") as root:
        (root.path / "etc/apt/keyrings").mkdir(exist_ok=True)
        (root.path / "etc/apt/keyrings/rack.asc").write_text(key.armoured)
        (root.path / "etc/apt/sources.list.d/rack.list").write_text(
            f"deb [signed-by=/etc/apt/keyrings/rack.asc] {repository.url} stable main\n"
        )
        text = TOPOLOGY.format(pid=os.getpid(), root=root.path)
        with (
            Lab(topology(text, tmp_path)) as lab,
            connect(lab.switch("spine")) as spine,
            Switch(lab.switch("leaf").local_url) as leaf,
        ):
            web = lab.node("mgmt").start(
                [sys.executable, "-m", "http.server", "--bind", SERVER, "--directory", str(repository.directory),
                 str(PORT)])  # fmt: skip
            try:
                yield PackagedRack(lab, spine, leaf, root)
            finally:
                web.kill()
                web.wait()
                key.close()


@pytest.mark.ovs
@pytest.mark.slow
def test_packages_are_there_before_the_configuration_is(rack: PackagedRack) -> None:
    rack.serve(configuration())
    rack.serve("no-such-package\n", LIST)
    rack.describe(one=HINT)
    rack.until("TFTP_FIN", f"packages of {LIST} can't be installed: ")
    assert "no-such-package" in rack.state()["reason"]
    rack.serve("good\nbroken\n", LIST)
    rack.until("TFTP_FIN", "broken", seconds=120)
    assert rack.root.version("good") is None
    assert rack.leaf.config() == {}
    rack.serve("good; reboot\n", LIST)
    rack.until("TFTP_FIN", f"the list {LIST} can't be used: line 1: ")
    rack.serve("tool # and what it needs\n", LIST)
    rack.until("SUCCESS", seconds=120)
    rack.provisioned()
    assert (rack.root.version("tool"), rack.root.version("good")) == ("1.0", "1.0")
    history = rack.leaf.packages.history()
    assert history[0].user == "atp"


RENEWAL = """
import sys, time
from ipaddress import IPv4Interface
from connetos_agent.services.atp import link
link.LIFETIME_SECONDS = 20
port = link.ManagementLink("eth0")
address = IPv4Interface("198.18.255.21/24")
port.lend(address)
link.LIFETIME_SECONDS = 300
port.renew(address)
"""


@pytest.mark.ovs
@pytest.mark.slow
def test_the_address_outlives_a_long_installation(rack: PackagedRack) -> None:
    done = rack.machine.run([sys.executable, "-c", RENEWAL])
    assert done.returncode == 0, done.stderr
    shown = rack.machine.run(["ip", "-4", "address", "show", "dev", "eth0"]).stdout
    assert "198.18.255.21/24" in shown
    left = int(shown.partition("valid_lft ")[2].partition("sec")[0])
    assert 200 < left <= 300
