"""
Look at a ConnetOS switch and change its configuration.

On a proxy minion (``proxytype: connetos``) the functions are about its switch. A minion on the switch itself finds the
agent there; any other minion, and ``salt-call --local``, is told in its configuration or pillar:

.. code-block:: yaml

    connetos:
      url: https://leaf1.example.org
      username: ops
      password: secret
      ca_file: /etc/connetos/leaf1.pem

Paths are the words of a ``set`` line. A function that changes something does it in one transaction of the switch, and
returns ``changed``, ``diff``, ``commands`` and ``revision``; with ``test=True`` it only plans, with ``confirm=60`` the
switch goes back after 60 seconds unless ``connetos.confirm`` is called.
"""

from connetos_sdk.errors import UnknownPath
from connetos_sdk.integrations.salt import commit, plain, switch_of
from connetos_sdk.model.text import is_lines, parse_document
from connetos_sdk.resources import RESOURCES
from connetos_sdk.switch import as_path

__proxyenabled__ = ["connetos"]
__func_alias__ = {"state_": "state"}


# -- looking ----------------------------------------------------------------------------------------------


def cli(*commands):
    """
    The output of operational commands of the switch's command line, by command.

    .. code-block:: bash

        salt leaf1 connetos.cli 'show vlans' 'show interface brief | match up'
    """
    with switch_of(__opts__) as switch:
        return {command: switch.cli(command) for command in commands}


def config(path="", source="running", form="data", defaults=False):
    """
    What is configured at a path, secrets masked.

    path
        The words that lead there; everything by default.
    source
        ``running``, ``startup`` or ``revision/12``.
    form
        ``data``, or the text forms ``text`` (curly braces), ``set`` and ``json``.
    defaults
        Fill in what isn't configured.

    .. code-block:: bash

        salt leaf1 connetos.config 'vlans' form=set
    """
    with switch_of(__opts__) as switch:
        if form == "data":
            return switch.config(path, source=source, defaults=defaults)
        return switch.config_text(path, source=source, form=form, defaults=defaults)


def resource(name):
    """
    The entries of a part of the configuration, with the names that the states have.

    name
        ``vlans``, ``interfaces``, ``l2_interfaces``, ``l3_interfaces``, ``lag_interfaces``, ``static_routes``,
        ``lldp_global``, ``lldp_interfaces``, ``user``, ``banner``, ``ntp_global``, ``logging_global`` or ``system``.

    .. code-block:: bash

        salt leaf1 connetos.resource vlans
    """
    with switch_of(__opts__) as switch:
        if name not in RESOURCES:
            raise UnknownPath(f"there is no resource {name}", hint="one of " + ", ".join(RESOURCES))
        return RESOURCES[name].gather(switch)


def facts():
    """
    The switch as a whole: name, version, model, data plane, running revision, a commit that waits, troubles.

    .. code-block:: bash

        salt leaf1 connetos.facts
    """
    with switch_of(__opts__) as switch:
        return switch.system().to_dict()


def state_(path=""):
    """
    Operational state at a path, as data.

    .. code-block:: bash

        salt leaf1 connetos.state 'system drift'
    """
    with switch_of(__opts__) as switch:
        return switch.state(path)


def interfaces():
    """
    Ports by name.

    .. code-block:: bash

        salt leaf1 connetos.interfaces
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.interfaces())


def vlans():
    """
    VLANs by id.

    .. code-block:: bash

        salt leaf1 connetos.vlans
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.vlans())


def vlan_interfaces():
    """
    VLAN interfaces by name.

    .. code-block:: bash

        salt leaf1 connetos.vlan_interfaces
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.vlan_interfaces())


def routes():
    """
    Static routes by prefix.

    .. code-block:: bash

        salt leaf1 connetos.routes
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.routes())


def loopbacks():
    """
    Loopback interfaces by name.

    .. code-block:: bash

        salt leaf1 connetos.loopbacks
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.loopbacks())


def management():
    """
    The management port; nothing if the switch has none.

    .. code-block:: bash

        salt leaf1 connetos.management
    """
    with switch_of(__opts__) as switch:
        found = switch.management()
        return found and found.to_dict()


def aggregates():
    """
    Link aggregation groups by name.

    .. code-block:: bash

        salt leaf1 connetos.aggregates
    """
    with switch_of(__opts__) as switch:
        return _by_name(switch.aggregates())


def mac_table():
    """
    The MAC table, by VLAN and address.

    .. code-block:: bash

        salt leaf1 connetos.mac_table
    """
    with switch_of(__opts__) as switch:
        return [entry.to_dict() for entry in switch.mac_table()]


def clear_mac_table(interface=None):
    """
    Forget learned addresses, of one port or all; returns how many those were.

    .. code-block:: bash

        salt leaf1 connetos.clear_mac_table te-1/1/1
    """
    with switch_of(__opts__) as switch:
        return switch.clear_mac_table(interface)


def lldp_neighbors():
    """
    Neighbours that LLDP has found.

    .. code-block:: bash

        salt leaf1 connetos.lldp_neighbors
    """
    with switch_of(__opts__) as switch:
        return [neighbor.to_dict() for neighbor in switch.lldp_neighbors()]


# -- changing ---------------------------------------------------------------------------------------------


def lines(*lines, test=False, comment="", confirm=None):
    """
    Run ``set`` and ``delete`` lines as one change.

    .. code-block:: bash

        salt leaf1 connetos.lines 'set vlans vlan-id 10 vlan-name web' 'delete vlans vlan-id 11' test=True
    """
    with switch_of(__opts__) as switch:
        text = "\n".join(map(str, lines))
        return _changed(lambda **given: switch.apply_lines(text, **given), test, comment, confirm)


def load(text, replace=False, test=False, comment="", confirm=None):
    """
    Lay configuration text of any form over the configuration; with ``replace=True`` it becomes the whole of it.

    .. code-block:: bash

        salt leaf1 connetos.load "$(cat leaf1.conf)" replace=True test=True
    """
    with switch_of(__opts__) as switch:
        if is_lines(text) and not replace:
            return _changed(lambda **given: switch.apply_lines(text, **given), test, comment, confirm)
        document, method = parse_document(text), switch.replace if replace else switch.merge
        return _changed(lambda **given: method(document, **given), test, comment, confirm)


def merge(document, path="", test=False, comment="", confirm=None):
    """
    Lay a document over what is configured at a path.

    .. code-block:: bash

        salt leaf1 connetos.merge '{vlan-name: web}' 'vlans vlan-id 10'
    """
    with switch_of(__opts__) as switch:
        return _changed(
            lambda **given: switch.merge(document, as_path(path), **given), test, comment, confirm
        )


def replace(document, path="", test=False, comment="", confirm=None):
    """
    Put a document in place of what is configured at a path.

    .. code-block:: bash

        salt leaf1 connetos.replace '{description: server-1}' 'interface gigabit-ethernet te-1/1/1'
    """
    with switch_of(__opts__) as switch:
        return _changed(
            lambda **given: switch.replace(document, as_path(path), **given), test, comment, confirm
        )


def delete(path, test=False, comment="", confirm=None):
    """
    Delete what is configured at a path.

    .. code-block:: bash

        salt leaf1 connetos.delete 'vlans vlan-id 10'
    """
    with switch_of(__opts__) as switch:
        return _changed(lambda **given: switch.delete(as_path(path), **given), test, comment, confirm)


def rollback(index=1, revision=None, test=False, comment="", confirm=None):
    """
    Make an earlier configuration the running one: so many commits back, or that of a revision.

    .. code-block:: bash

        salt leaf1 connetos.rollback 1 test=True
        salt leaf1 connetos.rollback revision=12
    """
    with switch_of(__opts__) as switch:
        return _changed(
            lambda **given: switch.rollback(index, revision=revision, **given), test, comment, confirm
        )


def confirm():
    """
    Keep the commit that waits to be confirmed; returns its revision.

    .. code-block:: bash

        salt leaf1 connetos.confirm
    """
    with switch_of(__opts__) as switch:
        return switch.confirm()


def cancel_confirmed():
    """
    Roll back now the commit that waits to be confirmed.

    .. code-block:: bash

        salt leaf1 connetos.cancel_confirmed
    """
    with switch_of(__opts__) as switch:
        return plain(switch.cancel_confirmed())


def cancel_scheduled():
    """
    Drop the commit that waits for its time (``commit at`` of the command line).

    .. code-block:: bash

        salt leaf1 connetos.cancel_scheduled
    """
    with switch_of(__opts__) as switch:
        switch.cancel_scheduled()
        return True


def save(source="running"):
    """
    Make the running (or ``default``) configuration the one that the switch boots with.

    .. code-block:: bash

        salt leaf1 connetos.save
    """
    with switch_of(__opts__) as switch:
        switch.save(source)
        return True


def revisions():
    """
    The kept revisions, newest first.

    .. code-block:: bash

        salt leaf1 connetos.revisions
    """
    with switch_of(__opts__) as switch:
        return [revision.to_dict() for revision in switch.revisions()]


def revision_diff(revision, against=None):
    """
    What a revision changed, as ``set`` and ``delete`` lines; or how it differs from another one.

    .. code-block:: bash

        salt leaf1 connetos.revision_diff 12
    """
    with switch_of(__opts__) as switch:
        return switch.revision_diff(revision, against)


def _changed(do, test, comment, confirm):
    test = test or bool(__opts__.get("test"))
    return plain(commit(do, test=test, comment=comment, confirm=confirm))


def _by_name(found):
    return {str(name): value.to_dict() for name, value in found.items()}
