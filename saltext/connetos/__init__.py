"""The Salt extension: tells the loader where our modules are. Every Salt program imports this first, so it is small."""

from __future__ import annotations

from pathlib import Path

_FOLDERS = {
    "modules": "_modules", "states": "_states", "proxy": "_proxy", "grains": "_grains", "beacons": "_beacons",
    "engines": "_engines", "runners": "_runners",
}  # fmt: skip


def directories() -> dict[str, list[str]]:
    """Folders of our modules by the kind that they are of; the entry point `salt.loader`."""
    package = Path(__file__).parent
    installed, checkout = package / "_salt", package.parent.parent / "salt"
    home = installed if installed.is_dir() else checkout
    return {kind: [str(home / folder)] for kind, folder in _FOLDERS.items()}
