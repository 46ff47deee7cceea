"""What is in the package, and what Debian's own checker says about it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tools import debian_package, manual_pages

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(900)]


def test_lintian_finds_no_error(package: Path) -> None:
    done = subprocess.run(
        ["lintian", "--fail-on", "error", "--allow-root", str(package)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_sources_give_the_same_package(package: Path, tmp_path: Path) -> None:
    again = debian_package.build(tmp_path, tmp_path / "work")
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (package, again))
    assert first == second


def test_every_option_is_in_a_manual_page() -> None:
    pages = manual_pages.pages("1", "2026-01-01")
    for name, program in manual_pages.programs().items():
        assert program.options
        for written, _ in program.options:
            assert written.replace("-", r"\-") in pages[name], f"{written} of {name}"
        assert "@" not in pages[name].replace("admin@switch", "")
