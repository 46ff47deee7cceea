"""A real master, and proxy minions alone and below a deltaproxy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.integrations.salt import SETTINGS
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.salt.conftest import access, write
from tests.salt.documented import blocks, replay
from tests.salt.site import Site
from tests.waiting import until

pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def site(salt_bin: Path, two_leaves: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`leaf1` has a proxy of its own; `leaf2`, a switch that isn't there and one whose password is wrong share one."""
    site = Site(salt_bin, tmp_path_factory.mktemp("site"))
    ways = {name: access(two_leaves.switch(name)) for name in ("leaf1", "leaf2")}
    ways["gone"] = ways["leaf2"] | {"url": "https://127.0.0.1:1"}
    ways["wrong"] = ways["leaf2"] | {"password": "not-this-secret"}
    site.pillar(
        **{name: {"proxy": {"proxytype": "connetos", **way}} for name, way in ways.items()},
        rack={"proxy": {"proxytype": "deltaproxy", "ids": ["leaf2", "gone", "wrong"]}},
    )
    site.start()
    site.proxy(
        "leaf1",
        engines=[{"connetos_events": {"pause": 1}}],
        beacons={"connetos_link": [{"interval": 1}, {"ports": ["te-1/1/1"]}]},
    )
    site.proxy("rack", metaproxy="deltaproxy")
    try:
        site.wait("leaf1", "leaf2", "gone", "wrong")
        yield site
    finally:
        site.stop()


def test_state_through_a_proxy(site: Site, leaves: tuple[Switch, Switch]) -> None:
    site.sls("web", {"web tier": {"connetos_vlan.present": [{"name": "10"}, {"vlan_name": "web"}]}})
    planned = site.apply("leaf1", "web", "test=True")["leaf1"]
    assert planned["result"] is None and 10 not in leaves[0].vlans()
    done = site.apply("leaf1", "web")["leaf1"]
    assert done["result"] is True and done["changes"] == planned["changes"]
    assert done["changes"]["commands"] == ["set vlans vlan-id 10 vlan-name web"]
    assert leaves[0].vlans()[10].name == "web"
    assert site.salt("leaf1", "connetos.facts")["leaf1"]["hostname"] == "leaf1"


def test_one_of_many_fails_and_says_why(site: Site, leaves: tuple[Switch, Switch]) -> None:
    site.sls("web", {"web tier": {"connetos_vlan.present": [{"name": "10"}, {"vlan_name": "web"}]}})
    found = site.apply("leaf2,gone,wrong", "web")
    assert found["leaf2"]["result"] is True and leaves[1].vlans()[10].name == "web"
    assert (
        found["gone"]["result"] is False
        and "is the agent running, and the address right?" in found["gone"]["comment"]
    )
    assert found["wrong"]["result"] is False and "password" in found["wrong"]["comment"]
    functions = site.salt("gone,wrong", "connetos.facts")
    assert "can't be reached" in functions["gone"] and "password" in functions["wrong"]
    assert "not-this-secret" not in site.logs() + str(found) + str(functions)
    assert site.salt("leaf2", "grains.get", "os") == {"leaf2": "ConnetOS"}


def test_events_come_onto_the_bus(site: Site, leaves: tuple[Switch, Switch]) -> None:
    with site.listening("connetos/leaf1/") as events:
        leaves[0].apply_lines("set vlans vlan-id 30")
        commit = until(lambda: events.one(revision=leaves[0].revision()))
    assert commit["tag"] == "connetos/leaf1/commit"


def test_beacon_of_a_proxy_reaches_the_master(site: Site, two_leaves: Lab) -> None:
    h1 = two_leaves.host("h1")
    with site.listening("salt/beacon/leaf1/connetos_link/") as events:
        h1.run(["ip", "link", "set", "eth0", "down"])
        try:
            event = until(lambda: events.one(port="te-1/1/1", state="down"))
        finally:
            h1.run(["ip", "link", "set", "eth0", "up"])
        assert event["tag"].endswith("/te-1/1/1") and event["data"]["admin"] == "up"
        until(lambda: events.one(port="te-1/1/1", state="up"))


def test_many_switches_change_as_one(site: Site, leaves: tuple[Switch, Switch]) -> None:
    lines = "lines=[set vlans vlan-id 50 vlan-name tenant-b]"
    code, planned = site.runner("connetos_fabric.change", "leaf*", lines, "test=True")
    assert (code, planned["ok"], planned["changed"]) == (0, True, True)
    assert {s["outcome"] for s in planned["switches"].values()} == {"planned"}
    code, done = site.runner("connetos_fabric.change", "leaf*", lines, "comment=change 4712")
    assert code == 0 and {s["outcome"] for s in done["switches"].values()} == {"changed"}, done
    assert all(switch.vlans()[50].name == "tenant-b" for switch in leaves)
    assert all(switch.system().confirm is None for switch in leaves)


def test_a_change_that_one_switch_cannot_make_is_made_nowhere(
    site: Site, leaves: tuple[Switch, Switch]
) -> None:
    before = [switch.config() for switch in leaves]
    code, report = site.runner(
        "connetos_fabric.change", "leaf1,leaf2,gone", "tgt_type=list", "lines=[set vlans vlan-id 51]"
    )
    assert code == 1 and "gone can't do it" in report["reason"]
    assert {s["outcome"] for s in report["switches"].values()} == {"left alone", "failed"}
    check = "checks=[{host: leaf2, command: show vlans, contains: nowhere}]"
    code, report = site.runner("connetos_fabric.change", "leaf*", "lines=[set vlans vlan-id 51]", check)
    assert code == 1 and "'nowhere' isn't there" in report["reason"]
    assert all(51 not in switch.vlans() for switch in leaves)
    for arguments in (("leaf*",), ("nobody*", "lines=[x]"), ("leaf*", "lines=[x]", "checks=[{host: leaf1}]")):
        code, report = site.runner("connetos_fabric.change", *arguments)
        assert code == 1 and report["reason"]
    assert [switch.config() for switch in leaves] == before


TRUNK = "interface gigabit-ethernet te-1/1/4 family ethernet-switching"
VLAN_10 = [
    "set vlans vlan-id 10 l3-interface vlan10",
    "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10",
    f"set {TRUNK} port-mode trunk",
    f"set {TRUNK} vlan members 10",
    "set protocols lldp enable true",
    "set protocols lldp advertisement-interval 5",
]


def test_change_stays_if_cables_pings_and_flows_are_well(
    site: Site, two_leaves: Lab, leaves: tuple[Switch, Switch]
) -> None:
    address = "set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24"
    wanted = {
        "lines": {"leaf1": [*VLAN_10, address], "leaf2": VLAN_10},
        "cabling": [["leaf1:te-1/1/4", "leaf2:te-1/1/4"]],
        "pings": [{"host": "leaf1", "address": host} for host in ("198.18.10.1", "198.18.10.3")],
        "flows": [
            {
                "source": "198.18.10.1@leaf1:te-1/1/1",
                "destination": "198.18.10.3@leaf2:te-1/1/1",
                "protocol": "icmp",
            }
        ],
    }

    def change(**given: object) -> tuple[int, dict[str, Any]]:
        return site.runner(
            "connetos_fabric.change", "leaf*", *(f"{n}={json.dumps(value)}" for n, value in given.items())
        )

    code, done = change(**wanted)
    assert code == 0 and [check["passed"] for check in done["checks"]] == [True] * 4, done
    assert two_leaves.host("h1").ping("198.18.10.3")
    before = [leaf.config() for leaf in leaves]
    cut = {"leaf2": [f"delete {TRUNK} vlan members 10"]}
    code, back = change(lines=cut, flows=wanted["flows"], settle=2)
    assert code == 1 and "dropped at leaf2:te-1/1/4" in back["reason"], back
    code, back = change(lines=cut, pings=wanted["pings"], settle=2)
    assert code == 1 and "leaf1 to 198.18.10.3: no answer" in back["reason"], back
    assert [leaf.config() for leaf in leaves] == before
    for given, reason in (
        ({"pings": [{"host": "leaf1"}]}, "a mapping with address and host"),
        ({"pings": [{"host": "leaf9", "address": "198.18.10.1"}]}, "leaf9 isn't a switch of leaf*"),
        ({"flows": ["198.18.10.1"]}, "a mapping with destination and source"),
        ({"cabling": [["leaf1"]]}, "isn't a cable"),
        ({"checks": ["leaf1"]}, "a mapping with command and contains and host, or"),
    ):
        code, refused = change(lines=cut, **given)
        assert code == 1 and reason in refused["reason"], refused
    assert [leaf.config() for leaf in leaves] == before


def test_way_of_a_flow_and_cables(site: Site, two_leaves: Lab, leaves: tuple[Switch, Switch]) -> None:
    for leaf in leaves:
        leaf.apply_lines(VLAN_10)
    until(lambda: two_leaves.host("h1").ping("198.18.10.3"))
    cables = until(lambda: (told := site.runner("connetos_fabric.cabling", "leaf*"))[1]["links"] and told)
    assert cables[0] == 0 and cables[1]["links"] == ["leaf1:te-1/1/4 - leaf2:te-1/1/4"], cables
    ends = ("198.18.10.1@leaf1:te-1/1/1", "198.18.10.3@leaf2:te-1/1/1")
    code, way = site.runner("connetos_fabric.navmesh", "leaf*", *ends, "tcp", "destination_port=5432")
    assert code == 0 and way["ok"] is True, way
    assert way["report"][0].endswith("delivered") and "te-1/1/4" in way["report"][2]
    leaves[1].apply_lines(f"delete {TRUNK} vlan members 10")
    code, way = site.runner("connetos_fabric.navmesh", "leaf*", *ends)
    assert code == 1 and "dropped at leaf2:te-1/1/4" in "\n".join(way["report"]), way
    code, alone = site.runner("connetos_fabric.cabling", "leaf1,gone", "tgt_type=list")
    assert code == 1 and list(alone["strangers"]) == ["leaf1:te-1/1/4"]
    assert "can't be reached" in alone["silent"]["gone"]
    code, lost = site.runner("connetos_fabric.navmesh", "leaf*", "198.18.10.77", "198.18.10.1")
    assert code == 1 and "198.18.10.77" in lost["reason"]


def test_provisioning_from_the_master(site: Site, tmp_path: Path) -> None:
    plan = str(ROOT / "examples/atp/rack.yaml")
    code, planned = site.runner("connetos_atp.plan", plan, str(tmp_path / "tftp"), "test=True")
    assert code == 0 and set(planned["changes"].values()) == {"new"} and not (tmp_path / "tftp").exists()
    code, done = site.runner("connetos_atp.plan", plan, str(tmp_path / "tftp"))
    assert done["changes"] == planned["changes"] == {p.name: "new" for p in (tmp_path / "tftp").iterdir()}
    assert site.runner("connetos_atp.plan", plan, str(tmp_path / "tftp"))[1]["changes"] == {}
    code, report = site.runner("connetos_atp.status", str(tmp_path / "absent.yaml"))
    assert code == 1 and "absent.yaml" in report["reason"]


RACK = """\
management: 198.18.255.0/24
server: 198.18.255.1
roles:
  leaf: {template: switch.j2}
switches:
  leaf1: {role: leaf, management: 198.18.255.11}
  leaf2: {role: leaf, management: 198.18.255.12}
links:
  - [leaf1:PORT, leaf2:te-1/1/4]
"""


def test_provisioned_switches_from_the_master(
    site: Site, leaves: tuple[Switch, Switch], tmp_path: Path
) -> None:
    """Their addresses in the plan lead nowhere from here: the pillars of their minions say how to reach them."""
    plan, wrong, served = tmp_path / "rack.yaml", tmp_path / "wrong.yaml", tmp_path / "tftp"
    plan.write_text(RACK.replace("PORT", "te-1/1/4"))
    wrong.write_text(RACK.replace("PORT", "te-1/1/3"))
    (tmp_path / "switch.j2").write_text("set vlans vlan-id 10 vlan-name planned\n")
    for leaf in leaves:
        leaf.apply_lines(VLAN_10)
    code, status = site.runner("connetos_atp.status", str(plan))
    assert code == 0 and status["ok"] is True, status
    assert {name: row["hostname"] for name, row in status["switches"].items()} == {
        "leaf1": "leaf1", "leaf2": "leaf2",
    }  # fmt: skip
    until(lambda: site.runner("connetos_atp.cabling", str(plan))[0] == 0, "cabled as planned")
    code, cabling = site.runner("connetos_atp.cabling", str(wrong))
    assert code == 1 and any("te-1/1/3" in line for line in cabling["report"]), cabling
    assert site.runner("connetos_atp.plan", str(plan), str(served))[0] == 0
    file = served / "198.18.255.11_yunqi.cfg"
    before = file.read_bytes()
    code, planned = site.runner("connetos_atp.refresh", str(plan), str(served), "test=True")
    assert code == 0 and file.read_bytes() == before
    code, done = site.runner("connetos_atp.refresh", str(plan), str(served), "only=[leaf1]")
    assert code == 0 and done["switches"]["leaf1"] == planned["switches"]["leaf1"]
    assert done["switches"]["leaf1"]["outcome"] == "written" and done["switches"].keys() == {"leaf1"}
    assert "set vlans vlan-id 10 l3-interface vlan10" in file.read_text()
    again = site.runner("connetos_atp.refresh", str(plan), str(served), "only=[leaf1]")[1]
    assert again["switches"]["leaf1"]["outcome"] == "same"


def test_documented_session(site: Site, leaves: tuple[Switch, Switch]) -> None:
    """docs/salt.md is true: its states and commands, in their order."""
    replayed = 0
    for block in blocks():
        if block["name"].startswith("/srv/salt/"):
            write(site.directory / "states" / Path(block["name"]).name, block["body"])
        elif block["name"] == "/srv/pillar/leaf1.sls":
            assert set(yaml.safe_load(block["body"])["proxy"]) - {"proxytype"} <= set(SETTINGS)
        elif block["kind"] == "console" and "state.apply machine" not in block["body"]:
            replay(site, block["body"])
            replayed += 1
    assert replayed == 7
