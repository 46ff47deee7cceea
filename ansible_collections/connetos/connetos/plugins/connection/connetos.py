# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: connetos
author: The ConnetOS automation authors (!UNKNOWN)
short_description: Reach ConnetOS switches from the controller
description:
  - The modules of this collection speak to the REST API of a switch from the process of the controller, over whatever
    connection the inventory names. This one is made for them. What Ansible itself runs as a program of its own, such as
    C(gather_facts), runs on the controller, and is told by environment variables how to reach the switch.
  - With C(ansible_network_os=connetos.connetos.connetos) a play with C(gather_facts=true) gathers the facts of
    M(connetos.connetos.connetos_facts).
version_added: 0.1.0
options:
  connetos_url:
    description:
      - Where the switch listens, such as V(https://leaf1.example.org).
    type: str
    vars:
      - name: connetos_url
  connetos_username:
    description:
      - User on the switch.
    type: str
    vars:
      - name: ansible_user
      - name: connetos_username
  connetos_password:
    description:
      - Password of that user.
    type: str
    vars:
      - name: ansible_password
      - name: connetos_password
  connetos_ca_file:
    description:
      - File on the controller with the certificate (PEM) to trust for this switch.
    type: path
    vars:
      - name: connetos_ca_file
  connetos_verify:
    description:
      - Whether to check the certificate of the switch.
    type: bool
    default: true
    vars:
      - name: connetos_verify
  connetos_timeout:
    description:
      - Seconds to wait for an answer.
    type: int
    default: 60
    vars:
      - name: connetos_timeout
  host:
    description:
      - Name or address of the switch, where no URL is given.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
"""

import os  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402

from ansible.errors import AnsibleFileNotFound  # noqa: E402
from ansible.plugins.connection import ConnectionBase  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.access import default_url, environment  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import CONNECTION  # noqa: E402
from ansible_collections.connetos.connetos.plugins.plugin_utils.gathering import NETWORK_OS, make_known  # noqa: E402


class Connection(ConnectionBase):
    """Runs programs on the controller, in an environment that says how to reach the switch."""

    transport = NETWORK_OS
    has_pipelining = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        make_known()

    def _connect(self):
        self._connected = True
        return self

    def close(self):
        self._connected = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = subprocess.run(
            ["/bin/sh", "-c", cmd],
            input=in_data or b"",
            capture_output=True,
            check=False,
            env=self._environment(),
        )
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path, out_path):
        self._copy(in_path, out_path)

    def fetch_file(self, in_path, out_path):
        self._copy(in_path, out_path)

    def _copy(self, source, target):
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError as error:
            raise AnsibleFileNotFound(f"{source} isn't there") from error

    def _environment(self):
        access = {name: self.get_option(name) for name in CONNECTION}
        access["connetos_url"] = access["connetos_url"] or default_url(self.get_option("host"))
        return {**os.environ, **environment(access)}
