"""The agent's finder, asked as XORP's processes ask it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connetos_agent.northbound.xrl.access import Access
from connetos_agent.northbound.xrl.finder import Finder
from connetos_sdk.transports.xrl_client import TargetEvent, XrlClient
from tests.xrl.conftest import XrlSwitch
from tests.xrl.peers import FinderEnd, closed

FEA = "fea-97f0f780be80b6d33723b41758884ac3@127.0.0.1"
STATIC = "static_routes-781cc842d703aa1013c6f13eb1312639@127.0.0.1"
ANSWER = "127.0.0.1:46833"
FINDER = "finder://finder/finder/0.2"
NOTIFIER = "finder://finder/finder_event_notifier/0.1"
OBSERVER = "finder_event_observer/0.1/xrl_target"


@contextmanager
def joined(switch: XrlSwitch, instance: str, class_name: str, *commands: str) -> Iterator[FinderEnd]:
    """A target that is registered and enabled until the block ends."""
    end = FinderEnd.connect(switch.finder)
    end.register(instance, class_name)
    for command in commands:
        end.add(instance, command, ANSWER)
    end.enable(instance)
    try:
        yield end
    finally:
        end.sock.close()
        with switch.client() as client:
            while instance in client.targets():
                pass


@pytest.fixture
def asker(switch: XrlSwitch) -> Iterator[FinderEnd]:
    end = FinderEnd.connect(switch.finder)
    yield end
    end.sock.close()


def test_a_target_is_found_by_class_and_by_instance_once_enabled(switch: XrlSwitch, asker: FinderEnd) -> None:
    end = FinderEnd.connect(switch.finder)
    end.register(FEA, "their_fea")
    method = end.add(FEA, "common/0.1/get_status", ANSWER)
    asked = f"{FINDER}/resolve_xrl?xrl:txt=finder://their_fea/common/0.1/get_status"
    assert asker.ask(asked) == ("102 / Xrl+target+is+not+enabled.", "")
    end.enable(FEA)
    for name in ("their_fea", FEA):
        assert asker.resolve(f"finder://{name}/common/0.1/get_status") == [f"stcp://{ANSWER}/{method}"]
    assert asker.ask(f"{FINDER}/resolve_xrl?xrl:txt=finder://their_fea/common/0.1/nothing")[0].startswith(
        "102 / "
    )
    end.ok(f"{FINDER}/unregister_finder_client?instance_name:txt={FEA}")


def test_notes_are_those_of_xorp(asker: FinderEnd) -> None:
    assert asker.ask(f"{FINDER}/resolve_xrl?xrl:txt=finder://nosuch/common/0.1/get_status") == (
        '102 / Target+"nosuch"+does+not+exist+or+is+not+enabled.',
        "",
    )
    assert asker.ask(f"{FINDER}/get_xrls_registered_by?target_name:txt=zz+top") == (
        '102 / Invalid+target+name+"zz+top"',
        "",
    )


def test_an_unknown_command_is_202_and_bad_arguments_are_101(asker: FinderEnd) -> None:
    assert asker.ask(f"{FINDER}/nothing") == ("202 / ", "")
    for query in (
        "",
        "?x.y:txt=a",
        "?xrl:u32=1",
        "?xrl:txt=%zz",
        "?xrl:txt=nothing",
        "?xrl:txt",
        "?xrl:list=:txt=a,:u32=1",
    ):
        assert asker.ask(f"{FINDER}/resolve_xrl{query}")[0].startswith("101 / ")
    assert asker.ask("finder://whoever/finder/0.2/get_xrl_targets")[0] == "100 / "


def test_targets_and_their_methods_are_listed(switch: XrlSwitch, asker: FinderEnd) -> None:
    with joined(switch, FEA, "their_fea", "common/0.1/get_status", "ifmgr/0.1/set_mtu"):
        assert f":txt={FEA}" in asker.ok(f"{FINDER}/get_xrl_targets")
        assert asker.ok(f"{FINDER}/get_xrls_registered_by?target_name:txt=their_fea") == (
            f"xrls:list=:txt=finder://{FEA}/common/0.1/get_status,:txt=finder://{FEA}/ifmgr/0.1/set_mtu"
        )


def test_a_watcher_hears_of_births_and_deaths(switch: XrlSwitch) -> None:
    births, deaths = f"{OBSERVER}_birth", f"{OBSERVER}_death"
    with joined(switch, STATIC, "their_static", births, deaths) as watcher:
        birth = watcher.resolve(f"finder://{STATIC}/{births}")[0].split("/", 3)[3]
        with joined(switch, FEA, "their_fea"):
            interest = f"requester_instance:txt={STATIC}&class_name:txt=their_fea"
            watcher.ok(f"{NOTIFIER}/register_class_event_interest?{interest}")
            assert watcher.serve_one() == (
                f"finder://{STATIC}/finder_client/0.2/dispatch_tunneled_xrl?xrl:txt=finder://{STATIC}/{birth}"
                f"?target_class:txt%3Dtheir_fea%26target_instance:txt%3D{FEA}"
            )
        flush = "finder_client/0.2/remove_xrls_for_target_from_cache?target_name:txt="
        assert watcher.serve_one() == f"finder://{FEA}/{flush}{FEA}"
        assert watcher.serve_one() == f"finder://their_fea/{flush}their_fea"
        assert re.search(rf"{deaths}-[0-9a-f]{{16}}\?target_class:txt%3Dtheir_fea", watcher.serve_one())


def test_the_cookie_lets_a_process_take_its_place_over(switch: XrlSwitch) -> None:
    end, again = FinderEnd.connect(switch.finder), FinderEnd.connect(switch.finder)
    cookie = end.register(FEA, "their_fea")
    names = f"instance_name:txt={FEA}&class_name:txt=their_fea"
    register = f"{FINDER}/register_finder_client?{names}&singleton:bool=false&in_cookie:txt="
    assert again.ask(register)[0].startswith("102 / ")
    assert again.register(FEA, "their_fea", cookie) != cookie
    again.ok(f"{FINDER}/unregister_finder_client?instance_name:txt={FEA}")


def test_nobody_changes_the_targets_of_others(switch: XrlSwitch, asker: FinderEnd) -> None:
    with joined(switch, FEA, "their_fea"):
        assert asker.ask(f"{FINDER}/unregister_finder_client?instance_name:txt={FEA}")[0].startswith("102 / ")
        assert f":txt={FEA}" in asker.ok(f"{FINDER}/get_xrl_targets")


def test_a_singleton_stays_alone(switch: XrlSwitch, asker: FinderEnd) -> None:
    register = "&class_name:txt=one&singleton:bool=true&in_cookie:txt="
    asker.ok(f"{FINDER}/register_finder_client?instance_name:txt=one-1{register}")
    assert asker.ask(f"{FINDER}/register_finder_client?instance_name:txt=one-2{register}")[0].startswith(
        "102 / "
    )


def test_the_sdk_watches_targets(switch: XrlSwitch, client: XrlClient) -> None:
    events = client.watch(["connetos", "their_fea"])
    first = next(events)
    assert first and (first.born, first.class_name) == (True, "connetos")
    with joined(switch, FEA, "their_fea"):
        assert next(events) == TargetEvent(True, "their_fea", FEA)
    assert next(events) == TargetEvent(False, "their_fea", FEA)
    events.close()  # type: ignore[attr-defined]


async def _finder(**times: float) -> tuple[Finder, asyncio.StreamReader, asyncio.StreamWriter]:
    finder = Finder(Access(), **times)
    reader, writer = await asyncio.open_connection(*await finder.start("127.0.0.1", 0))
    return finder, reader, writer


def test_a_client_is_asked_for_a_sign_of_life_and_dropped_without_one() -> None:
    async def run() -> bytes:
        finder, reader, _writer = await _finder(hello_seconds=0.05, answer_seconds=0.2)
        heard = await asyncio.wait_for(reader.read(-1), 5)
        await finder.stop()
        return heard

    assert (
        asyncio.run(run())[4:]
        == b"Finder 0.2\nMsgType x\nSeqNo 1001\nMsgData finder://oxo/finder_client/0.2/hello"
    )


def test_a_client_that_answers_hello_with_an_error_is_dropped() -> None:
    async def run() -> None:
        finder, reader, writer = await _finder(hello_seconds=0.05)
        await reader.readexactly(4)
        answer = b"Finder 0.2\nMsgType r\nSeqNo 1001\nMsgData 202 / \n"
        writer.write(len(answer).to_bytes(4, "big") + answer)
        await asyncio.wait_for(reader.read(-1), 5)
        await finder.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0\0\0",
        b"\0\1\0\1",
        b"\xff\xff\xff\xff",
        b"\0\0\0\5hello",
        b"\0\0\0\x2fFinder 0.3\nMsgType x\nSeqNo 1\nMsgData finder://a/b",
        b"\0\0\0\x2eFinder 0.2\nMsgType r\nSeqNo 77\nMsgData 100 / \n".replace(b"\x2e", b"\x2e"),
    ],
)
def test_what_isnt_finder_0_2_is_closed_and_others_go_on(
    switch: XrlSwitch, asker: FinderEnd, raw: bytes
) -> None:
    other = FinderEnd.connect(switch.finder)
    other.sock.sendall(raw + b" " * 64)
    assert closed(other.sock)
    assert asker.ask(f"{FINDER}/get_xrl_targets")[0] == "100 / "
