"""Requests that no sane client sends: each gets its status and a problem document, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.agent.conftest import JSON, TEXT, assert_refused

PORT = ("interface", "gigabit-ethernet", "te-1/1/1")
VLAN = ("vlans", "vlan-id", "10")
LEAF = (*PORT, "mtu")
pytestmark = pytest.mark.usefixtures("still")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"a": ', b'{"system": {}} x', b"NaN", b'{"system": {"hostname": NaN}}', b"[Infinity]",
        b'{"system": {}, "system": {}}', b'\xff\xfe{"system": {}}', b'{"\xc3": 1}', b"[" * 100_000,
        b'{"system":' * 5000 + b"1" + b"}" * 5000, b'{"system": {"hostname": ' + b"9" * 5000 + b"}}", b"\x00",
        b'{"\\ud800": 1, "\\ud800": 2}', b"[" * 990 + b"]" * 990 + b"x",
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_a_body_that_is_not_json_is_refused(api: httpx.Client, body: bytes) -> None:
    for method in ("PUT", "PATCH"):
        assert_refused(api.request(method, "config", content=body, headers=JSON), 400, "parse-error")


@pytest.mark.parametrize("depth", [900, 950, 960, 970, 980, 990])
def test_a_value_nested_deeply_is_refused(api: httpx.Client, depth: int) -> None:
    value = b"[" * depth + b"]" * depth
    response = api.put("config", content=b'{"system": {"hostname": ' + value + b"}}", headers=JSON)
    assert response.status_code in (400, 422)
    assert_refused(
        response, response.status_code, "parse-error" if response.status_code == 400 else "invalid-value"
    )


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"sytem": {}}, "unknown-path", ()),
        ({"system": {"hostnam": "x"}}, "unknown-path", ("system",)),
        ({"\ud800": 1}, "unknown-path", ()),
        ([], "invalid-value", ()),
        (None, "invalid-value", ()),
        ("text", "invalid-value", ()),
        ({"system": []}, "invalid-value", ("system",)),
        ({"vlans": {"vlan-id": {"0": {}}}}, "invalid-value", ("vlans", "vlan-id")),
        ({"vlans": {"vlan-id": {"4095": {}}}}, "invalid-value", ("vlans", "vlan-id")),
        ({"vlans": {"vlan-id": {"\u00b2": {}}}}, "invalid-value", ("vlans", "vlan-id")),
        ({"vlans": {"vlan-id": {"\u0663": {}, "10": {}}}}, "invalid-value", ("vlans", "vlan-id")),
        ({"vlans": {"vlan-id": {"9" * 5000: {}}}}, "invalid-value", ("vlans", "vlan-id")),
        ({"vlans": {"vlan-id": {"10": {"vlan-name": "\ud800"}}}}, "invalid-value", (*VLAN, "vlan-name")),
        ({"vlans": {"vlan-id": {"10": None}}}, "invalid-value", VLAN),
        ({"interface": {"gigabit-ethernet": {PORT[2]: {"mtu": 63}}}}, "invalid-value", LEAF),
        ({"interface": {"gigabit-ethernet": {PORT[2]: {"mtu": 1e999}}}}, "parse-error", None),
        ({"interface": {"gigabit-ethernet": {PORT[2]: {"mtu": True}}}}, "invalid-value", LEAF),
        ({"interface": {"gigabit-ethernet": {"te-9/9/9": {"mtu": 1600}}}}, "not-realisable", (*PORT[:2], "te-9/9/9")),
        (
            {"protocols": {"lldp": {"interface": {"te-9/9/9": {"status": "disabled"}}}}},
            "not-realisable",
            ("protocols", "lldp", "interface", "te-9/9/9"),
        ),
    ],
    ids=lambda value: ascii(value)[:50],
)  # fmt: skip
def test_what_is_no_configuration_is_refused_at_its_place(
    api: httpx.Client, body: Any, code: str, path: tuple[str, ...] | None
) -> None:
    for method in ("PUT", "PATCH"):
        response = api.request(method, "config", content=json.dumps(body), headers=JSON)
        problem = assert_refused(response, 400 if code == "parse-error" else 422, code, path=path)
        assert problem["problems"][0]["hint"] or code == "parse-error"


def test_references_to_nothing_are_refused(api: httpx.Client) -> None:
    path = (*PORT, "family", "ethernet-switching")
    members = {"port-mode": "trunk", "vlan": {"members": ["20:24", 31]}}
    response = api.patch(
        "config/interface/gigabit-ethernet/te-1%2F1%2F1/family/ethernet-switching", json=members
    )
    problem = assert_refused(response, 422, "broken-reference", path=(*path, "vlan", "members"))
    assert "20:24" in problem["problems"][0]["hint"]


def test_many_problems_are_told_in_a_bounded_answer(api: httpx.Client) -> None:
    entries = {f"x{n}": {} for n in range(100_000)}
    problem = assert_refused(api.put("config", json={"vlans": {"vlan-id": entries}}), 422, "invalid-value")
    assert len(problem["problems"]) == 50
    assert len(problem["detail"]) < 10_000


def big() -> Iterator[bytes]:
    for _ in range(160):
        yield b" " * 65536


@pytest.mark.parametrize("body", [b" " * (10 << 20), big()], ids=["with its length", "in chunks"])
def test_a_body_of_ten_megabytes_is_refused(api: httpx.Client, body: Any) -> None:
    try:
        response = api.put("config", content=body, headers=JSON)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return  # the switch closed the connection while the rest was still being sent
    assert_refused(response, 413, "too-large")


def test_text_that_is_not_utf8_is_refused(api: httpx.Client) -> None:
    assert_refused(api.patch("config", content=b"set system hostname \xff", headers=TEXT), 400, "bad-request")


def test_text_that_is_not_configuration_is_refused_with_its_line(api: httpx.Client) -> None:
    text = "set system hostname leaf1\nset system hostnam leaf2\n"
    problem = assert_refused(
        api.patch("config", content=text, headers=TEXT), 400, "parse-error", path=("system",)
    )
    assert problem["problems"][0]["reason"].startswith("line 2: ")


@pytest.mark.parametrize("kind", ["application/xml", "text/html", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(api: httpx.Client, kind: str) -> None:
    response = api.put("config", content=b"{}", headers={"content-type": kind})
    assert_refused(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "path",
    [
        "nothing", "config/nothing", "config/vlans/vlan-id/0", "config/vlans/vlan-id/10/vlan-name/x", "state/nothing",
        "config/vlans/vlan-id/%00", "config/vlans/vlan-id/%2E%2E", "config/vlans//vlan-id", "config/", "revisions/999999",
        "config/interface/gigabit-ethernet/te-1/1/1", "sessions/nobody", "revisions/1/nothing", "config/vlans/vlan-id/",
        "revisions/999999/diff", "revisions/999999/config", "config/system/hostnam", "config/vlans/vlan-id/9",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(api: httpx.Client, path: str) -> None:
    response = api.get(path)
    assert_refused(response, 404, response.json()["code"])
    if path.startswith("config"):
        deleted = api.delete(path)
        assert_refused(deleted, 404, deleted.json()["code"])


@pytest.mark.parametrize(
    "path", ["config/%ff", "config/%c3%28", "config?comment=%ff", "config?a=1&" + "b=1&" * 40]
)
def test_a_url_that_is_not_utf8_is_refused(api: httpx.Client, path: str) -> None:
    assert_refused(api.get(path), 400, "bad-request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "config"), ("OPTIONS", "config"), ("TRACE", "config/system"), ("PUT", "state"), ("DELETE", "startup"),
        ("GET", "rpc/save"), ("POST", "events"), ("PUT", "sessions"), ("POST", "revisions"), ("POST", "schema"),
        ("GET", "revisions/1/rollback"), ("PATCH", "openapi.json"),
    ],
)  # fmt: skip
def test_a_method_that_is_not_for_it_is_refused_and_the_right_ones_told(
    api: httpx.Client, method: str, path: str
) -> None:
    response = api.request(method, path)
    assert_refused(response, 405, "method-not-allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    "query",
    ["dry-run=true", "dryrun", "comment=a&comment=b", "dry_run=false&dry_run=true", "confirm=5&confirm=6"],
)
def test_a_change_with_a_query_that_is_not_known_is_refused(api: httpx.Client, query: str) -> None:
    """A misspelt dry_run must not commit."""
    assert_refused(api.put(f"config/system/hostname?{query}", json="other"), 400, "bad-request")


@pytest.mark.parametrize("query", ["format=yaml", "format=", "defaults=yes", "secrets=1", "default=true"])
def test_reading_with_a_query_that_is_not_known_is_refused(api: httpx.Client, query: str) -> None:
    assert_refused(api.get(f"config?{query}"), 400, "bad-request")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("dry_run=maybe", 400, "bad-request"), ("confirm=x", 400, "bad-request"), ("confirm=0", 422, "invalid-value"),
        ("confirm=30001", 422, "invalid-value"), ("comment=" + "x" * 513, 400, "bad-request"),
        ("comment=a%0Ab", 400, "bad-request"),
    ],
)  # fmt: skip
def test_a_commit_option_out_of_bounds_is_refused(
    api: httpx.Client, query: str, status: int, code: str
) -> None:
    assert_refused(api.put(f"config/system/hostname?{query}", json="other"), status, code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rpc/rollback", {"rollback": 1, "comment": "x" * 513}), ("rpc/rollback", {}), ("rpc/save", {"source": 1}),
        ("rpc/rollback", {"rollback": 1, "revision": 1}), ("rpc/rollback", {"rollback": "1"}), ("rpc/save", []),
        ("rpc/rollback", {"rollback": True}), ("rpc/rollback", {"rolback": 1}), ("sessions", {"exclusive": "yes"}),
        ("rpc/rollback", {"rollback": 1, "comment": "\ud800"}), ("rpc/rollback", {"\ud800": 1}),
    ],
)  # fmt: skip
def test_an_operation_with_wrong_arguments_is_refused(api: httpx.Client, path: str, body: Any) -> None:
    assert_refused(api.post(path, content=json.dumps(body)), 400, "bad-request")
