"""The collections ansible.netcommon and ansible.utils, for tests with the real `network_cli` and `httpapi`.

    python tools/netcommon.py DIRECTORY             makes DIRECTORY/ansible_collections/ansible/{netcommon,utils}

They are part of the package `ansible`, whose wheel (54 MB, of which 2 MB are unpacked) pip fetches and checks against
requirements/netcommon.lock.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements/netcommon.lock"
WANTED = tuple(f"ansible_collections/ansible/{name}/" for name in ("netcommon", "utils"))


def download(folder: Path) -> Path:
    """The wheel, as locked."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(LOCK)]
    done = subprocess.run(
        [*pip, *options, "--dest", str(folder)], stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"pip can't fetch what {LOCK} names:\n{done.stderr}")
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, target: Path) -> int:
    """Put the two collections below `target`, in place of what is there; the number of their files."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(WANTED)]
        missing = [place for place in WANTED if f"{place}MANIFEST.json" not in names]
        if missing:
            raise SystemExit(f"{wheel.name} hasn't got {', '.join(missing)}: lock another release in {LOCK}")
        shutil.rmtree(target / "ansible_collections", ignore_errors=True)
        archive.extractall(target, names)
    return len(names)


def main() -> int:
    """Make the collections; see the module's description."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    target, began = Path(sys.argv[1]), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(Path(folder))
        size = wheel.stat().st_size
        count = unpack(wheel, target)
    took = time.monotonic() - began
    print(
        f"ansible.netcommon and ansible.utils: {count} files of {size / 1e6:.0f} MB fetched in {took:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
