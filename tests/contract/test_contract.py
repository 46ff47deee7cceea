"""The façade's methods, one test each, over every transport against one live agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connetos_sdk import Switch, errors
from connetos_sdk.results import Event
from connetos_sdk.transports.choice import Kind
from tests.contract.conftest import USER, Machine
from tests.waiting import until

PORT = "interface gigabit-ethernet te-1/1/1"
NATIVE = f"{PORT} family ethernet-switching native-vlan-id"
LINES = f"set {NATIVE} 10\nset vlans vlan-id 10 vlan-name web\n"
WEB = {"vlan-id": {"10": {"vlan-name": "web"}}}


# -- looking ----------------------------------------------------------------------------------------------


def test_config(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert switch.config("vlans") == WEB
    assert switch.config(f"{NATIVE}") == 10
    assert switch.config() == rest.config()
    assert switch.config("protocols") == {}
    for nothing in ("vlans vlan-id 99", "vlans vlan-id 10 description", "no such path"):
        with pytest.raises(errors.NotFound) as raised:
            switch.config(nothing)
        assert raised.value.reason


def test_config_with_defaults(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert switch.config(defaults=True) == rest.config(defaults=True)
    assert switch.config("vlans vlan-id", defaults=True).keys() == {"1", "10"}


def test_config_with_secrets(switch: Switch) -> None:
    path = f"system login user {USER} authentication encrypted-password"
    assert switch.config(path) == "********"
    assert switch.config(path, secrets=True).startswith("$6$")


def test_startup_configuration(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert "vlans" not in switch.config(source="startup")
    assert switch.config("system hostname", source="startup") == "leaf1"


def test_earlier_configuration(switch: Switch, rest: Switch) -> None:
    revision = rest.apply_lines(LINES).revision
    rest.delete("vlans vlan-id 10 vlan-name")
    assert switch.config("vlans", source=f"revision/{revision}") == WEB
    with pytest.raises(errors.NotFound):
        switch.config(source="revision/999999")


def test_config_text(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    for form in ("text", "set"):
        for path in ("", "vlans", f"{PORT} family"):
            assert switch.config_text(path, form=form) == rest.config_text(path, form=form) != ""
    assert switch.config_text("vlans", form="set") == "set vlans vlan-id 10 vlan-name web\n"
    assert switch.config_text(PORT, defaults=True) == rest.config_text(PORT, defaults=True)
    assert switch.config_text("vlans vlan-id 99") == ""
    with pytest.raises(errors.NotFound):
        switch.config_text("no such path")


def test_revision(switch: Switch, rest: Switch) -> None:
    assert switch.revision() == rest.revision()
    assert rest.apply_lines(LINES).revision == switch.revision()


# -- one call, one transaction ----------------------------------------------------------------------------


def test_merge(switch: Switch, rest: Switch) -> None:
    done = switch.merge({"vlans": WEB, **_native(10)})
    assert (done.changed, done.dry_run, done.revision) == (True, False, rest.revision())
    assert "vlan-name" in done.diff
    assert done.set_lines == LINES
    again = switch.merge("web", "vlans vlan-id 10 vlan-name")
    assert (again.changed, again.revision, again.diff) == (False, done.revision, "")
    assert switch.merge({"vlan-id": {"20": {}}}, "vlans").set_lines == "set vlans vlan-id 20\n"
    assert rest.config("vlans vlan-id") == {"10": {"vlan-name": "web"}, "20": {}}


def _native(vlan: int) -> dict[str, Any]:
    family = {"ethernet-switching": {"native-vlan-id": vlan}}
    return {"interface": {"gigabit-ethernet": {"te-1/1/1": {"family": family}}}}


@pytest.mark.parametrize(
    ("document", "kind_of_error", "path"),
    [
        ({"vlans": {"vlan-id": {"5000": {}}}}, errors.InvalidValue, ("vlans", "vlan-id")),
        ({"nothing": {}}, errors.UnknownPath, ()),
        (_native(99), errors.BrokenReference, tuple(NATIVE.split())),
        ({"interface": {"gigabit-ethernet": {"te-1/1/1": {"mtu": "big"}}}}, errors.InvalidValue, (*PORT.split(), "mtu")),
    ],
)  # fmt: skip
def test_what_is_wrong_keeps_its_class_and_path(
    switch: Switch,
    rest: Switch,
    document: Any,
    kind_of_error: type[errors.ConnetosError],
    path: tuple[str, ...],
) -> None:
    before = rest.revision()
    with pytest.raises(errors.ConfigError) as raised:
        switch.merge(document)
    with pytest.raises(kind_of_error) as expected:
        rest.merge(document)
    assert type(raised.value) is type(expected.value)
    assert raised.value.path == expected.value.path == path
    assert raised.value.reason == expected.value.reason
    assert rest.revision() == before


def test_replace(switch: Switch, rest: Switch) -> None:
    rest.apply_lines("set vlans vlan-id 10 vlan-name web\nset vlans vlan-id 20")
    assert switch.replace({"30": {"vlan-name": "db"}}, "vlans vlan-id").changed
    assert rest.config("vlans") == {"vlan-id": {"30": {"vlan-name": "db"}}}
    assert switch.replace({}, "vlans vlan-id 30").set_lines == "delete vlans vlan-id 30 vlan-name\n"
    whole = {**rest.config(), "vlans": WEB}
    assert switch.replace(whole).changed
    assert rest.config() == whole


def test_delete(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    switch.delete(NATIVE)
    switch.delete("vlans vlan-id 10")
    assert rest.config("vlans") == {}
    with pytest.raises(errors.NotFound) as raised:
        switch.delete("vlans vlan-id 10")
    assert raised.value.path == ("vlans", "vlan-id", "10")
    with pytest.raises(errors.RuleViolation):
        switch.delete(())


def test_apply_lines(switch: Switch, rest: Switch) -> None:
    done = switch.apply_lines(
        ["# web tier", *LINES.splitlines(), "set vlans vlan-id 20:21", "delete vlans vlan-id 21"]
    )
    assert done.changed
    assert rest.config("vlans vlan-id").keys() == {"10", "20"}
    before = rest.revision()
    with pytest.raises(errors.ParseError, match=r"line 2: .*5000"):
        switch.apply_lines("set vlans vlan-id 30\nset vlans vlan-id 5000\n")
    with pytest.raises(errors.ParseError, match='line 1: "show" isn\'t known here'):
        switch.apply_lines("show vlans")
    assert rest.revision() == before


def test_comment(switch: Switch, rest: Switch) -> None:
    switch.merge(WEB, "vlans", comment='web tier; "second" | floor')
    assert rest.revisions()[0].comment == 'web tier; "second" | floor'
    with pytest.raises((errors.BadRequest, errors.InvalidValue)):
        switch.delete("vlans vlan-id 10", comment="x" * 600)


def test_confirm(switch: Switch, rest: Switch) -> None:
    done = switch.merge(WEB, "vlans", confirm=1)
    assert done.confirm_deadline is not None
    until(lambda: rest.config("vlans") == {})
    for seconds in (0, -1, 30001):
        with pytest.raises((errors.InvalidValue, errors.BadRequest)):
            switch.merge(WEB, "vlans", confirm=seconds)


def test_confirming(switch: Switch, rest: Switch) -> None:
    done = switch.merge(WEB, "vlans", confirm=600)
    assert switch.merge(WEB, "vlans").changed is False
    assert rest.system().confirm is not None, "a change of nothing confirms nothing"
    assert switch.confirm() == done.revision
    assert rest.system().confirm is None
    with pytest.raises(errors.NotFound, match="no commit waits"):
        switch.confirm()


def test_cancelling(switch: Switch, rest: Switch) -> None:
    switch.merge(WEB, "vlans", confirm=600)
    assert switch.cancel_confirmed().changed
    assert rest.config("vlans") == {}
    with pytest.raises(errors.NotFound, match="no commit waits"):
        switch.cancel_confirmed()


def test_dry_run(switch: Switch, rest: Switch) -> None:
    before = rest.revision()
    planned = switch.apply_lines(LINES, dry_run=True)
    assert (planned.dry_run, planned.changed, planned.set_lines) == (True, True, LINES)
    assert planned.plan == rest.apply_lines(LINES, dry_run=True).plan
    with switch.configure() as change:
        change.lines(LINES)
        assert change.check().plan == planned.plan
        change.discard()
    assert rest.revision() == before


def test_if_revision(switch: Switch, rest: Switch) -> None:
    revision = rest.revision()
    done = switch.merge(WEB, "vlans", if_revision=revision)
    with pytest.raises(errors.PreconditionFailed):
        switch.delete("vlans", if_revision=revision)
    assert switch.delete("vlans", if_revision=done.revision).changed


# -- candidates -------------------------------------------------------------------------------------------


def test_candidate(switch: Switch, rest: Switch) -> None:
    with switch.configure(comment="web tier") as change:
        change.set("vlans vlan-id 10 vlan-name web")
        change.set("vlans vlan-id 20")
        change.delete("vlans vlan-id 20")
        assert change.config("vlans") == WEB
        assert change.config("vlans vlan-id 1 vlan-name", defaults=True) == "default"
        assert "+   vlan-id 10" in change.diff()
        assert change.diff("set") == "set vlans vlan-id 10 vlan-name web\n"
        with pytest.raises(errors.ParseError):
            change.lines("set vlans vlan-id 30\nset vlans vlan-id 5000")
        assert change.diff("set") == "set vlans vlan-id 10 vlan-name web\n", (
            "a failed edit leaves nothing behind"
        )
        assert rest.config("vlans") == {}
        assert switch.config("vlans") == {}, "others don't see the candidate"
    assert change.result is not None
    assert change.result.revision == rest.revision()
    assert rest.revisions()[0].comment == "web tier"
    with pytest.raises(errors.BrokenReference), switch.configure() as change:
        change.set(f"{NATIVE} 99")
    with pytest.raises(ValueError, match="mine"), switch.configure() as change:
        change.set("vlans vlan-id 30")
        raise ValueError("mine")
    assert rest.config("vlans") == WEB


@pytest.mark.parametrize("name", ["nothing", "../x"])
def test_candidates_of_nobody(switch: Switch, name: str) -> None:
    with pytest.raises(errors.NotFound):
        switch.config(source=f"session/{name}")


def test_candidate_loads_text(switch: Switch) -> None:
    with switch.configure() as change:
        change.load('{"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}')
        change.load('vlans {\n    vlan-id 20 {\n        vlan-name: "data base"\n    }\n}\n')
        change.load("set vlans vlan-id 30\n")
        assert change.config("vlans vlan-id") == {
            "10": {"vlan-name": "web"},
            "20": {"vlan-name": "data base"},
            "30": {},
        }
        with pytest.raises(errors.ParseError):
            change.load("vlans {")
        with pytest.raises(errors.ConfigError):
            change.load('{"vlans": 7}')


def test_candidate_replaces(switch: Switch) -> None:
    with switch.configure() as change:
        change.merge(WEB, "vlans")
        change.merge({"20": {}}, "vlans vlan-id")
        change.replace({"30": {}}, "vlans vlan-id")
        assert change.config("vlans") == {"vlan-id": {"30": {}}}
        with pytest.raises(errors.InvalidValue):
            change.merge({"vlan-id": {"5000": {}}}, "vlans")
        assert change.config("vlans") == {"vlan-id": {"30": {}}}


def test_candidate_is_discarded(switch: Switch, rest: Switch) -> None:
    before = rest.revision()
    with switch.configure() as change:
        change.lines(LINES)
        change.discard()
        assert change.diff() == ""
    assert rest.revision() == before


def test_candidate_from_an_earlier_configuration(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    rest.delete("vlans vlan-id 10 vlan-name")
    with switch.configure() as change:
        change.rollback(1)
        assert change.diff("set") == "set vlans vlan-id 10 vlan-name web\n"


def test_two_commits_and_a_conflict(switch: Switch, rest: Switch) -> None:
    with pytest.raises(errors.Conflict) as raised, switch.configure() as change:
        change.set("vlans vlan-id 10 vlan-name web")
        first = change.commit()
        change.set("vlans vlan-id 10 vlan-name shop")
        assert rest.revision() == first.revision
        rest.merge("store", "vlans vlan-id 10 vlan-name")
        change.commit()
    assert raised.value.path == ("vlans", "vlan-id", "10", "vlan-name")


def test_scheduled_commit(switch: Switch, rest: Switch) -> None:
    with switch.configure(comment="tonight") as change:
        change.lines(LINES)
        change.schedule(datetime.now(UTC) + timedelta(hours=1))
    scheduled = rest.system().scheduled
    assert scheduled is not None
    assert (scheduled["comment"], rest.config("vlans")) == ("tonight", {})
    switch.cancel_scheduled()
    assert rest.system().scheduled is None


def test_exclusive(switch: Switch, rest: Switch) -> None:
    with switch.configure(exclusive=True) as change:
        with pytest.raises(errors.Locked):
            rest.merge(WEB, "vlans")
        with pytest.raises(errors.Locked), switch.configure():
            pass
        change.merge(WEB, "vlans")
    assert rest.config("vlans") == WEB
    with rest.configure(), pytest.raises(errors.Locked), switch.configure(exclusive=True):
        pass


def test_candidate_without_its_connection(switch: Switch, kind: Kind, machine: Machine) -> None:
    with machine.connect(kind) as first:
        session = first.transport.open_session(exclusive=False)
        first.transport.edit(session, "lines", (), LINES)
    try:
        assert switch.config("vlans", source=f"session/{session}") == WEB
        switch.transport.close_session(session)
    except errors.NotFound:
        raise errors.Unsupported("the candidate went with its connection") from None


# -- history ----------------------------------------------------------------------------------------------


def test_revisions(switch: Switch, rest: Switch) -> None:
    switch.merge(WEB, "vlans", comment="web")
    found = switch.revisions()
    assert found == rest.revisions()
    assert (found[0].id, found[0].rollback, found[0].comment) == (rest.revision(), 0, "web")


def test_revision_diff(switch: Switch, rest: Switch) -> None:
    first, second = rest.apply_lines(LINES).revision, rest.delete(NATIVE).revision
    assert first is not None
    assert second is not None
    assert switch.revision_diff(second) == f"delete {NATIVE}\n"
    assert switch.revision_diff(second, first) == rest.revision_diff(second, first) != ""
    with pytest.raises(errors.NotFound):
        switch.revision_diff(999999)


def test_rollback(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    rest.delete(NATIVE)
    assert switch.rollback().set_lines == f"set {NATIVE} 10\n"
    assert switch.rollback(3).set_lines == f"delete {PORT}\ndelete vlans vlan-id 10\n"
    with pytest.raises(errors.NotFound, match="no rollback 77"):
        switch.rollback(77)


def test_rollback_to_a_revision(switch: Switch, rest: Switch) -> None:
    before = rest.revision()
    rest.apply_lines(LINES)
    assert switch.rollback(revision=before, dry_run=True).dry_run
    assert rest.config("vlans") == WEB
    done = switch.rollback(revision=before, comment="no web", confirm=600)
    assert done.confirm_deadline
    assert rest.config("vlans") == {}
    assert rest.revisions()[0].comment == "no web"
    rest.cancel_confirmed() if switch is rest else switch.cancel_confirmed()
    assert rest.config("vlans") == WEB


def test_save(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    switch.save()
    try:
        assert rest.config("vlans", source="startup") == WEB
        switch.save("default")
        assert rest.config(source="startup") == {}
        with pytest.raises((errors.InvalidValue, errors.BadRequest)):
            switch.save("nothing")
    finally:
        rest.delete(NATIVE)
        rest.delete("vlans")
        rest.save()


# -- state ------------------------------------------------------------------------------------------------


def test_state(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert switch.state("vlans vlan-id 10 untagged") == ["te-1/1/1"]
    assert switch.state("interface") == rest.state("interface")
    assert switch.state().keys() == rest.state().keys()
    with pytest.raises(errors.NotFound):
        switch.state("nothing")
    with pytest.raises(errors.NotFound):
        switch.state("vlans vlan-id 99")


def test_system(switch: Switch, rest: Switch) -> None:
    mine, theirs = switch.system(), rest.system()
    assert (mine.hostname, mine.version, mine.dataplane) == ("leaf1", theirs.version, "memory")
    assert (mine.revision, mine.forwarding, mine.confirm) == (rest.revision(), False, None)


def test_interfaces(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert switch.interfaces() == rest.interfaces()
    assert switch.interfaces()["te-1/1/1"].native_vlan_id == 10


def test_vlans(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(LINES)
    assert switch.vlans() == rest.vlans()
    assert switch.vlans()[10].untagged == ["te-1/1/1"]


def test_vlan_interfaces(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(ROUTED)
    assert switch.vlan_interfaces() == rest.vlan_interfaces()
    assert switch.vlan_interfaces()["vlan210"].addresses == ["192.0.2.65/26"]


def test_loopbacks(switch: Switch, rest: Switch) -> None:
    rest.apply_lines("set loopback-interface interface lo7 address 203.0.113.7/32\n")
    assert switch.loopbacks() == rest.loopbacks()
    assert switch.loopbacks()["lo7"].addresses == ["203.0.113.7/32"]


ROUTED = """\
set vlans vlan-id 210 l3-interface vlan210
set vlan-interface interface vlan210 address 192.0.2.65 prefix-length 26
set protocols static route 203.0.113.0/24 next-hop 192.0.2.66
"""


def test_lldp_neighbors(switch: Switch, rest: Switch) -> None:
    assert switch.lldp_neighbors() == rest.lldp_neighbors()


def test_management(switch: Switch, rest: Switch) -> None:
    assert switch.management() == rest.management()


def test_cli(switch: Switch) -> None:
    assert switch.cli("show vlans | count") == "Count: 4 lines\n"
    for wrong in ("show nothing", "configure", "exit", ""):
        with pytest.raises(errors.BadRequest):
            switch.cli(wrong)
    assert switch.cli("show vlans | count") == "Count: 4 lines\n"


def test_routes(switch: Switch, rest: Switch) -> None:
    rest.apply_lines(ROUTED)
    assert switch.routes() == rest.routes()
    assert switch.routes()["203.0.113.0/24"].next_hops == [("192.0.2.66", 1)]


def test_events(switch: Switch, rest: Switch) -> None:
    found: list[Event] = []
    events = switch.events()
    following = threading.Thread(target=lambda: found.extend(_first_commit(events)), daemon=True)
    if not isinstance(switch.transport, type(rest.transport)):
        _listening(switch)
    following.start()
    until(lambda: _poke(rest, found))
    assert found[-1].kind == "commit"
    assert found[-1].data["user"] == USER


def _first_commit(events: Any) -> list[Event]:
    seen = []
    for event in events:
        seen.append(event)
        if event.kind == "commit":
            events.close()
            break
    return seen


def _listening(switch: Switch) -> None:
    """Raise what a transport without events raises, in this thread."""
    stream = switch.transport.events()
    if not hasattr(stream, "send"):
        next(stream)


def _poke(rest: Switch, found: list[Event]) -> bool:
    """Commit until the listener, which begins to listen some time, has heard of one."""
    if not found:
        rest.merge(f"name-{time.monotonic_ns()}", "vlans vlan-id 10 vlan-name")
    return bool(found)


# -- operations -------------------------------------------------------------------------------------------


def test_operations(switch: Switch) -> None:
    assert switch.transport.call("save", {"source": "running"}) == {"saved": "running"}
    for name, body in (("fly", {}), ("rollback", {"back": 1})):
        with pytest.raises((errors.NotFound, errors.BadRequest)):
            switch.transport.call(name, body)


def test_progress(switch: Switch) -> None:
    told: list[Mapping[str, Any]] = []
    assert switch.transport.call("save", {}, told.append) == {"saved": "running"}


# -- access -----------------------------------------------------------------------------------------------


def test_a_wrong_password(machine: Machine, kind: Kind) -> None:
    if kind == "xrl":
        with pytest.raises(errors.Unsupported, match="xrl has no username"):
            machine.connect("xrl", username=USER)
        return
    with machine.connect(kind, password="wrong") as switch, pytest.raises(errors.AuthenticationFailed):
        switch.revision()


def test_nobody_there(kind: Kind) -> None:
    with Switch("127.0.0.1:9", transport=kind, timeout_s=5) as switch, pytest.raises(errors.Unreachable):
        switch.revision()


def test_several_threads(switch: Switch) -> None:
    wrong: list[BaseException] = []

    def one(vlan: int) -> None:
        try:
            with switch.configure() as change:
                change.set(f"vlans vlan-id {vlan}")
                assert switch.config("system hostname") == "leaf1"
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=one, args=(vlan,)) for vlan in range(30, 36)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert set(switch.vlans()) == {1, *range(30, 36)}
