"""The façade at a vendor's switch, over RCC: documented text in, the same typed results out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch, errors
from connetos_sdk.overlay import overlay
from connetos_sdk.release import explained
from connetos_sdk.resources import RESOURCES
from connetos_sdk.results import LoopbackState, ManagementState, RouteState, VlanInterfaceState, VlanState
from tests.contract.vendor import PASSWORD, USER, VendorSwitch


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorSwitch]:
    vendor = VendorSwitch(tmp_path_factory.mktemp("vendor"))
    yield vendor
    vendor.stop()


@pytest.fixture(scope="module")
def connection(vendor: VendorSwitch) -> Iterator[Switch]:
    url = f"rcc://{USER}@127.0.0.1:{vendor.port}"
    with Switch(url, password=PASSWORD, known_hosts=vendor.known_hosts) as switch:
        yield switch


@pytest.fixture
def switch(connection: Switch, vendor: VendorSwitch) -> Iterator[Switch]:
    before = vendor.running
    yield connection
    vendor.running = before
    vendor.archive.clear()
    vendor.commits.clear()


def test_config(switch: Switch) -> None:
    assert switch.config("system hostname") == "leaf-17"
    assert switch.config("vlans") == {"vlan-id": {"1": {}, "210": {"l3-interface": "vlan210"}}}
    classes = switch.config("class-of-service")
    assert classes == {
        "forwarding-class": {"fc-a": {"queue-num": 3}},
        "classifier": {"cls-a": {"trust-mode": "dscp", "forwarding-class": {"fc-a": {"code-point": [26]}}}},
        "interface": {"te-1/1/3": {"classifier": "cls-a"}},
    }, "a part of the tree that our schema doesn't know"
    with pytest.raises(errors.NotFound):
        switch.config("vlans vlan-id 99")


def test_config_with_defaults(switch: Switch) -> None:
    assert switch.config("vlans vlan-id 210", defaults=True) == {
        "description": "", "vlan-name": "default", "l3-interface": "vlan210",
    }  # fmt: skip


def test_config_with_secrets(switch: Switch) -> None:
    switch.config(secrets=True)


def test_startup_configuration(switch: Switch) -> None:
    switch.config(source="startup")


def test_earlier_configuration(switch: Switch) -> None:
    switch.config(source="revision/1")


def test_config_text(switch: Switch, vendor: VendorSwitch) -> None:
    assert "set vlans vlan-id 210 l3-interface vlan210\n" in switch.config_text("vlans", form="set")
    assert switch.config_text("vlans vlan-id 210") == 'l3-interface: "vlan210"\n'
    with pytest.raises(errors.Unsupported, match="class-of-service"):
        switch.config_text()


def test_revision(switch: Switch) -> None:
    switch.revision()


def test_a_resource(switch: Switch, vendor: VendorSwitch) -> None:
    wanted = [{"vlan_id": "20", "vlan_name": "db"}]
    vlans = RESOURCES["vlans"]
    planned = vlans.change(switch, "overridden", wanted, dry_run=True)
    assert planned.commit.set_lines == "delete vlans vlan-id 210\nset vlans vlan-id 20 vlan-name db\n"
    assert vendor.commits == [] and vendor.running["vlans"]["vlan-id"].keys() == {"210"}
    done = vlans.change(switch, "overridden", wanted, comment="ticket-42")
    assert done.commit.changed and {"vlan_id": "210", "l3_interface": "vlan210"} in done.before
    assert vendor.running["vlans"]["vlan-id"] == {"20": {"vlan-name": "db"}}
    again = vlans.change(switch, "overridden", wanted)
    assert not again.commit.changed and vendor.commits == ["commit comment ticket-42"]
    with pytest.raises(errors.InvalidValue):
        vlans.change(switch, "merged", [{"vlan_id": "5000"}])
    assert not vendor.exclusive


def test_secrets_are_masked_and_masks_never_typed(switch: Switch, vendor: VendorSwitch) -> None:
    secret = "set system login user bob authentication plain-text-password hunter2-x"
    done = switch.apply_lines(f"{secret}\nset system login user bob class super-user")
    change = RESOURCES["user"].change(
        switch, "merged", [{"user_name": "bob", "class": "read-only"}], comment="ticket-42"
    )
    assert change.commit.set_lines == "set system login user bob class read-only\n"
    told = repr(done) + repr(change) + repr(switch.config()) + repr(RESOURCES["user"].gather(switch))
    assert "bob" in told and "hunter2" not in told
    with pytest.raises(errors.Unsupported, match="mask"):
        switch.replace(switch.config("system"), "system")
    kept = vendor.running["system"]["login"]["user"]["bob"]
    assert kept["authentication"] == {"plain-text-password": "hunter2-x"}


def test_an_overlay(switch: Switch, vendor: VendorSwitch) -> None:
    before = vendor.running
    done = overlay(switch, {"vlans": {"vlan-id": {"20": {}}}}, purge=["vlans"])
    assert done.set_lines == "delete vlans vlan-id 210\nset vlans vlan-id 20\n"
    assert {**vendor.running, "vlans": None} == {**before, "vlans": None}
    with switch.configure(exclusive=True), pytest.raises(errors.Locked):
        overlay(switch, {"vlans": {"vlan-id": {"30": {}}}}, purge=["vlans"])


def test_its_releases_are_not_ours(switch: Switch) -> None:
    assert explained(errors.UnknownPath("x isn't known here"), switch, "0.0.1") == "x isn't known here"
    assert switch.system().version


def test_merge(switch: Switch, vendor: VendorSwitch) -> None:
    done = switch.merge({"vlan-id": {"10": {"vlan-name": "web tier"}}}, "vlans")
    assert (done.changed, done.revision, done.plan) == (True, None, None)
    assert done.set_lines == 'set vlans vlan-id 10 vlan-name "web tier"\n'
    assert '[edit vlans vlan-id 10]\n+   vlan-name: "web tier"\n' in done.diff
    assert vendor.running["vlans"]["vlan-id"]["10"] == {"vlan-name": "web tier"}
    again = switch.merge("web tier", "vlans vlan-id 10 vlan-name")
    assert (again.changed, again.diff, vendor.commits) == (False, "", ["commit"])


def test_replace(switch: Switch, vendor: VendorSwitch) -> None:
    done = switch.replace({"20": {}, "210": {"l3-interface": "vlan210"}}, "vlans vlan-id")
    assert done.changed
    assert vendor.running["vlans"]["vlan-id"].keys() == {"20", "210"}


def test_delete(switch: Switch, vendor: VendorSwitch) -> None:
    assert switch.delete("protocols static route 198.51.100.0/24").set_lines == (
        "delete protocols static route 198.51.100.0/24\n"
    )
    with pytest.raises(errors.UnknownPath) as raised:
        switch.delete("protocols static route 198.51.100.0/24")
    assert raised.value.path == ("protocols", "static", "route", "198.51.100.0/24")


def test_apply_lines(switch: Switch, vendor: VendorSwitch) -> None:
    assert switch.apply_lines("set vlans vlan-id 10\nset vlans vlan-id 20").changed
    before = vendor.running
    with pytest.raises(errors.UnknownPath, match="line 2") as raised:
        switch.apply_lines("set vlans vlan-id 30\nset no such thing")
    assert raised.value.path == ("no", "such", "thing")
    with pytest.raises(errors.UnknownPath) as raised:
        switch.apply_lines('set system login user bob authentication password "hunter2 x y"')
    told = str(raised.value) + repr(raised.value.path)
    assert "authentication password" in told
    assert not {"hunter2", "x y"} & {word for word in ("hunter2", "x y") if word in told}
    assert vendor.running == before


def test_comment(switch: Switch, vendor: VendorSwitch) -> None:
    switch.apply_lines("set vlans vlan-id 10", comment="ticket-42")
    assert vendor.commits == ["commit comment ticket-42"]
    with pytest.raises(errors.Unsupported, match="one word"):
        switch.apply_lines("set vlans vlan-id 20", comment="two words")
    assert "20" not in vendor.running["vlans"]["vlan-id"]


def test_confirm(switch: Switch, vendor: VendorSwitch) -> None:
    assert switch.apply_lines("set vlans vlan-id 10", confirm=60).confirm_deadline
    assert vendor.commits == ["commit confirmed 60"]
    with pytest.raises(errors.InvalidValue):
        switch.apply_lines("set vlans vlan-id 20", confirm=0)


def test_confirming(switch: Switch) -> None:
    switch.confirm()


def test_cancelling(switch: Switch) -> None:
    switch.cancel_confirmed()


def test_dry_run(switch: Switch, vendor: VendorSwitch) -> None:
    planned = switch.apply_lines("set vlans vlan-id 10", dry_run=True)
    assert (planned.changed, planned.dry_run, planned.plan) == (True, True, None)
    assert planned.set_lines == "set vlans vlan-id 10\n"
    assert not switch.apply_lines("set vlans vlan-id 210", dry_run=True).changed
    with switch.configure() as change:
        change.set("vlans vlan-id 10")
        assert change.check().set_lines == "set vlans vlan-id 10\n"
        change.close()
    with pytest.raises(errors.UnknownPath):
        switch.apply_lines("set vlans vlan-id 5000", dry_run=True)
    with pytest.raises(errors.Unsupported, match="one word"):
        switch.apply_lines("set vlans vlan-id 10", comment="two words", dry_run=True)
    assert vendor.commits == [] and not vendor.exclusive


def test_if_revision(switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 10", if_revision=1)


def test_candidate(switch: Switch, vendor: VendorSwitch) -> None:
    with switch.configure() as change:
        change.set("vlans vlan-id 10 vlan-name web")
        assert change.config("vlans vlan-id 10") == {"vlan-name": "web"}
        assert change.diff("set") == "set vlans vlan-id 10 vlan-name web\n"
        with pytest.raises(errors.UnknownPath):
            change.lines("set vlans vlan-id 20\nset vlans vlan-id 5000")
        assert change.diff("set") == "set vlans vlan-id 10 vlan-name web\n", (
            "a failed edit leaves nothing behind"
        )
        assert switch.config("vlans vlan-id").keys() == {"1", "210"}
    assert vendor.running["vlans"]["vlan-id"]["10"] == {"vlan-name": "web"}


def test_candidate_loads_text(switch: Switch, vendor: VendorSwitch) -> None:
    with switch.configure() as change:
        change.load('{"vlans": {"vlan-id": {"10": {}}}}')
        change.load('vlans {\n    vlan-id 20 {\n        vlan-name: "db"\n    }\n}\n')
    assert vendor.running["vlans"]["vlan-id"]["20"] == {"vlan-name": "db"}


def test_candidate_replaces(switch: Switch, vendor: VendorSwitch) -> None:
    with switch.configure() as change:
        change.replace({"vlan-name": "db"}, "vlans vlan-id 210")
    assert vendor.running["vlans"]["vlan-id"]["210"] == {"vlan-name": "db"}


def test_candidate_is_discarded(switch: Switch, vendor: VendorSwitch) -> None:
    with switch.configure() as change:
        change.set("vlans vlan-id 10")
        change.discard()
        assert change.diff() == ""
    assert vendor.running["vlans"]["vlan-id"].keys() == {"210"}


def test_candidate_from_an_earlier_configuration(switch: Switch) -> None:
    with switch.configure() as change:
        change.rollback(1)


def test_scheduled_commit(switch: Switch) -> None:
    with switch.configure() as change:
        change.set("vlans vlan-id 10")
        change.schedule(datetime.now(UTC))


def test_exclusive(switch: Switch, vendor: VendorSwitch) -> None:
    with switch.configure(exclusive=True), pytest.raises(errors.Locked), switch.configure():
        pass
    assert vendor.exclusive is False


def test_candidate_without_its_connection(switch: Switch) -> None:
    with pytest.raises(errors.NotFound):
        switch.config(source="session/of-another-connection")
    raise errors.Unsupported("the candidate went with its connection")


def test_revisions(switch: Switch) -> None:
    switch.revisions()


def test_revision_diff(switch: Switch) -> None:
    switch.revision_diff(1)


def test_rollback(switch: Switch, vendor: VendorSwitch) -> None:
    switch.apply_lines("set vlans vlan-id 10")
    assert switch.rollback(1).set_lines == "delete vlans vlan-id 10\n"
    with pytest.raises(errors.ConnetosError):
        switch.rollback(40)
    with pytest.raises(errors.NotFound):
        switch.rollback(77)


@pytest.mark.parametrize("option", [{"revision": 3}, {"comment": "x"}, {"confirm": 60}, {"dry_run": True}])
def test_rollback_with_options(switch: Switch, option: dict[str, Any]) -> None:
    with pytest.raises(errors.Unsupported, match=next(iter(option))):
        switch.rollback(**{"index": 1, **option})


def test_rollback_to_a_revision(switch: Switch) -> None:
    switch.rollback(revision=3)


def test_save(switch: Switch, vendor: VendorSwitch) -> None:
    switch.save()
    assert vendor.saved


def test_state(switch: Switch) -> None:
    assert switch.state("interface management-ethernet eth0 address") == "192.0.2.34/24"
    switch.state()


def test_tables_and_machine(switch: Switch) -> None:
    arp = switch.state("arp")
    assert arp["aging-time"] == 1200 and arp["entries"][0]["mac"] == arp["entries"][0]["mac"].lower()
    prefixes = [route["prefix"] for route in switch.state("fib ipv4")]
    assert "203.0.113.0/24" in prefixes and len(prefixes) == len(set(prefixes))
    assert [fan["speed_rpm"] for fan in switch.state("system fan")] == [8800, 8700]
    assert [one["celsius"] for one in switch.state("system temperature")] == [32.0, 31.0]
    first, second = switch.state("system rpsu")
    assert (first["status"], first["pout"], second["status"], second["pout"]) == (
        "OK",
        72.0,
        "Unpresent",
        None,
    )
    assert switch.state("system serial-number") == {
        "board": "MB0001", "rpsu": ["SN0001"], "modules": {"te-1/1/3": "SN0002", "qe-1/1/50": "SN0003"},
    }  # fmt: skip
    assert switch.state("system ddm")["qe-1/1/50"]["bias_ma"] is None
    assert 0 <= switch.state("system cpu-usage percent") <= 100
    memory = switch.state("system memory-usage")
    assert memory["total"] == memory["used"] + memory["free"]
    with pytest.raises(errors.Unsupported, match="the state of system ntp-status"):
        switch.state("system ntp-status")


def test_system(switch: Switch) -> None:
    system = switch.system()
    assert (system.hostname, system.model, system.version) == ("leaf-17", "X1000", "9.9.9")
    assert system.uptime_s == (2 * 24 + 3) * 3600 + 4 * 60
    assert (system.revision, system.forwarding) == (None, True)


def test_interfaces(switch: Switch) -> None:
    switch.interfaces()


def test_vlans(switch: Switch) -> None:
    found = switch.vlans()
    assert found[210] == VlanState(210, "default", "", "vlan210", ["te-1/1/3"], ["ae7"])
    assert found[1].untagged[-1] == "te-1/1/10"


def test_vlan_interfaces(switch: Switch) -> None:
    mac = "02:00:5e:10:00:01"
    assert switch.vlan_interfaces() == {
        "vlan210": VlanInterfaceState("vlan210", 210, "up", 1500, ["192.0.2.65/26"], mac),
        "vlan211": VlanInterfaceState("vlan211", 211, "down", 1500, [], mac),
    }


def test_loopbacks(switch: Switch) -> None:
    assert switch.loopbacks() == {"lo7": LoopbackState("lo7", "up", "", ["203.0.113.7/32"])}


def test_routes(switch: Switch) -> None:
    assert switch.routes() == {
        "203.0.113.0/24": RouteState("203.0.113.0/24", True, [("192.0.2.66", 1)]),
        "198.51.100.0/24": RouteState("198.51.100.0/24", False, []),
    }


def test_lldp_neighbors(switch: Switch) -> None:
    switch.lldp_neighbors()


def test_management(switch: Switch) -> None:
    assert switch.management() == ManagementState(
        "eth0", "unknown", "192.0.2.34/24", "", dhcp=True, mac="02:00:5e:10:00:02"
    )


def test_cli(switch: Switch) -> None:
    assert switch.cli("show system uptime").endswith("load average: 0.10, 0.11, 0.12\n")
    for wrong in ("show nothing", "configure", ""):
        with pytest.raises(errors.BadRequest):
            switch.cli(wrong)


def test_events(switch: Switch) -> None:
    next(switch.events())


def test_progress(switch: Switch) -> None:
    switch.transport.call("save", {}, lambda _: None)


# -- and what goes wrong ----------------------------------------------------------------------------------


def test_a_layout_that_isnt_the_documented_one_is_an_error(
    switch: Switch, vendor: VendorSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vendor.samples, "show vlan-interface", "Interface  State\nvlan210    Up\n")
    with pytest.raises(errors.ProtocolError, match="isn't laid out as documented"):
        switch.vlan_interfaces()


def test_a_lost_connection_ends_the_candidate(vendor: VendorSwitch, tmp_path: Path) -> None:
    with Switch(
        f"127.0.0.1:{vendor.port}",
        transport="rcc",
        username=USER,
        password=PASSWORD,
        known_hosts=vendor.known_hosts,
    ) as switch:
        session = switch.transport.open_session(exclusive=False)
        switch.transport._candidates[session].shell.client.close()  # type: ignore[attr-defined]
        with pytest.raises(errors.ConnetosError):
            switch.transport.edit(session, "lines", (), "set vlans vlan-id 10")
        assert "10" not in switch.config("vlans vlan-id")
