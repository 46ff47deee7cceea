"""What a lease says about provisioning."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connetos_agent.services.atp.lease import read_lease

LEASE = "ip_address=198.18.255.60\nsubnet_mask=255.255.255.0\n"


@pytest.mark.parametrize(
    ("facts", "server", "file"),
    [
        ("option_150=198.18.255.1 198.18.255.2\n", "198.18.255.1", ""),
        ("option_150=198.18.255.1\ntftp_server_name=198.18.255.9\nfilename=a.cfg\n", "198.18.255.1", "a.cfg"),
        ("tftp_server_name=198.18.255.9\n", "198.18.255.9", ""),
        ("tftp_server_name=tftp.example\n", "None", ""),
        ("option_150=0.0.0.0\n", "None", ""),
        ("option_150=198.18.255.1\nfilename=../../etc/shadow\n", "198.18.255.1", ""),
        ("option_150=198.18.255.1\nfilename=$(reboot)\n", "198.18.255.1", ""),
    ],
)
def test_the_options(tmp_path: Path, facts: str, server: str, file: str) -> None:
    path = tmp_path / "facts"
    path.write_text(LEASE + facts)
    lease = read_lease(path)
    assert lease is not None
    assert (str(lease.address), str(lease.server), lease.file) == ("198.18.255.60/24", server, file)


def test_no_lease(tmp_path: Path) -> None:
    assert read_lease(tmp_path / "nothing") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_a_lease_or_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "facts"
    path.write_bytes(data)
    assert read_lease(path) is None or b"ip_address" in data
