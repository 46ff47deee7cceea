"""What the agent's targets do, as a session over XRL."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.access import Access
from connetos_agent.northbound.xrl.service import XrlService
from connetos_agent.northbound.xrl.settings import XrlSettings
from connetos_agent.northbound.xrl.stcp import StcpListener
from connetos_agent.northbound.xrl.target import Interface, commands
from connetos_agent.show.state import StateReader
from connetos_sdk.errors import (
    BadRequest,
    ConnetosError,
    InvalidValue,
    Locked,
    NotFound,
    ParseError,
    PermissionDenied,
    PreconditionFailed,
    TimedOut,
    UnknownPath,
)
from connetos_sdk.transports.xrl_client import XrlClient
from connetos_sdk.wire.xrl import Atom, AtomType, BadArguments, Code, Xrl, boolean, format_args, txt, u32
from tests.xrl.conftest import XrlSwitch

CONFIG = "connetos_config/0.1"


def ask(client: XrlClient, command: str, *args: Atom, target: str = "connetos") -> list[object]:
    return [atom.value for atom in client.call(Xrl(target, command, args))]


def change(client: XrlClient, lines: str) -> object:
    return ask(client, f"{CONFIG}/change", txt("lines", lines), txt("comment", "from a test"))[0]


def get(client: XrlClient, path: str) -> object:
    return json.loads(str(ask(client, f"{CONFIG}/get", txt("path", path))[0]))


def test_a_change_is_one_transaction_with_a_revision(switch: XrlSwitch, client: XrlClient) -> None:
    revision = change(client, "set vlans vlan-id 10 vlan-name web\nset vlans vlan-id 20\n")
    assert get(client, "vlans vlan-id") == {"10": {"vlan-name": "web"}, "20": {}}
    facts = switch.manager.revisions()[0]
    assert (facts["id"], facts["user"], facts["via"], facts["comment"]) == (
        revision,
        "xrl",
        "xrl",
        "from a test",
    )
    (shown,) = ask(client, f"{CONFIG}/show", txt("path", "vlans vlan-id 10"))
    assert "web" in str(shown)


def test_a_candidate_is_edited_compared_and_committed(client: XrlClient) -> None:
    (session,) = map(str, ask(client, f"{CONFIG}/open", boolean("exclusive", False)))
    here = txt("session", session)
    ask(client, f"{CONFIG}/set", here, txt("words", "vlans vlan-id 30 vlan-name lab"))
    (diff,) = ask(client, f"{CONFIG}/compare", here, txt("form", "set"))
    assert diff == "set vlans vlan-id 30 vlan-name lab\n"
    assert get(client, "vlans") == {}
    ask(client, f"{CONFIG}/commit", here, txt("comment", ""), u32("confirm", 0))
    assert get(client, "vlans vlan-id 30 vlan-name") == "lab"
    ask(client, f"{CONFIG}/delete", here, txt("words", "vlans vlan-id 30"))
    (outcome,) = ask(client, f"{CONFIG}/check", here)
    assert json.loads(str(outcome))["dry_run"] is True
    ask(client, f"{CONFIG}/discard", here)
    ask(client, f"{CONFIG}/close", here)
    with pytest.raises(NotFound):
        ask(client, f"{CONFIG}/discard", here)


def test_rollback_and_confirm(client: XrlClient) -> None:
    change(client, "set vlans vlan-id 40")
    change(client, "set vlans vlan-id 50")
    ask(client, f"{CONFIG}/rollback", u32("rollback", 1), txt("comment", ""))
    assert list(get(client, "vlans vlan-id")) == ["40"]  # type: ignore[call-overload]
    (session,) = map(str, ask(client, f"{CONFIG}/open", boolean("exclusive", False)))
    ask(client, f"{CONFIG}/set", txt("session", session), txt("words", "vlans vlan-id 60"))
    ask(client, f"{CONFIG}/commit", txt("session", session), txt("comment", ""), u32("confirm", 60))
    ask(client, f"{CONFIG}/cancel")
    assert list(get(client, "vlans vlan-id")) == ["40"]  # type: ignore[call-overload]


def test_an_error_comes_back_as_what_it_was(client: XrlClient) -> None:
    with pytest.raises(InvalidValue) as caught:
        ask(client, f"{CONFIG}/transact", txt("operation", "merge"), txt("path", "vlans vlan-id 10"),
            txt("value", '{"vlan-name": 7}'), txt("options", ""))  # fmt: skip
    assert caught.value.path == ("vlans", "vlan-id", "10", "vlan-name")
    with pytest.raises(UnknownPath):
        get(client, "vlanz")
    with pytest.raises(NotFound):
        get(client, "vlans vlan-id 77")
    with pytest.raises(PreconditionFailed):
        ask(client, f"{CONFIG}/transact", txt("operation", "delete"), txt("path", "vlans"), txt("value", ""),
            txt("options", '{"if_revision": 999999}'))  # fmt: skip
    with pytest.raises(BadArguments, match="path:txt"):
        ask(client, f"{CONFIG}/get", u32("path", 1))


def test_an_exclusive_session_excludes(client: XrlClient) -> None:
    ask(client, f"{CONFIG}/open", boolean("exclusive", True))
    with pytest.raises(Locked, match="xrl configures exclusively"):
        change(client, "set vlans vlan-id 10")


def test_configuration_is_read_from_anywhere_in_any_form(client: XrlClient) -> None:
    change(client, "set vlans vlan-id 10 vlan-name web")

    def read(source: str, form: str) -> list[object]:
        return ask(client, f"{CONFIG}/read", txt("source", source), txt("path", "vlans"), txt("form", form),
                   boolean("defaults", False), boolean("secrets", False))  # fmt: skip

    text, revision = read("running", "set")
    assert text == "set vlans vlan-id 10 vlan-name web\n"
    assert read(f"revision/{revision}", "set") == [text, revision]
    assert read("startup", "json") == ["{}", 0]
    for source in ("session/nothing", "revision/99999", "revision/²"):
        with pytest.raises(ConnetosError):
            read(source, "json")


def test_secrets_are_masked(client: XrlClient) -> None:
    change(client, "set system login user ann authentication plain-text-password secret-word-1")
    assert "$6$" not in json.dumps(get(client, "system")) and "secret-word" not in json.dumps(
        get(client, "system")
    )


def test_fifty_callers_at_once_lose_no_change(switch: XrlSwitch) -> None:
    def one(vlan: int) -> None:
        with switch.client() as client:
            change(client, f"set vlans vlan-id {vlan}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(100, 150)))
    assert len(switch.manager.running.document["vlans"]["vlan-id"]) == 50


def test_one_client_serves_many_threads(client: XrlClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda _: client.call("finder://connetos/common/0.1/get_status"), range(200))
        )
    assert {format_args(status) for status in statuses} == {"status:u32=3&reason:txt=Ready"}


def test_a_large_text_goes_through(client: XrlClient) -> None:
    lines = "".join(f"set vlans vlan-id {vlan} description {'x' * 200}\n" for vlan in range(2, 2000))
    change(client, lines)
    (shown,) = ask(client, f"{CONFIG}/show", txt("path", "vlans"))
    assert len(str(shown)) > 400_000


def test_ports_look_as_xorp_shows_them(client: XrlClient) -> None:
    def about(method: str) -> list[object]:
        return ask(client, f"ifmgr/0.1/get_configured_{method}", txt("ifname", "te-1/1/2"), target="fea")

    assert about("interface_enabled") == [True]
    assert about("mtu") == [1518]
    assert about("interface_management") == [False]
    vifs = client.call("finder://fea/ifmgr/0.1/get_configured_vif_names?ifname:txt=te-1/1/2")
    assert format_args(vifs) == "vifs:list=:txt=te-1/1/2"
    change(
        client,
        "set interface gigabit-ethernet te-1/1/2 mtu 9000\nset interface gigabit-ethernet te-1/1/2 enable false",
    )
    assert (about("mtu"), about("interface_enabled")) == ([9000], [False])


def test_routes_are_looked_up(client: XrlClient) -> None:
    change(
        client,
        "set vlans vlan-id 10 l3-interface vlan10\n"
        "set vlan-interface interface vlan10 address 198.18.10.1 prefix-length 24\n"
        "set protocols static route 203.0.113.0/24 next-hop 198.18.10.2\n",
    )
    found = client.call("finder://fea/fti/0.2/lookup_route_by_dest4?dst:ipv4=203.0.113.9")
    assert format_args(found) == (
        "netmask:ipv4net=203.0.113.0/24&nexthop:ipv4=198.18.10.2&ifname:txt=vlan10&vifname:txt=vlan10"
        "&metric:u32=1&admin_distance:u32=1&protocol_origin:txt=static"
    )
    found = client.call(
        "finder://rib/rib/0.1/lookup_route_by_dest4?addr:ipv4=203.0.113.9&unicast:bool=true&multicast:bool=false"
    )
    assert format_args(found) == "nexthop:ipv4=198.18.10.2"
    addresses = client.call(
        "finder://fea/ifmgr/0.1/get_configured_vif_addresses4?ifname:txt=vlan10&vif:txt=vlan10"
    )
    assert format_args(addresses) == "addresses:list=:ipv4=198.18.10.1"
    with pytest.raises(ConnetosError, match="No routing entry"):
        client.call("finder://fea/fti/0.2/lookup_route_by_dest4?dst:ipv4=192.0.2.1")
    assert ask(client, "connetos_state/0.1/get_routes")[0]


def test_loopbacks_are_interfaces_with_connected_routes(client: XrlClient) -> None:
    change(client, "set loopback-interface interface lo7 address 203.0.113.7/32\n")
    (names,) = ask(client, "ifmgr/0.1/get_configured_interface_names", target="fea")
    assert "lo7" in str(names)
    flags = client.call("finder://fea/ifmgr/0.1/get_configured_vif_flags?ifname:txt=lo7&vif:txt=lo7")
    assert format_args(flags).startswith("enabled:bool=true&broadcast:bool=false&loopback:bool=true")
    found = client.call("finder://fea/fti/0.2/lookup_route_by_dest4?dst:ipv4=203.0.113.7")
    assert format_args(found).startswith("netmask:ipv4net=203.0.113.7/32&nexthop:ipv4=0.0.0.0&ifname:txt=lo7")


def test_state_and_diagnostics(client: XrlClient) -> None:
    (text,) = ask(client, "connetos_state/0.1/get", txt("path", "system"))
    assert json.loads(str(text))["dataplane"] == "memory"
    assert ask(client, "connetos_diagnostics/0.1/get_status")[0] is True
    assert ask(client, "connetos_diagnostics/0.1/get_version")[2] == "memory"
    assert ask(client, "common/0.1/get_target_name", target="fea") == ["fea"]
    with pytest.raises(ConnetosError, match="service manager"):
        ask(client, "common/0.1/shutdown")


def test_events_are_waited_for(switch: XrlSwitch, client: XrlClient) -> None:
    (last,) = ask(client, "connetos_events/0.1/get_last")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            ask, client, "connetos_events/0.1/next", u32("after", int(str(last))), u32("wait_ms", 5000)
        )
        change(client, "set vlans vlan-id 10")
        number, events = waiting.result()
    assert number == int(str(last)) + 1
    assert [event["kind"] for event in json.loads(str(events))] == ["commit"]
    assert ask(client, "connetos_events/0.1/next", u32("after", int(str(number))), u32("wait_ms", 1)) == [
        number,
        "[]",
    ]


def test_a_caller_from_elsewhere_may_read_if_permitted_and_never_change() -> None:
    class Transport:
        def __init__(self, peer: str) -> None:
            self._peer = peer

        def get_extra_info(self, what: str) -> tuple[str, int]:
            return (self._peer, 4711) if what == "peername" else ("192.0.2.1", 19999)

    access = Access(("198.51.100.0/24",))
    local, permitted = access.caller(Transport("127.0.0.1")), access.caller(Transport("198.51.100.7"))
    assert local and local.may_configure and local.via == "xrl"
    assert permitted and not permitted.may_configure
    assert access.caller(Transport("203.0.113.1")) is None
    own = access.caller(Transport("192.0.2.1"))
    assert own and own.may_configure, "the switch's own address is the switch itself"


def test_switched_off_nothing_listens(switch: XrlSwitch) -> None:
    service = XrlService(switch.manager, StateReader(switch.manager), switch.operations, XrlSettings())
    switch.run(service.start())
    assert (service.finder_address, service.stcp_address) == (None, None)
    switch.run(service.stop())


def test_an_address_in_use_is_said(switch: XrlSwitch) -> None:
    taken = XrlSettings(enabled=True, finder_listen=switch.finder)
    service = XrlService(switch.manager, StateReader(switch.manager), switch.operations, taken)
    with pytest.raises(ConnetosError, match="can't speak XRL"):
        switch.run(service.start())


def test_a_silent_caller_is_closed_and_a_silent_target_times_out(switch: XrlSwitch) -> None:
    import asyncio

    async def never(_: Caller) -> tuple[object, ...]:
        await asyncio.sleep(3600)
        return ()

    async def start() -> tuple[StcpListener, tuple[str, int]]:
        listener = StcpListener(Access(), silence_seconds=0.2)
        method = commands([Interface.of("test/1.0", {"never": never})])["test/1.0/never"]
        listener.methods[b"test/1.0/never-0"] = method
        return listener, await listener.start("127.0.0.1", 0)

    listener, (host, port) = switch.run(start())
    with XrlClient(timeout_s=0.5) as client:
        reply = client.send(f"stcp://{host}:{port}/test/1.0/never-0")
        assert reply.code is Code.REPLY_TIMED_OUT
        with pytest.raises(TimedOut):
            client.call(f"stcp://{host}:{port}/test/1.0/never-0")
        until = time.monotonic() + 5
        assert client.send(f"stcp://{host}:{port}/nothing-0").code is Code.INTERNAL_ERROR
        while listener.connections and time.monotonic() < until:
            for task in list(listener.running):
                switch._loop.call_soon_threadsafe(task.cancel)
            time.sleep(0.05)
        assert not listener.connections
    switch.run(listener.stop())


Make = Callable[..., XrlSwitch]


def test_two_switches_share_one_finder(switch: XrlSwitch, another_switch: Make, client: XrlClient) -> None:
    other = another_switch(finder_listen=None, finders=(switch.finder,))
    (link,) = other.service.links
    other.run(link.ready.wait())  # type: ignore[arg-type]
    instance = link.instance
    change_there = Xrl(
        instance, f"{CONFIG}/change", (txt("lines", "set vlans vlan-id 99"), txt("comment", ""))
    )
    assert client.call(change_there)[0].type is AtomType.U32
    assert "99" in other.manager.running.document["vlans"]["vlan-id"]
    assert "vlans" not in switch.manager.running.document


def test_operations_are_those_of_every_surface(switch: XrlSwitch, client: XrlClient) -> None:
    first = change(client, "set vlans vlan-id 10")
    change(client, "set vlans vlan-id 20")
    calling = "connetos_operations/0.1/call"
    names = format_args(client.call(Xrl("connetos", "connetos_operations/0.1/get_names")))
    assert "rollback" in names
    arguments = txt("arguments", json.dumps({"revision": first}))
    (outcome,) = ask(client, calling, txt("name", "rollback"), arguments)
    assert json.loads(str(outcome))["changed"] is True
    assert get(client, "vlans vlan-id") == {"10": {}}
    for name, text, error in (
        ("rollback", '{"back": 1}', BadRequest), ("rollback", "[]", BadRequest),
        ("rollback", "{", ParseError), ("fly", "", NotFound), ("confirm", "", NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            ask(client, calling, txt("name", name), txt("arguments", text))


@pytest.mark.parametrize("name", ["packages/install", "system/reboot", "tftp/get", "reboot", "set-date"])
def test_what_changes_the_machine_is_kept_from_callers_without_a_password(
    client: XrlClient, name: str
) -> None:
    with pytest.raises(PermissionDenied, match="without a password"):
        ask(client, "connetos_operations/0.1/call", txt("name", name), txt("arguments", ""))
