"""Makes a package file of an installed package, so that its version can come back without any repository.

The file has what is installed now, configuration files included. A `.deb` is an ar(1) archive of `debian-binary`,
`control.tar` and `data.tar` (deb(5)); tar archives are in GNU format, which dpkg reads.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from connetos_agent.services.packages.root import Root
from connetos_sdk.errors import PackageError

LEFT_OUT = ("Status", "Config-Version", "Conffiles")
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config")


def repack(root: Root, names: Sequence[str], directory: str) -> dict[str, str]:
    """Make package files of installed packages in `directory` (a path inside the root); their paths by name.

    Raises:
        PackageError: one can't be made.
    """
    made = {}
    for name in names:
        facts = root.query(["dpkg-query", "-s", name])
        listed = root.query(["dpkg-query", "-L", name])
        controls = root.query(["dpkg-query", "--control-path", name]).stdout.split()
        if facts.returncode or listed.returncode:
            raise PackageError(f"{name} can't be kept to come back: {facts.stderr or listed.stderr}")
        made[name] = f"{directory}/{name.replace(':', '%3a')}.deb"
        _in_root(root, made[name], facts.stdout, listed.stdout, controls)
    return made


def _in_root(root: Root, target: str, facts: str, listed: str, controls: Sequence[str]) -> None:
    """Write the file in a process whose root is `root`: a link inside it must not lead out."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if not root.whole_system:
                os.chroot(root.path)
            os.chdir("/")
            write(Path(target), facts, list(contents(listed)), controls)
            code = 0
        except Exception as error:  # the parent tells what went wrong
            os.write(2, f"{target}: {error!r}\n".encode())
        finally:
            os._exit(code)
    if os.waitpid(pid, 0)[1]:
        raise PackageError(f"{Path(target).stem} can't be kept to come back", hint="is the disk full?")


def contents(listed: str) -> Iterator[tuple[str, str]]:
    """(path in the package, path where its content is) of `dpkg-query -L`; the two differ for diverted files."""
    path = ""
    for line in listed.splitlines():
        if line.startswith("/"):
            if path:
                yield path, path
            path = line
        elif " diverted " in f" {line}" and " to: " in line and path:
            yield path, line.partition(" to: ")[2]
            path = ""
    if path:
        yield path, path


def write(target: Path, facts: str, files: Sequence[tuple[str, str]], controls: Sequence[str]) -> None:
    """Write the package file; what isn't there any more is left out."""
    kept = [(path, place) for path, place in files if os.path.lexists(place)]
    conffiles = _conffiles(controls, {path for path, _ in kept})
    control = io.BytesIO()
    with tarfile.open(fileobj=control, mode="w", format=tarfile.GNU_FORMAT) as archive:
        _add_text(archive, "./control", _without(facts, LEFT_OUT))
        if conffiles:
            _add_text(archive, "./conffiles", conffiles)
        for path in controls:
            name = path.rpartition("/")[2].rpartition(".")[2]
            if name not in ("control", "conffiles", "list", "md5sums"):
                executable = 0o755 if name in _SCRIPTS else 0o644
                _add_text(archive, f"./{name}", Path(path).read_bytes(), executable)
    draft = target.with_suffix(".new")
    with draft.open("w+b") as out:
        out.write(b"!<arch>\n")
        _member(out, "debian-binary", lambda file: file.write(b"2.0\n"))
        _member(out, "control.tar", lambda file: file.write(control.getvalue()))
        _member(out, "data.tar.gz", lambda file: _data(file, kept))
        out.flush()
        os.fsync(out.fileno())
    draft.chmod(0o644)
    draft.replace(target)


def _member(out: IO[bytes], name: str, fill: Callable[[IO[bytes]], object]) -> None:
    """One member of an ar archive; its size is written when it is known."""
    start = out.tell()
    out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{0:<10}`\n".encode())
    begin = out.tell()
    fill(out)
    size = out.tell() - begin
    if size % 2:
        out.write(b"\n")
    end = out.tell()
    out.seek(start + 48)
    out.write(f"{size:<10}".encode())
    out.seek(end)


def _data(out: IO[bytes], files: Sequence[tuple[str, str]]) -> None:
    above = {os.path.dirname(path) for path, _ in files}  # noqa: PTH120 - a text, not a place
    links: dict[tuple[int, int], str] = {}
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, filename="", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path, place in files:
            name = "./" if path == "/." else f".{path}"
            info = _info(name, place, is_directory=path == "/." or path in above)
            inode = os.lstat(place)
            if info.isreg() and inode.st_nlink > 1:
                first = links.setdefault((inode.st_dev, inode.st_ino), name)
                if first != name:
                    info.type, info.linkname, info.size = tarfile.LNKTYPE, first, 0
            if info.isreg():
                with open(place, "rb") as content:  # noqa: PTH123 - as many as there are files
                    archive.addfile(info, content)
            else:
                archive.addfile(info)


def _info(name: str, place: str, *, is_directory: bool) -> tarfile.TarInfo:
    found = os.stat(place) if is_directory else os.lstat(place)  # noqa: PTH116 - /lib may be a link to usr/lib
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
    info.mtime = int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(place)  # noqa: PTH115
    elif stat.S_ISREG(found.st_mode):
        info.size = found.st_size
    elif stat.S_ISFIFO(found.st_mode):
        info.type = tarfile.FIFOTYPE
    else:
        info.type = tarfile.CHRTYPE if stat.S_ISCHR(found.st_mode) else tarfile.BLKTYPE
        info.devmajor, info.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    return info


def _add_text(archive: tarfile.TarFile, name: str, text: str | bytes, mode: int = 0o644) -> None:
    data = text.encode() if isinstance(text, str) else text
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    archive.addfile(info, io.BytesIO(data))


def _without(facts: str, names: Sequence[str]) -> str:
    """Control data without some fields."""
    out, skip = [], False
    for line in facts.splitlines():
        if not line.startswith((" ", "\t")):
            skip = line.partition(":")[0] in names
        if not skip and line:
            out.append(line)
    return "\n".join(out) + "\n"


def _conffiles(controls: Sequence[str], there: set[str]) -> str:
    path = next((path for path in controls if path.endswith(".conffiles")), None)
    if path is None:
        return ""
    lines = Path(path).read_text("utf-8", "replace").splitlines()
    return "".join(f"{line}\n" for line in lines if line.split(" ")[-1] in there)
