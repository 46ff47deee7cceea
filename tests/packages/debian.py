"""Real Debian roots, and packages and signed repositories built here.

Each test gets an overlay of the tree that `tools.debian_root` keeps.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from tools.debian_root import tree


def run(*argv: str | Path, **options: object) -> str:
    """Run a program that must succeed; its output."""
    done = subprocess.run(  # type: ignore[call-overload]
        [str(word) for word in argv], capture_output=True, text=True, timeout=280, check=False, **options
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return str(done.stdout)


@dataclass
class DebianRoot:
    """A Debian of one's own at `path`: an overlay whose changes are in memory; `refresh` forgets them."""

    path: Path
    mib: int = 512

    def refresh(self) -> None:
        self.unmount()
        upper = self._upper
        for directory in (self.path, upper):
            directory.mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", f"size={self.mib}m", "tmpfs", upper)
        (upper / "u").mkdir()
        (upper / "w").mkdir()
        options = f"lowerdir={tree()},upperdir={upper}/u,workdir={upper}/w"
        run("mount", "-t", "overlay", "-o", options, "overlay", self.path)

    def unmount(self) -> None:
        for place in (self.path, self._upper):
            while os.path.ismount(place):
                run("umount", "--lazy", place)

    @property
    def _upper(self) -> Path:
        return self.path.with_suffix(".upper")

    def run(self, *argv: str) -> str:
        return run("chroot", self.path, *argv)

    def versions(self) -> dict[str, str]:
        """`version status` by name, for all that dpkg knows."""
        form = "${Package}\t${Version} ${db:Status-Status} ${db:Status-Want}\n"
        rows = run("dpkg-query", f"--admindir={self.path}/var/lib/dpkg", "-W", "-f", form).splitlines()
        return dict(row.split("\t") for row in rows)

    def version(self, name: str) -> str | None:
        found = self.versions().get(name)
        return None if found is None or " installed " not in f"{found} " else found.split()[0]

    def files(self) -> dict[str, str]:
        """What lies outside of caches and logs: modes and contents (or targets), by path."""
        found = {}
        for top in ("usr", "etc", "opt", "srv", "var/lib/dpkg/info", "var/lib/dpkg/alternatives"):
            for folder, _, names in os.walk(self._upper / "u" / top):
                for name in names:
                    place = Path(folder) / name
                    seen = self.path / place.relative_to(self._upper / "u")
                    if seen.is_symlink():
                        found[str(seen)] = f"-> {seen.readlink()}"
                    elif seen.is_file():
                        found[str(seen)] = f"{seen.stat().st_mode:o} {seen.read_bytes()[:4096]!r}"
        return {name: what for name, what in found.items() if not name.endswith(("ld.so.cache", ".md5sums"))}


@contextmanager
def debian_root(path: Path, mib: int = 512) -> Iterator[DebianRoot]:
    root = DebianRoot(path, mib)
    root.refresh()
    try:
        yield root
    finally:
        root.unmount()


def build(
    directory: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Mapping[str, str | bytes] | None = None,
    scripts: Mapping[str, str] | None = None,
    conffiles: tuple[str, ...] = (),
    compression: str = "none",
    **fields: str,
) -> Path:
    """Build a package with dpkg-deb(1)."""
    tree = directory / f".tree-{name}-{version}"
    shutil.rmtree(tree, ignore_errors=True)
    control = {
        "Package": name, "Version": version, "Architecture": "all", "Maintainer": "Tests <tests@example.com>",
        "Installed-Size": "8", "Description": f"{name} of the tests",
        **{label.replace("_", "-"): value for label, value in fields.items()},
    }  # fmt: skip
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("".join(f"{k}: {v}\n" for k, v in control.items()))
    contents = {f"/usr/share/{name}/version": f"{name} {version}\n", **(files or {})}
    for path, content in contents.items():
        place = tree / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    if conffiles:
        (tree / "DEBIAN/conffiles").write_text("".join(f"{path}\n" for path in conffiles))
    for script, text in (scripts or {}).items():
        (tree / "DEBIAN" / script).write_text(f"#!/bin/sh\nset -e\n{text}\n")
        (tree / "DEBIAN" / script).chmod(0o755)
    made = directory / f"{name}_{version}_all.deb"
    run("dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", tree, made)
    shutil.rmtree(tree)
    return made


@dataclass
class Key:
    """An OpenPGP key made for the tests."""

    home: Path
    armoured: str = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o700, parents=True)
        self._gpg("--quick-generate-key", f"{self.home.name} <tests@example.com>", "ed25519", "sign", "never")
        self.armoured = self._gpg("--armor", "--export")

    def sign(self, release: Path) -> None:
        inline = release.with_name("InRelease")
        inline.unlink(missing_ok=True)
        self._gpg("--clearsign", "--output", str(inline), str(release))

    def _gpg(self, *arguments: str) -> str:
        return run("gpg", "--homedir", self.home, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode",
                   "loopback", *arguments)  # fmt: skip

    def close(self) -> None:
        run("gpgconf", "--homedir", self.home, "--kill", "all")
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass
class Repository:
    """A signed repository, served over HTTP on loopback."""

    directory: Path
    key: Key
    url: str = ""
    _published: int = 0

    @property
    def pool(self) -> Path:
        return self.directory / "pool"

    def publish(self, *, valid_for_s: float = 3600) -> None:
        """Make the lists of what is in the pool, and sign them."""
        folder = self.directory / "dists/stable/main/binary-all"
        for architecture in ("all", run("dpkg", "--print-architecture").strip()):
            folder = self.directory / f"dists/stable/main/binary-{architecture}"
            folder.mkdir(parents=True, exist_ok=True)
            lists = run("apt-ftparchive", "packages", "pool", cwd=self.directory)
            (folder / "Packages").write_text(lists)
        top = self.directory / "dists/stable"
        (top / "InRelease").unlink(missing_ok=True)
        (top / "Release").unlink(missing_ok=True)
        options = {
            "Codename": "stable", "Suite": "stable", "Components": "main",
            "Architectures": f"all {run('dpkg', '--print-architecture').strip()}",
        }  # fmt: skip
        words = [w for k, v in options.items() for w in ("-o", f"APT::FTPArchive::Release::{k}={v}")]
        text = run("apt-ftparchive", *words, "release", top)
        until = formatdate(time.time() + valid_for_s, usegmt=True)
        (top / "Release").write_text(f"Valid-Until: {until}\n{text}")
        self.key.sign(top / "Release")
        self._published += 1
        later = (
            time.time() + 10 * self._published
        )  # HTTP tells times in seconds; what is published later is newer
        os.utime(top / "InRelease", (later, later))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(directory: Path, key: Key) -> Iterator[Repository]:
    (directory / "pool").mkdir(parents=True, exist_ok=True)
    handler = functools.partial(_Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Repository(directory, key, f"http://127.0.0.1:{server.server_address[1]}/")
        server.shutdown()
