"""XORP's processes and ours in every direction; theirs are the stand-ins of `peers`, made from bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connetos_sdk.transports.xrl_client import XrlClient
from connetos_sdk.wire.xrl import Code, format_args, parse_args
from tests.waiting import until
from tests.xrl.conftest import XrlSwitch
from tests.xrl.peers import (
    NO_RESULTS,
    STATUS_READY,
    FinderEnd,
    StandInFinder,
    StcpCaller,
    StcpTarget,
    call_xrl,
    running,
    text_atom,
)

RIB = "rib-97f0f780be80b6d33723b41758884ac3@127.0.0.1"
ALL_TYPES = (
    "a:i32=-5&b:u32=4294967295&c:ipv4=10.0.0.1&d:ipv4net=10.0.0.0/8&e:ipv6=2001:db8::1&f:ipv6net=2001:db8::/32"
    "&g:mac=0:3:f:64:da:5f&h:txt=hello+world%26x&i:list=:txt=a,:txt=b&j:bool=true&k:binary=%00%01%FF"
    "&l:i64=-9000000000&m:u64=18000000000000000000&n:fp64=0X1.8P%2B0"
)
VECTORS = json.loads((Path(__file__).parent / "data/vectors.json").read_text("utf-8"))


def a_rib(method: str, atoms: bytes) -> tuple[int, str, bytes]:
    if method.startswith("common/0.1/get_status-"):
        assert atoms == NO_RESULTS
        return 100, "", STATUS_READY
    if method.startswith("test/1.0/echo-"):
        return 100, "", atoms
    if method.startswith("rib/0.1/fail-"):
        return 102, "Interface eth0 vif eth0 not found", NO_RESULTS
    return 220, "corrupt xrl", NO_RESULTS


@pytest.fixture
def their_target(switch: XrlSwitch) -> Iterator[StcpTarget]:
    target = StcpTarget(a_rib)
    with running(target):
        yield target
    with switch.client() as client:
        until(lambda: RIB not in client.targets())


@pytest.fixture
def their_finder() -> Iterator[StandInFinder]:
    finder = StandInFinder()
    with running(finder):
        yield finder


def register_rib(finder: tuple[str, int], target: StcpTarget) -> FinderEnd:
    end = FinderEnd.connect(finder)
    end.register(RIB, "their_rib")
    for command in ("common/0.1/get_status", "test/1.0/echo", "rib/0.1/fail"):
        end.add(RIB, command, target.address)
    end.enable(RIB)
    target.sockets.append(end.sock)
    return end


# -- their call_xrl, our finder, our target -------------------------------------------------------------


def test_call_xrl_reads_the_status_of_our_target(switch: XrlSwitch) -> None:
    code, note, body = call_xrl(switch.finder, "connetos", "common/0.1/get_status")
    assert (code, note, body) == (100, "", STATUS_READY)


def test_call_xrl_changes_the_configuration_and_reads_it(switch: XrlSwitch) -> None:
    lines = text_atom("lines", b"set vlans vlan-id 10 vlan-name web\n")
    change = "connetos_config/0.1/change"
    code, note, body = call_xrl(switch.finder, "connetos", change, lines, text_atom("comment", b"from XORP"))
    assert (code, note, body[:4].hex()) == (100, "", "cc000001")
    code, _, body = call_xrl(
        switch.finder, "connetos", "connetos_config/0.1/get", text_atom("path", b"vlans vlan-id 10 vlan-name")
    )
    assert (code, body) == (100, bytes.fromhex("cc000001") + text_atom("value", b'"web"'))
    assert switch.manager.revisions()[0]["via"] == "xrl"


def test_call_xrl_is_told_why_a_change_is_refused(switch: XrlSwitch) -> None:
    lines = text_atom("lines", b"set vlans vlan-id 4095\n")
    code, note, body = call_xrl(
        switch.finder, "connetos", "connetos_config/0.1/change", lines, text_atom("comment", b"")
    )
    assert (code, body) == (102, NO_RESULTS)
    assert "4095" in note.splitlines()[0]


def test_arguments_without_names_in_the_right_order_are_taken(switch: XrlSwitch) -> None:
    path = b"\x48" + struct.pack(">I", 5) + b"vlans"
    code, _, body = call_xrl(switch.finder, "connetos", "connetos_config/0.1/get", path)
    assert (code, body) == (100, bytes.fromhex("cc000001") + text_atom("value", b"{}"))


def test_a_wrong_argument_is_answered_with_101_and_poisons_nothing(switch: XrlSwitch) -> None:
    get = "connetos_config/0.1/get"
    for atoms in ((), (text_atom("paths", b""),), (b"\xc2\0\4path" + bytes(4),), (b"\x88\0\4path",)):
        code, note, body = call_xrl(switch.finder, "connetos", get, *atoms)
        assert (code, body) == (101, NO_RESULTS)
        assert "path:txt" in note
    assert call_xrl(switch.finder, "connetos", get, text_atom("path", b"vlans"))[0] == 100


def test_a_method_that_isnt_there_is_corrupt_as_in_xorp(switch: XrlSwitch) -> None:
    caller = StcpCaller(switch.stcp)
    for method in ("common/0.1/nothing-0123456789abcdef", "common/0.1/get_status", "x"):
        assert caller.call(f"stcp://{switch.stcp}/{method}") == (220, "corrupt xrl", NO_RESULTS)


def test_protocol_and_address_of_a_request_dont_matter(switch: XrlSwitch) -> None:
    (resolved,) = FinderEnd.connect(switch.finder).resolve("finder://connetos/common/0.1/get_status")
    method = resolved.split("/", 3)[3]
    assert StcpCaller(switch.stcp).call(f"foo://bar/{method}") == (100, "", STATUS_READY)


def test_void_answer_is_28_bytes(switch: XrlSwitch) -> None:
    (resolved,) = FinderEnd.connect(switch.finder).resolve("finder://connetos/common/0.1/startup")
    caller = StcpCaller(switch.stcp)
    caller.request(resolved)
    assert caller.sock.recv(100).hex() == "535443500101000000000003000000640000000000000004cc000000"


def test_keepalive_is_acknowledged_at_once(switch: XrlSwitch) -> None:
    caller = StcpCaller(switch.stcp)
    number = caller.helo()
    assert caller.take() == (1, number, 100, "", b"")


def test_a_hundred_requests_are_answered_without_waiting(switch: XrlSwitch) -> None:
    (resolved,) = FinderEnd.connect(switch.finder).resolve("finder://connetos/common/0.1/get_status")
    caller = StcpCaller(switch.stcp)
    numbers = [caller.request(resolved) for _ in range(100)]
    answers = [caller.take() for _ in numbers]
    assert sorted(answer[1] for answer in answers) == numbers
    assert {answer[2:] for answer in answers} == {(100, "", STATUS_READY)}


def test_edits_sent_without_waiting_are_done_in_their_order(switch: XrlSwitch) -> None:
    end = FinderEnd.connect(switch.finder)
    config = "finder://connetos/connetos_config/0.1"
    opened, edited, committed = (end.resolve(f"{config}/{name}")[0] for name in ("open", "set", "commit"))
    caller = StcpCaller(switch.stcp)
    body = caller.call(opened, b"\xca\0\x09exclusive\0")[2]
    session = text_atom("session", body[len(text_atom("session", b"")) + 4 :])
    for vlan in range(100, 140):
        caller.request(edited, session, text_atom("words", b"vlans vlan-id %d" % vlan))
    caller.request(committed, session, text_atom("comment", b""), b"\xc2\0\7confirm" + bytes(4))
    caller.request(edited, session, text_atom("words", b"vlans vlan-id 999"))
    assert {caller.take()[2] for _ in range(42)} == {100}
    assert sorted(switch.manager.running.document["vlans"]["vlan-id"]) == [str(n) for n in range(100, 140)]
    assert switch.manager.sessions.all()[0].dirty


# -- our client, our finder, their target ---------------------------------------------------------------


def test_our_client_calls_their_target(
    switch: XrlSwitch, client: XrlClient, their_target: StcpTarget
) -> None:
    register_rib(switch.finder, their_target)
    assert (
        format_args(client.call("finder://their_rib/common/0.1/get_status"))
        == "status:u32=3&reason:txt=Ready"
    )
    assert format_args(client.call(f"finder://{RIB}/test/1.0/echo?{ALL_TYPES}")) == ALL_TYPES


def test_their_error_keeps_code_and_note(
    switch: XrlSwitch, client: XrlClient, their_target: StcpTarget
) -> None:
    register_rib(switch.finder, their_target)
    reply = client.send("finder://their_rib/rib/0.1/fail")
    assert reply == (Code.COMMAND_FAILED, "Interface eth0 vif eth0 not found", ())


def test_replies_in_another_order_find_their_calls(
    switch: XrlSwitch, client: XrlClient, their_target: StcpTarget
) -> None:
    register_rib(switch.finder, their_target)
    their_target.hold = 20
    echo = "finder://their_rib/test/1.0/echo?n:u32="
    replies = client.call_many([f"{echo}{number}" for number in range(100)], in_flight=20)
    assert [reply.results[0].value for reply in replies] == list(range(100))
    assert len(their_target.sockets) == 2, "one to the finder, one from the client"


def test_a_target_of_two_listeners_is_reached_over_the_second(
    switch: XrlSwitch, client: XrlClient, their_target: StcpTarget
) -> None:
    end = FinderEnd.connect(switch.finder)
    end.register(RIB, "their_rib")
    end.add(RIB, "common/0.1/get_status", ":var:tmp:xrl.nosuch", "unix")
    end.add(RIB, "common/0.1/get_status", their_target.address)
    end.enable(RIB)
    assert client.call("finder://their_rib/common/0.1/get_status") == parse_args(
        "status:u32=3&reason:txt=Ready"
    )


def test_a_target_that_restarted_elsewhere_is_found_again(
    switch: XrlSwitch, client: XrlClient, their_target: StcpTarget
) -> None:
    register_rib(switch.finder, their_target)
    call = "finder://their_rib/common/0.1/get_status"
    assert client.send(call).code is Code.OKAY
    their_target.close()
    successor = StcpTarget(a_rib)
    with running(successor):
        until(lambda: RIB not in client.targets())
        register_rib(switch.finder, successor)
        assert client.send(call).code is Code.OKAY
        assert len(successor.calls) == 1


# -- our client, their finder, their target; our target at their finder ----------------------------------


def test_our_client_resolves_at_their_finder(their_finder: StandInFinder, their_target: StcpTarget) -> None:
    register_rib(their_finder.address, their_target)
    before = len(their_finder.asked)
    with XrlClient(their_finder.address) as client:
        for _ in range(3):
            client.call("finder://their_rib/common/0.1/get_status")
        with pytest.raises(Exception, match='Target "nosuch" does not exist'):
            client.call("finder://nosuch/common/0.1/get_status")
    assert their_finder.asked[before:] == [
        "finder://finder/finder/0.2/resolve_xrl?xrl:txt=finder://their_rib/common/0.1/get_status",
        "finder://finder/finder/0.2/resolve_xrl?xrl:txt=finder://nosuch/common/0.1/get_status",
    ]


def test_our_target_registers_at_their_finder(
    their_finder: StandInFinder, another_switch: Callable[..., XrlSwitch]
) -> None:
    switch = another_switch(finder_listen=None, finders=(their_finder.address,))
    until(lambda: their_finder.enabled)
    first, last = their_finder.asked[0], their_finder.asked[-1]
    assert first.startswith("finder://finder/finder/0.2/register_finder_client?instance_name:txt=connetos-")
    assert "finder/0.2/set_finder_client_enabled?" in last
    code, note, body = call_xrl(their_finder.address, "connetos", "common/0.1/get_status")
    assert (code, note, body) == (100, "", STATUS_READY)
    assert f"stcp://{switch.stcp}/" in next(iter(their_finder.methods.values()))[0]


def test_our_target_answers_the_finder_with_100(
    their_finder: StandInFinder, another_switch: Callable[..., XrlSwitch]
) -> None:
    another_switch(finder_listen=None, finders=(their_finder.address,))
    until(lambda: their_finder.enabled)
    end = their_finder.ends[0]
    captured = [
        v["meaning"]
        for v in VECTORS
        if v["description"].startswith(("finder: tunneled birth", "finder: finder liv", "finder: cache"))
    ]
    assert len(captured) == 3
    for message in captured:
        end.send(message)
    until(lambda: len(their_finder.answered) == 3)
    tunneled = "100 / \nxrl_error:u32=100&xrl_error_note:txt="
    assert sorted(their_finder.answered) == ["100 / \n", "100 / \n", tunneled]


def test_our_target_comes_back_with_its_cookie_when_their_finder_was_restarted(
    their_finder: StandInFinder, another_switch: Callable[..., XrlSwitch]
) -> None:
    another_switch(finder_listen=None, finders=(their_finder.address,))
    until(lambda: their_finder.enabled)
    their_finder.close()
    successor = StandInFinder(their_finder.address[1])
    with running(successor):
        until(lambda: successor.enabled)
        assert successor.cookies == ["7946870d3022a20d"]
        assert call_xrl(successor.address, "connetos", "common/0.1/get_status")[0] == 100
