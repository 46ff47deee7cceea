# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every action of the collection shares: arguments, the connection to the switch, errors as results.

Ansible loads the plugin, and with it the SDK, before it forks a worker for each task and host: so no worker pays for
that. A worker lives for one task, so a connection can be kept for the items of a loop, and no longer. The next task's
costs about 5 ms: TLS, and a login whose password the switch's agent remembers having checked.
"""

from __future__ import annotations

import sys
import typing as t
from abc import abstractmethod
from collections import ChainMap

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.connection import Connection
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.connetos.connetos.plugins.module_utils.access import connect, default_url
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import CONNECTION
from ansible_collections.connetos.connetos.plugins.module_utils.persistent import CONNECTIONS, transport
from ansible_collections.connetos.connetos.plugins.plugin_utils.version import VERSION

try:
    from connetos_sdk import Switch
    from connetos_sdk.errors import ConnetosError, Unreachable
    from connetos_sdk.model.schema import root
    from connetos_sdk.release import explained

    # What the SDK loads at first use is loaded here, once, and not in every worker.
    Switch("https://localhost").close()
    root()
    MISSING = ""
except ImportError as error:
    MISSING = str(error)

FALLBACKS = {"connetos_username": "ansible_user", "connetos_password": "ansible_password"}

SHARED = [name for name in (*CONNECTION, *FALLBACKS.values()) if name != "connetos_url"]
"""Of options and variables, what may hold for all switches of a task; a URL leads to one."""

_kept: dict[tuple, Switch] = {}


class SdkAction(ActionBase):
    """An action that works through the SDK. Subclasses say what they take and do; every error becomes a result."""

    _supports_check_mode = True
    _supports_async = False

    argument_spec: t.ClassVar[dict] = {}
    connection_spec: t.ClassVar[dict] = {}
    mutually_exclusive: t.ClassVar[list] = []
    required_if: t.ClassVar[list] = []
    required_one_of: t.ClassVar[list] = []

    @abstractmethod
    def begin(self, args: dict[str, t.Any], task_vars: dict[str, t.Any], result: dict[str, t.Any]) -> None:
        """Do the work. May raise any error of the SDK.

        What is done is put into `result` as soon as it is done, so that a later error doesn't hide it.
        """

    def explain(self, error, _args, _task_vars):
        """An error as a sentence."""
        return str(error)

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if MISSING:
            raise AnsibleActionFail(
                f"the Python package connetos-sdk is needed in the environment of {sys.executable}: {MISSING}"
            )
        args = self._arguments(task_vars)
        try:
            self.begin(args, task_vars, result)
        except Unreachable as error:
            result.update(unreachable=True, msg=str(error), problems=error.to_dict()["problems"])
        except ConnetosError as error:
            msg = self.explain(error, args, task_vars)
            result.update(failed=True, msg=msg, problems=error.to_dict()["problems"])
        result.setdefault("changed", False)
        return result

    def _arguments(self, task_vars):
        variables = [name for name in self.connection_spec if name in task_vars]
        given = {name: self._templar.template(task_vars[name]) for name in variables}
        given.update(self._task.args)
        validated = ArgumentSpecValidator(
            {**self.argument_spec, **self.connection_spec},
            mutually_exclusive=self.mutually_exclusive,
            required_if=self.required_if,
            required_one_of=self.required_one_of,
        ).validate(given)
        if validated.error_messages:
            raise AnsibleActionFail("; ".join(map(self._sentence, validated.errors.errors)))
        return validated.validated_parameters

    def _sentence(self, error):
        """An error in the arguments as Ansible's modules tell it; one of an unknown option only names it."""
        if isinstance(error, UnsupportedError):
            return f"Unsupported parameters for ({self._task.action.rpartition('.')[2]}) module: {error.msg}"
        return error.msg


class SwitchAction(SdkAction):
    """An action on one switch, or on several that are hosts of the inventory."""

    connection_spec = CONNECTION

    @abstractmethod
    def work(
        self, switch: Switch, args: dict[str, t.Any], task_vars: dict[str, t.Any], result: dict[str, t.Any]
    ) -> None:
        """Do the work on `switch`; see `begin`."""

    def begin(self, args, task_vars, result):
        self.work(self._switch(args, task_vars), args, task_vars, result)

    def explain(self, error, args, task_vars):
        """Another release on the other side may be why something isn't known there."""
        try:
            switch = self._switch(args, task_vars)
        except ConnetosError:  # which is what is to be explained: there is no way to a switch
            return str(error)
        return explained(error, switch, VERSION, "the collection connetos.connetos")

    def _switch_of(self, host, args, task_vars):
        """The switch that a host of the inventory is, this one or another."""
        if host not in task_vars["hostvars"]:
            raise AnsibleActionFail(f"there is no host {host} in the inventory")
        if host != task_vars["inventory_hostname"] and self._persistent():
            raise AnsibleActionFail(
                f"{host} can't be reached over {self._connection.ansible_name}, which is the connection of one host: "
                "use ansible_connection connetos.connetos.connetos for tasks about several switches"
            )
        variables = self._variables_of(host, task_vars)
        given = {name: variables[name] for name in CONNECTION if name in variables}
        given.update({name: args[name] for name in SHARED if name in self._task.args and name in CONNECTION})
        validated = ArgumentSpecValidator(CONNECTION).validate(given)
        if validated.error_messages:
            raise AnsibleActionFail(f"{host}: " + "; ".join(validated.error_messages))
        return self._switch(validated.validated_parameters, variables)

    def _variables_of(self, host, task_vars):
        """The variables of a host, and behind them those of the play, which `hostvars` doesn't have.

        What this task's host has itself isn't the play's: one host's password never goes to another host.
        """
        hostvars = task_vars["hostvars"]
        own, variables = hostvars[task_vars["inventory_hostname"]], hostvars[host]
        names = [name for name in SHARED if name in task_vars and name not in own and name not in variables]
        templar = self._templar.copy_with_new_env(available_variables={**task_vars, **hostvars.raw_get(host)})
        return ChainMap(variables, {name: templar.template(task_vars[name]) for name in names})

    # -- the connection -------------------------------------------------------------------------------

    def _persistent(self):
        """Whether the connection of this host carries what is said to the switch; else the SDK connects itself."""
        return self._connection.ansible_name.rpartition(".")[2] in CONNECTIONS

    def _switch(self, args, task_vars):
        if self._persistent():
            return Switch(transport=transport(Connection(self._connection.socket_path)))
        access = {name: args[name] for name in CONNECTION}
        for name, fallback in FALLBACKS.items():
            if access[name] is None and fallback in task_vars:
                access[name] = str(self._templar.template(task_vars[fallback]))
        access["connetos_url"] = access["connetos_url"] or self._default_url(task_vars)
        key = tuple(access.values())
        if key not in _kept:
            try:
                _kept[key] = connect(access)
            except ValueError as error:
                raise AnsibleActionFail(str(error)) from error
        return _kept[key]

    def _default_url(self, task_vars):
        host = task_vars.get("ansible_host", task_vars["inventory_hostname"])
        return default_url(str(self._templar.template(host)))
