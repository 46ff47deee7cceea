# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  connetos_url:
    description:
      - Where the switch listens, such as V(https://leaf1.example.org) or V(https://192.0.2.1:8443).
      - Without it, C(https://) and the host variable C(ansible_host) (or the name in the inventory) are used.
    type: str
  connetos_username:
    description:
      - User on the switch; it needs the class V(super-user) for changes.
      - Without it, the host variable C(ansible_user) is used.
    type: str
  connetos_password:
    description:
      - Password of that user.
      - Without it, the host variable C(ansible_password) is used.
    type: str
  connetos_ca_file:
    description:
      - File on the controller with the certificate (PEM) to trust for this switch.
    type: path
  connetos_verify:
    description:
      - Whether to check the certificate of the switch.
    type: bool
    default: true
  connetos_timeout:
    description:
      - Seconds to wait for an answer.
    type: int
    default: 60
notes:
  - The connection options are most easily given as host or group variables of the same names, together with
    C(ansible_connection=connetos.connetos.connetos); V(local) serves, too. An option of the task wins over a variable.
  - In a task about several switches its options hold for all of them, except O(connetos_url), and so do variables of the
    play where a host has none of its own; what a host has itself goes to no other host.
  - With the connection plugins P(ansible.netcommon.httpapi#connection) and P(ansible.netcommon.network_cli#connection)
    the work goes through that connection, and only its own variables count.
  - The work is done in the process of the controller, which needs the Python package C(connetos-sdk).
requirements:
  - connetos-sdk in the Python environment of the controller
"""
