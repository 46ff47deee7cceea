"""`connetos xrl` at a switch."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from connetos_sdk.wire.xrl import AtomType, items, parse_args
from connetos_sdk.xrl_cli import _plain, app
from tests.xrl.conftest import XrlSwitch


def run(switch: XrlSwitch, *words: str) -> tuple[int, str, str]:
    host, port = switch.finder
    result = CliRunner().invoke(app, [*words, "--finder", f"{host}:{port}"])
    return result.exit_code, result.stdout, result.stderr


def test_call_prints_results_as_call_xrl_does(switch: XrlSwitch) -> None:
    assert run(switch, "call", "finder://connetos/common/0.1/get_status") == (
        0,
        "status:u32=3&reason:txt=Ready\n",
        "",
    )


def test_call_prints_json(switch: XrlSwitch) -> None:
    code, out, _ = run(switch, "call", "--json", "finder://fea/ifmgr/0.1/get_configured_interface_names")
    assert (code, json.loads(out)) == (0, {"ifnames": ["te-1/1/1", "te-1/1/2", "te-1/1/3", "te-1/1/4"]})


def test_json_of_other_types() -> None:
    (atom,) = parse_args("b:binary=%00%FF")
    assert _plain(atom) == "00ff"
    assert _plain(items("l", AtomType.MAC, ["0:3:f:64:da:5f"])) == ["0:3:f:64:da:5f"]


def test_an_error_of_the_target_ends_with_3(switch: XrlSwitch) -> None:
    code, out, err = run(switch, "call", "finder://fea/ifmgr/0.1/get_configured_mtu?ifname:txt=te-9/9/9")
    assert (code, out) == (3, "")
    assert "Interface te-9/9/9 not found" in err


def test_no_such_target_ends_with_255(switch: XrlSwitch) -> None:
    code, _, err = run(switch, "call", "finder://nosuch/common/0.1/get_status")
    assert code == 255
    assert 'Target "nosuch" does not exist' in err


def test_no_finder_ends_with_255() -> None:
    result = CliRunner().invoke(
        app, ["call", "finder://fea/common/0.1/get_status", "--finder", "127.0.0.1:1"]
    )
    assert result.exit_code == 255
    assert "there is no finder at 127.0.0.1:1" in result.stderr


def test_text_that_isnt_an_xrl_ends_with_1(switch: XrlSwitch) -> None:
    code, _, err = run(switch, "call", "fea")
    assert code == 1
    assert "isn't an XRL" in err


def test_targets_and_methods_are_listed(switch: XrlSwitch) -> None:
    _, out, _ = run(switch, "targets")
    assert [line.split("-")[0] for line in out.splitlines()] == ["connetos", "fea", "rib"]
    _, out, _ = run(switch, "methods", "rib")
    assert "rib/0.1/lookup_route_by_dest4" in out.splitlines()
    _, out, _ = run(switch, "resolve", "finder://rib/common/0.1/get_status")
    assert out.startswith(f"stcp://{switch.stcp}/common/0.1/get_status-")


def test_listen_tells_of_targets(switch: XrlSwitch) -> None:
    _, out, _ = run(switch, "listen", "fea", "rib", "--count", "2")
    assert [line.split()[:2] for line in out.splitlines()] == [["birth", "fea"], ["birth", "rib"]]


@pytest.mark.parametrize("finder", ["127.0.0.1:x", ":1", "127.0.0.1:99999"])
def test_a_wrong_finder_address_is_said(finder: str) -> None:
    result = CliRunner().invoke(app, ["targets", "--finder", finder])
    assert result.exit_code == 1
    assert "isn't the address of a finder" in result.stderr
