"""What package files and bundles say about themselves, read within bounds: whoever made them may lie.

A `.deb` is an ar(1) archive of compressed tar archives (deb(5)), a bundle an uncompressed tar archive of such files.
Headers are walked here before anything unpacks what they announce. What is compressed is unpacked by dpkg-deb into a
pipe, never into files, and read only as far as there is room.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

from connetos_agent.services.packages import dpkg, names
from connetos_agent.services.packages.root import ENVIRONMENT
from connetos_sdk.errors import InvalidValue, PackageError, TooLarge

MAX_BUNDLED = 500
MAX_CONTROL_BYTES = 16 * 1024 * 1024
"""Of scripts, checksums and control data of a package, unpacked."""
MAX_FIELDS_BYTES = 256 * 1024
MAX_EXTENDED_BYTES = 64 * 1024
"""Of a long name or other attributes of a member of a bundle."""
MAX_MEMORY_BYTES = 1024 * 1024 * 1024
"""Of the program that unpacks; what is compressed may ask for any amount."""
_AR_MAGIC, _AR_END, _AR_HEADER = b"!<arch>\n", b"`\n", 60
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip
_PIECE_BYTES = 256 * 1024


def control_of(path: Path) -> dict[str, str]:
    """The control fields of a package file.

    Raises:
        InvalidValue: it isn't a package, is damaged, or says something about itself that Debian doesn't allow.
    """
    _check_ar(path)
    try:
        data = b"".join(_unpacked(path, "--ctrl-tarfile", MAX_CONTROL_BYTES))
    except TooLarge:
        raise InvalidValue(
            f"{path.name} has more than {MAX_CONTROL_BYTES} bytes of control data",
            hint="no package needs that",
        ) from None
    fields = dpkg.paragraph(_control_text(path, data))
    if not {"Package", "Version", "Architecture"} <= fields.keys():
        raise InvalidValue(f"{path.name} isn't a Debian package: it says no name, version or architecture")
    if names.NAME.fullmatch(fields["Package"]) is None or names.VERSION.fullmatch(fields["Version"]) is None:
        raise InvalidValue(f"{path.name} has a name or a version that Debian doesn't allow")
    return fields


def check_content(path: Path, room: int) -> None:
    """Read all that a package would lay down.

    Raises:
        InvalidValue: it is damaged.
        TooLarge: it is more than `room` bytes, whatever its control data say.
    """
    for _ in _unpacked(path, "--fsys-tarfile", room):
        pass


def _control_text(path: Path, data: bytes) -> str:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if member.name.removeprefix("./") == "control" and _plain(member, MAX_FIELDS_BYTES):
                    content = archive.extractfile(member)
                    return content.read().decode("utf-8", "replace") if content is not None else ""
    except (tarfile.TarError, EOFError, ValueError):
        pass
    raise InvalidValue(f"{path.name} isn't a Debian package: it has no control data")


def _plain(member: tarfile.TarInfo, most: int) -> bool:
    return member.isreg() and not member.issparse() and member.size <= most


def _check_ar(path: Path) -> None:
    """Whether the members of a package file fill it, neither less nor more."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
            raise InvalidValue(f"{path.name} isn't a Debian package: it isn't an ar archive")
        position = len(_AR_MAGIC)
        while position < size:
            file.seek(position)
            header = file.read(_AR_HEADER)
            length = header[48:58].strip()
            if len(header) < _AR_HEADER or header[58:] != _AR_END or not length.isdigit():
                raise InvalidValue(f"{path.name} isn't a Debian package: byte {position} begins no member")
            end = position + _AR_HEADER + int(length)
            if end > size:
                name = header[:16].decode("ascii", "replace").strip()
                raise InvalidValue(
                    f"{path.name} isn't a Debian package: {name} ends at byte {end}, the file at {size}",
                    hint="it was cut off, or is damaged",
                )
            position = end + int(length) % 2


def _unpacked(path: Path, what: str, most: int) -> Iterator[bytes]:
    """Pieces of the tar archive inside a package.

    Raises:
        InvalidValue: it is damaged.
        TooLarge: it has more than `most` bytes.
        PackageError: dpkg-deb can't be run.
    """
    left = most
    with closing(_pieces(path, what)) as pieces:
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise TooLarge(
                    f"{path.name} unpacks to more than {max(0, most)} bytes", hint="there is no more room"
                )
            yield piece


def _pieces(path: Path, what: str) -> Generator[bytes, None, None]:
    argv = ["prlimit", f"--as={MAX_MEMORY_BYTES}", "dpkg-deb", "--threads-max=1", what, str(path)]
    try:
        process = subprocess.Popen(
            argv, env=ENVIRONMENT, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise PackageError(f"dpkg-deb can't be run: {error.strerror}") from error
    with process:
        out, err = process.stdout, process.stderr
        assert out is not None and err is not None  # noqa: S101 - asked for above
        try:
            while piece := out.read(_PIECE_BYTES):
                yield piece
            said = err.read(_PIECE_BYTES).decode("utf-8", "replace")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        reason = said.strip().rpartition("\n")[2].replace(str(path), path.name)[-200:]
        raise InvalidValue(f"{path.name} isn't a Debian package: {reason}")


# -- bundles ------------------------------------------------------------------------------------------


def bundled(path: Path, name: str) -> int:
    """How many bytes the packages of the bundle at `path` have.

    Raises:
        InvalidValue: it isn't a tar archive of packages.
    """
    with _bundle(path, name) as archive:
        return sum(member.size for member in _members(archive, path.stat().st_size, name))


def unbundle(path: Path, name: str, target: Path) -> Iterator[Path]:
    """Lay the packages of a bundle down in `target`, each as it is asked for.

    Raises:
        InvalidValue: it isn't a tar archive of packages.
    """
    with _bundle(path, name) as archive:
        for member in _members(archive, path.stat().st_size, name):
            content = archive.extractfile(member)
            if content is not None:
                file = target / member.name.rpartition("/")[2]
                with content, file.open("wb") as out:
                    _copy(content, out)
                file.chmod(0o644)
                yield file


def _copy(content: IO[bytes], out: IO[bytes]) -> None:
    while piece := content.read(_PIECE_BYTES):
        out.write(piece)


def _bundle(path: Path, name: str) -> closing[tarfile.TarFile]:
    _check_tar(path, name)
    try:
        return closing(tarfile.open(path, "r:"))  # compressed packages needn't be compressed again
    except (tarfile.TarError, EOFError) as error:
        raise InvalidValue(f"{name} isn't a tar archive: {error}", hint=_TAR_HINT) from None


_TAR_HINT = "an uncompressed tar of .deb files"


def _check_tar(path: Path, name: str) -> None:
    """Whether each member lies within the file, and none takes more memory or room than it has bytes."""
    size, position, count = path.stat().st_size, 0, 0
    with path.open("rb") as file:
        while block := os.pread(file.fileno(), tarfile.BLOCKSIZE, position):
            if not block.strip(b"\0"):
                return
            try:
                member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.TarError as error:
                wrong = f"is damaged at byte {position}" if position else "isn't a tar archive"
                raise InvalidValue(f"{name} {wrong}: {error}", hint=_TAR_HINT) from None
            extended = member.type in _EXTENDED
            follows = member.size if extended or member.isreg() else 0
            begin = position + tarfile.BLOCKSIZE
            if not 0 <= follows <= size - begin:
                raise InvalidValue(
                    f"{name} is damaged: byte {position} announces {member.size} bytes, {size - begin} follow"
                )
            if extended and follows > MAX_EXTENDED_BYTES:
                raise InvalidValue(f"{name} has attributes of {follows} bytes at byte {position}")
            if member.type == tarfile.GNUTYPE_SPARSE or (
                extended and b"GNU.sparse" in os.pread(file.fileno(), follows, begin)
            ):
                raise InvalidValue(f"{name} has a sparse file in it", hint=f"{_TAR_HINT}, without --sparse")
            count += 1
            if count > 4 * MAX_BUNDLED:
                raise _too_many(name)
            position = begin + -(-follows // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _members(archive: tarfile.TarFile, size: int, name: str) -> list[tarfile.TarInfo]:
    found: list[tarfile.TarInfo] = []
    seen: set[str] = set()
    try:
        for member in archive:
            base = member.name.rpartition("/")[2]
            if member.isdir():
                continue
            if not member.isreg() or not base.endswith(".deb") or names.FILE.fullmatch(base) is None:
                raise InvalidValue(
                    f"{name} has {member.name[:80]!r} in it", hint="only .deb files belong into it"
                )
            if base in seen:
                raise InvalidValue(f"{name} has {base} twice in it")
            if member.issparse() or not 0 <= member.size <= size - member.offset_data:
                raise InvalidValue(f"{name} is damaged: {base} doesn't lie within it")
            seen.add(base)
            found.append(member)
            if len(found) > MAX_BUNDLED:
                raise _too_many(name)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InvalidValue(f"{name} is damaged: {error}") from None
    if not found:
        raise InvalidValue(f"{name} has no packages in it", hint="a tar archive of .deb files")
    return found


def _too_many(name: str) -> InvalidValue:
    return InvalidValue(f"{name} has more than {MAX_BUNDLED} packages", hint="make several bundles")
