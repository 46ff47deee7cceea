"""Builds the agent's Debian package from agent/debian: `python tools/debian_package.py [--output dist]`.

The package holds a Python environment of its own: wheels as locked in requirements/dev.lock, byte-compiled, so that
its installation needs no network, no compiler and no pip. The same sources give the same package, byte for byte.
"""

from __future__ import annotations

import argparse
import compileall
import gzip
import hashlib
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "agent" / "debian"
LOCK = ROOT / "requirements" / "dev.lock"
NAME = "connetos-agent"
LIBRARY = Path("usr/lib/connetos")
PACKAGED = LIBRARY / "versions" / "packaged"
SITE = PACKAGED / "lib" / "python3.11" / "site-packages"
PLATFORM = "x86_64-manylinux_2_36"
ARCHITECTURE = "amd64"
PROGRAMS = {"cli": "usr/bin", "rcc": "usr/bin", "connetos": "usr/bin"}
DAEMONS = {"connetos-agent": "usr/sbin", "connetos-sshd": "usr/sbin"}
DOCUMENTS = ("docs/upgrade-agent.md", "docs/reference/agent.md", "docs/cli.md", "docs/rcc.md")


def build(output: Path, work: Path) -> Path:
    """Build the package into the directory `output` and return its path; `work` is emptied and used."""
    if sys.version_info[:2] != (3, 11):
        sys.exit("the package is for Debian 12: build it with Python 3.11")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    epoch = _epoch()
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "tree"
    _environment(tree, work)
    _files(tree, version, epoch)
    _control(tree, version)
    _settle(tree, epoch)
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"{NAME}_{version}_{ARCHITECTURE}.deb"
    _run("dpkg-deb", "--root-owner-group", "-Zxz", "-z2", "--build", str(tree), str(package))
    return package


def _epoch() -> int:
    """Seconds since 1970 that stand on everything: SOURCE_DATE_EPOCH, or the time of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(done.stdout.strip() or 1_700_000_000)


# -- the Python environment --------------------------------------------------------------------------------


def _environment(tree: Path, work: Path) -> None:
    """A virtual environment of Debian's Python; relative links, because it is laid down in more than one place."""
    site = tree / SITE
    site.mkdir(parents=True)
    locked = work / "requirements.txt"
    locked.write_text(_locked(work), "utf-8")
    wheels = work / "wheels"
    _run(_uv(), "build", "--quiet", "--wheel", "--out-dir", str(wheels), str(ROOT))
    (own,) = wheels.glob("*.whl")
    into = ["--quiet", "--target", str(site), "--no-deps", "--link-mode", "copy"]
    into += ["--python-version", "3.11", "--python-platform", PLATFORM, "--only-binary", ":all:"]
    _run(_uv(), "pip", "install", *into, "--require-hashes", "--requirement", str(locked))
    _run(_uv(), "pip", "install", *into, "--no-index", str(own))
    _clean(site)
    programs = tree / PACKAGED / "bin"
    programs.mkdir()
    (programs / "python").symlink_to("../../../../../bin/python3.11")
    for name, entry in _entry_points().items():
        module, function = entry.split(":")
        (programs / name).write_text(
            f"import sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n"
        )
    (tree / PACKAGED / "pyvenv.cfg").write_text(
        "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11\n"
    )
    _compile(tree, site)


def _locked(work: Path) -> str:
    """Those lines of the lock that the agent needs."""
    lock = LOCK.read_text("utf-8")
    wanted = work / "wanted.txt"
    _run(
        _uv(), "pip", "compile", "--quiet", "--extra", "agent", "--constraint", str(LOCK), "--no-header",
        "--no-annotate", "--python-version", "3.11", "--python-platform", PLATFORM, "--no-emit-index-url",
        "--output-file", str(wanted), str(ROOT / "pyproject.toml"),
    )  # fmt: skip
    names = {line.partition("==")[0] for line in wanted.read_text("utf-8").splitlines() if "==" in line}
    blocks = re.findall(r"^[A-Za-z0-9].*(?:\n    .*)*", lock, re.MULTILINE)
    kept = [block for block in blocks if re.split(r"[=\[ ]", block, maxsplit=1)[0] in names]
    if len(kept) < len(names):
        sys.exit("requirements/dev.lock lacks something that the agent needs: run `make lock`")
    return "\n".join(kept) + "\n"


def _clean(site: Path) -> None:
    """Leave out what differs from machine to machine, and what only developers of those packages use."""
    shutil.rmtree(site / "bin", ignore_errors=True)
    for pattern in (
        "*.dist-info/RECORD",
        "*.dist-info/direct_url.json",
        "*.dist-info/uv_*",
        "*.dist-info/REQUESTED",
    ):
        for path in site.glob(pattern):
            path.unlink()
    (site / ".lock").unlink(missing_ok=True)
    for name in ("tests", "test"):
        for path in site.glob(f"**/{name}"):
            shutil.rmtree(path)
    for path in site.rglob("*.so"):
        _run("strip", "--strip-unneeded", str(path))


def _compile(tree: Path, site: Path) -> None:
    done = compileall.compile_dir(
        site,
        stripdir=str(tree),
        prependdir="/",
        quiet=2,
        maxlevels=40,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        sys.exit(f"not all of {site} can be compiled")


def _entry_points() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = {name: str(entry) for name, entry in project["scripts"].items()}
    return {name: found[name] for name in (*PROGRAMS, *DAEMONS)}


# -- everything else -----------------------------------------------------------------------------------------


def _files(tree: Path, version: str, epoch: int) -> None:
    library = tree / LIBRARY
    for name in ("launch", "version", "leaves-clock"):
        _copy(SOURCES / name, library / name, 0o755)
    for name in ("shell", "remote_config"):
        (library / name).symlink_to("launch")
    for name, directory in {**PROGRAMS, **DAEMONS}.items():
        (tree / directory).mkdir(parents=True, exist_ok=True)
        (tree / directory / name).symlink_to("../lib/connetos/launch")
    for unit in [*SOURCES.glob("*.service"), *SOURCES.glob("*.socket")]:
        _copy(unit, tree / "lib/systemd/system" / unit.name)
    for name in ("lldpd", "chrony"):
        _copy(SOURCES / f"{name}.conf", tree / f"lib/systemd/system/{name}.service.d/connetos.conf")
    _copy(SOURCES / "sysusers.conf", tree / "usr/lib/sysusers.d" / f"{NAME}.conf")
    _copy(SOURCES / "agent.toml", tree / "etc/connetos/agent.toml")
    _copy(SOURCES / "sshd_config", tree / "etc/ssh/sshd_config.d/connetos.conf")
    _copy(SOURCES / "lintian-overrides", tree / "usr/share/lintian/overrides" / NAME)
    documents = tree / "usr/share/doc" / NAME
    _copy(SOURCES / "copyright", documents / "copyright")
    _copy(SOURCES / "platform-48x10g.toml", documents / "examples" / "platform-48x10g.toml")
    for name in DOCUMENTS:
        _copy(ROOT / name, documents / Path(name).name)
    now = datetime.fromtimestamp(epoch, UTC)
    changes = _filled(
        SOURCES / "changelog", VERSION=version, DATE=now.strftime("%a, %d %b %Y %H:%M:%S +0000")
    )
    _compress(documents / "changelog.gz", changes)
    _compress(documents / "CHANGELOG.md.gz", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    sys.path.insert(0, str(ROOT))
    from tools.manual_pages import pages

    for name, text in pages(version, now.strftime("%Y-%m-%d")).items():
        _compress(tree / "usr/share/man" / f"man{name[-1]}" / f"{name}.gz", text)


def _control(tree: Path, version: str) -> None:
    control = tree / "DEBIAN"
    control.mkdir()
    build_id = _digest(tree / PACKAGED)[:12]
    (tree / PACKAGED / "BUILD").write_text(f"{version}-{build_id}\n", "ascii")
    size = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    filled = _filled(
        SOURCES / "control", VERSION=version, ARCHITECTURE=ARCHITECTURE, INSTALLED_SIZE=str(size)
    )
    (control / "control").write_text(filled, "utf-8")
    settings = sorted(f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file())
    (control / "conffiles").write_text("\n".join(settings) + "\n", "ascii")
    for name in ("postinst", "prerm", "postrm"):
        (control / name).write_text(_filled(SOURCES / name, VERSION=version), "utf-8")
    sums = [
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(tree)}"
        for path in sorted(tree.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not {"DEBIAN", "etc"} & set(path.relative_to(tree).parts[:1])
    ]
    (control / "md5sums").write_text("\n".join(sums) + "\n", "utf-8")


def _digest(directory: Path) -> str:
    """SHA-256 of all names and contents below a directory."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        content = str(path.readlink()).encode() if path.is_symlink() else b""
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else content
        digest.update(f"{path.relative_to(directory)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _settle(tree: Path, epoch: int) -> None:
    """Modes and times that don't depend on who builds."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_symlink():
            os.utime(path, (epoch, epoch), follow_symlinks=False)
            continue
        inside = path.relative_to(tree)
        program = inside.parts[:1] == ("DEBIAN",) or path.stat().st_mode & 0o100
        script = path.is_file() and path.read_bytes()[:2] == b"#!"
        path.chmod(0o755 if path.is_dir() or (program and script) else 0o644)
        os.utime(path, (epoch, epoch))


def _copy(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _filled(path: Path, **values: str) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], path.read_text("utf-8"))


def _compress(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def repack(package: Path, version: str, output: Path, change: Callable[[Path], None] | None = None) -> Path:
    """The same package under another version, for tests of upgrades; `change` may alter its Python environment."""
    with tempfile.TemporaryDirectory(prefix="connetos-repack-", dir=output) as directory:
        tree = Path(directory) / "tree"
        _run("dpkg-deb", "--raw-extract", str(package), str(tree))
        old = _field(tree / "DEBIAN" / "control", "Version")
        (metadata,) = (tree / SITE).glob("connetos_sdk-*.dist-info/METADATA")
        for path in (tree / "DEBIAN" / "control", tree / "DEBIAN" / "postinst", metadata):
            text = path.read_text("utf-8")
            path.write_text(
                re.sub(rf"((?:V|v)ersion:? ){re.escape(old)}\b", rf"\g<1>{version}", text), "utf-8"
            )
        if change is not None:
            change(tree / PACKAGED)
        (tree / PACKAGED / "BUILD").unlink()
        (tree / PACKAGED / "BUILD").write_text(f"{version}-{_digest(tree / PACKAGED)[:12]}\n", "ascii")
        made = output / f"{NAME}_{version}_{ARCHITECTURE}.deb"
        _run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(made))
    return made


def _field(control: Path, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", control.read_text("utf-8"), re.MULTILINE)
    if found is None:
        sys.exit(f"{control} has no field {name}")
    return found[1]


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])} ... failed: {(done.stderr or done.stdout).strip()}")


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Build the agent's Debian package.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="directory (%(default)s)")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "deb", help="emptied and used (%(default)s)"
    )
    arguments = parser.parse_args()
    print(build(arguments.output.resolve(), arguments.work.resolve()))


if __name__ == "__main__":
    main()
