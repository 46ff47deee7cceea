"""The page about installing and upgrading, typed on a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_transcripts import blocks, pattern, steps
from tests.package.test_upgrade import dying
from tools import debian_package
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_page_as_typed(bare: PackagedSwitch, package: Path, version: str, tmp_path: Path) -> None:
    machine = bare.machine
    newer = debian_package.repack(package, "0.2.0", tmp_path)
    broken = debian_package.repack(package, "0.3.0", tmp_path, dying)
    for made in (package, newer, broken):
        machine.take(made, f"/root/{made.name}")
    for language, name, text in blocks(ROOT / "docs" / "upgrade-agent.md"):
        if name:
            machine.write(name, text)
        if language != "console":
            continue
        for step in steps(text.replace("0.1.0", version)):
            typed = machine.run(["sh", "-c", f"cd /root; {step.command} 2>&1"], check=False, timeout=300)
            assert pattern(step.expected).fullmatch(typed.stdout), f"$ {step.command}\n{typed.stdout}"
