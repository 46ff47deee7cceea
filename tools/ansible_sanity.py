"""`ansible-test sanity` for the collection: every test that runs without containers, and no exceptions.

    python tools/ansible_sanity.py [OPTION…]        options are those of `ansible-test sanity`, such as `--test pylint`

It makes an environment for each test below ~/.ansible/test with pip, which it fetches from a place of its own; here the
package index gives it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

COLLECTION = Path(__file__).parent.parent / "ansible_collections/connetos/connetos"
CACHE = Path.home() / ".ansible/test/cache"
BOOTSTRAP = """\
import subprocess, sys
pip = [{python!r}, "-m", "pip", "--python", sys.executable, "install", "--disable-pip-version-check"]
sys.exit(subprocess.call([*pip, "pip=={version}"]))
"""


def pip_version() -> str:
    """The version of pip that ansible-test asks for."""
    source = resources.files("ansible_test._internal").joinpath("python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if found is None:
        raise SystemExit("ansible-test doesn't say which pip it wants")
    return found[1]


def main() -> int:
    """Run the tests; the exit code is theirs."""
    version = pip_version()
    bootstrap = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(BOOTSTRAP.format(python=sys.executable, version=version), "utf-8")
    command = [Path(sys.executable).with_name("ansible-test"), "sanity", "--color", "no", "--python"]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*command, python, *sys.argv[1:]],
        cwd=COLLECTION,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
