"""Package repositories: each in a `.sources` file (deb822-style, sources.list(5)) with a keyring of its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.services.packages import apt
from connetos_agent.services.packages.root import Root
from connetos_sdk.errors import InvalidValue, NotFound, PackageRefused, StorageFailed

SOURCES = "/etc/apt/sources.list.d"
KEYRINGS = "/etc/apt/keyrings"
PREFIX = "connetos-"
MAX_KEY_BYTES = 256 * 1024
_BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_SUITE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9._/+~-]{0,99}")
_COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+~-]{0,99}")
_URI = re.compile(r"(https?://[A-Za-z0-9\[][!-~]{0,499}|file:///[!-~]{0,499})")


def add(root: Root, wanted: Mapping[str, Any], told: apt.Told) -> dict[str, Any]:
    """Add a repository, or replace that of the same name, and read its package lists; with `check` only tell.

    Returns `changed`, and the repository `before` and `after`, as in `listed`. Whether its lists can be read isn't known
    before it is added.

    Raises:
        InvalidValue: something isn't of the right form.
        PackageError: its lists can't be read (not there, not signed by this key, expired); nothing has changed.
    """
    name = wanted["name"]
    text = _sources(wanted)
    key = _key(wanted["key"])
    sources, keyring = root.outside(_sources_path(name)), root.outside(_key_path(name))
    before = {path: path.read_bytes() if path.exists() else None for path in (sources, keyring)}
    (entry,) = _deb822(text)
    answer = {
        "name": name,
        "changed": before != {sources: text.encode(), keyring: key.encode()},
        "before": _managed(root, name),
        "after": {
            "name": name,
            "file": _sources_path(name),
            "managed": True,
            "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
            **entry,
        },
    }
    if wanted.get("check"):
        return answer
    try:
        _write(keyring, key.encode())
        _write(sources, text.encode())
        update(root, told, only=_sources_path(name))
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                _write(path, content)
        raise
    return answer


def remove(root: Root, name: str, *, check: bool = False) -> dict[str, Any]:
    """Remove a repository that `add` added; with `check` only tell. Returns what `add` does.

    Raises:
        NotFound: there is none of that name.
        PackageRefused: the administrator made it by hand.
    """
    sources = root.outside(_sources_path(name))
    if not sources.exists():
        other = next((entry for entry in listed(root) if entry["name"] == name), None)
        if other is not None:
            raise PackageRefused(f"{name} was made by hand in {other['file']}", hint="remove it there")
        raise NotFound(
            f"there is no repository {name}", hint=", ".join(e["name"] for e in listed(root) if e["managed"])
        )
    answer = {"name": name, "changed": True, "before": _managed(root, name), "after": None}
    if not check:
        sources.unlink()
        root.outside(_key_path(name)).unlink(missing_ok=True)
    return answer


def listed(root: Root) -> list[dict[str, Any]]:
    """All repositories: name, file, URIs, suites, components; `managed` are those that `add` added, with a key."""
    found: list[dict[str, Any]] = []
    folder = root.outside(SOURCES)
    paths = [root.outside("/etc/apt/sources.list"), *(sorted(folder.iterdir()) if folder.is_dir() else [])]
    for path in paths:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text("utf-8", "replace")
        entries = _deb822(text) if path.suffix == ".sources" else _one_line(text)
        managed = path.name.startswith(PREFIX)
        name = path.stem.removeprefix(PREFIX)
        file = "/" + str(path.relative_to(root.path))
        key = {"key_sha256": _fingerprint(root.outside(_key_path(name)))} if managed else {}
        found += [{"name": name, "file": file, "managed": managed, **key, **entry} for entry in entries]
    return found


def _managed(root: Root, name: str) -> dict[str, Any] | None:
    """The repository of this name that `add` added."""
    return next((entry for entry in listed(root) if entry["managed"] and entry["name"] == name), None)


def update(root: Root, told: apt.Told, *, only: str = "") -> None:
    """Read the package lists of all repositories, or of those in the file `only`.

    Raises:
        PackageError: one can't be read; the error says why. The lists from before are still there.
    """
    argv = [*apt.GET, "-o", "APT::Update::Error-Mode=any", "-o", f"DPkg::Lock::Timeout={apt.LOCK_SECONDS}"]
    if only:
        parts = {
            "Dir::Etc::SourceList": only,
            "Dir::Etc::SourceParts": "-",
            "APT::Get::List-Cleanup": "false",
        }
        argv += [word for name, value in parts.items() for word in ("-o", f"{name}={value}")]
    code, output = apt.run(root, [*argv, "update"], told, seconds=600)
    if code or "\nW: Failed to fetch" in output:
        raise apt.failure(output, "the package lists can't be read")


def _sources_path(name: str) -> str:
    return f"{SOURCES}/{PREFIX}{name}.sources"


def _key_path(name: str) -> str:
    return f"{KEYRINGS}/{PREFIX}{name}.asc"


def _fingerprint(keyring: Path) -> str:
    """SHA-256 of a key as it is stored; empty if it is gone."""
    return hashlib.sha256(keyring.read_bytes()).hexdigest() if keyring.is_file() else ""


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = path.with_suffix(".connetos-new")
        draft.write_bytes(content)
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as error:
        raise StorageFailed(f"{path.name} can't be written: {error.strerror}") from error


def _sources(wanted: Mapping[str, Any]) -> str:
    _each(wanted["uris"], _URI, "uris", "http://, https:// or file:/// without spaces")
    for uri in wanted["uris"]:
        if "@" in uri.partition("://")[2].partition("/")[0]:
            raise InvalidValue(
                "a repository's address may not have a password in it", path=("uris",),
                hint="put it into /etc/apt/auth.conf.d",
            )  # fmt: skip
    _each(wanted["suites"], _SUITE, "suites", "such as bookworm, or ./ for a flat repository")
    components = wanted.get("components", [])
    _each(components, _COMPONENT, "components", "such as main")
    flat = any(suite.endswith("/") for suite in wanted["suites"])
    if flat == bool(components):
        raise InvalidValue(
            "a suite that ends with / has no components, any other has",
            path=("components",),
            hint="such as main",
        )
    fields = {
        "Types": "deb",
        "URIs": " ".join(wanted["uris"]),
        "Suites": " ".join(wanted["suites"]),
        "Components": " ".join(components),
        "Signed-By": _key_path(wanted["name"]),
    }
    return "".join(f"{label}: {value}\n" for label, value in fields.items() if value)


def _each(values: Sequence[str], pattern: re.Pattern[str], name: str, hint: str) -> None:
    for value in values:
        if pattern.fullmatch(value) is None:
            raise InvalidValue(f"{value[:80]!r} isn't of the right form", path=(name,), hint=hint)


def _key(text: str) -> str:
    """An armoured public key, and nothing else."""
    lines = [line.strip() for line in text.strip().splitlines()]
    wrong = InvalidValue(
        "the key isn't an ASCII-armoured OpenPGP public key", path=("key",), hint=f"{_BEGIN} ..."
    )
    if not lines or lines[0] != _BEGIN or lines[-1] != _END or lines.count(_BEGIN) != 1:
        raise wrong
    body = lines[1:-1]
    if "" in body:
        body = body[body.index("") + 1 :]
    data = [line for line in body if not line.startswith("=")]
    try:
        packet = base64.b64decode("".join(data), validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    if not packet or packet[0] not in (
        0x98,
        0x99,
        0x9A,
        0xC6,
    ):  # a packet of type 6, public key (RFC 9580, 4.3)
        raise wrong
    return "\n".join(lines) + "\n"


def _deb822(text: str) -> list[dict[str, Any]]:
    cleaned = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [
        {
            "uris": fields.get("URIs", "").split(),
            "suites": fields.get("Suites", "").split(),
            "components": fields.get("Components", "").split(),
            "enabled": fields.get("Enabled", "yes").lower() not in ("no", "false", "0"),
        }
        for fields in apt.deb822(cleaned)
        if "URIs" in fields
    ]


def _one_line(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*]", "", line.partition("#")[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            found.append({"uris": [words[1]], "suites": [words[2]], "components": words[3:], "enabled": True})
    return found
