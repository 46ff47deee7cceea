"""The demo: empty leaves end in success unattended, and dead switches are replaced. It checks what it shows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.ovs, pytest.mark.slow]


def test_a_rack_brings_itself_up_and_dead_switches_are_replaced() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/atp/demo.py")],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for leaf in ("leaf1", "leaf2", "leaf3"):
        assert f"{leaf}  SUCCESS" in done.stdout
    assert "3 of 3 cables as planned" in done.stdout
    assert done.stdout.count("h1 reaches h2, h3") == 2
    assert "nothing is left behind" in done.stdout
