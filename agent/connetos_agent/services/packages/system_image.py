"""`request system upgrade`: the switch package, `switch_*.deb` in /var/upgrade, checked for model and version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cmp_to_key
from pathlib import Path
from typing import Any

from connetos_agent.services.packages import archive, dpkg, names
from connetos_agent.services.packages.root import IMAGES, Root
from connetos_sdk.errors import InvalidValue, NotFound, PackageRefused

PACKAGE = "switch"
MODEL_FIELD = "Switch-Model"
"""Control field of a switch package: models it is for, with spaces or commas between; `any` for all."""


def words(root: Root, model: str, arguments: Mapping[str, Any]) -> list[str]:
    """Command for apt-get that installs the image.

    Raises:
        NotFound: there is no image.
        InvalidValue: it isn't a switch package.
        PackageRefused: it is for another model, or not newer than what is installed, and isn't forced.
    """
    path = _image(root, arguments.get("file", ""))
    facts = archive.control_of(path)
    if facts["Package"] != PACKAGE:
        raise InvalidValue(f"{path.name} is package {facts['Package']}", hint=f"package {PACKAGE} is needed")
    if not arguments.get("force"):
        _check(root, model, path, facts)
    inside = f"{IMAGES}/{path.name}"
    return ["install", "--no-install-recommends", "--allow-downgrades", "--reinstall", "--", inside]


def _check(root: Root, model: str, path: Path, facts: Mapping[str, str]) -> None:
    models = re.split(r"[\s,]+", facts.get(MODEL_FIELD, ""))
    if model not in models and "any" not in models:
        made_for = ", ".join(filter(None, models)) or f"no model (it has no field {MODEL_FIELD})"
        raise PackageRefused(
            f"{path.name} is for {made_for}; this switch is of model {model}",
            hint="get the package for this model",
        )
    old = dpkg.installed(root).get(PACKAGE)
    if old is not None and old.installed and not dpkg.newer(root, facts["Version"], old.version):
        raise PackageRefused(
            f"{path.name} has version {facts['Version']}; {old.version} is installed",
            hint="a newer version is needed, or force",
        )


def _image(root: Root, name: str) -> Path:
    folder = root.outside(IMAGES)
    if name:
        if re.fullmatch(r"switch_.*\.deb", names.file_name(name)) is None:
            raise InvalidValue(
                f"{name} isn't the name of a switch package", hint="switch_<version>_<architecture>.deb"
            )
        if not (folder / name).is_file():
            raise NotFound(f"there is no {name} in {IMAGES}", hint=_there(folder))
        return folder / name
    found = [
        path for path in folder.glob("switch_*.deb") if names.FILE.fullmatch(path.name) and path.is_file()
    ]
    if not found:
        raise NotFound(f"there is no switch package in {IMAGES}", hint="copy or upload switch_*.deb first")
    versions = {path: archive.control_of(path)["Version"] for path in found}

    def order(one: Path, other: Path) -> int:
        return 1 if dpkg.newer(root, versions[one], versions[other]) else -1

    return max(found, key=cmp_to_key(order))


def _there(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.glob("switch_*.deb"))) or "there is none"
