"""
Auto provision from the master: what a rack's switches need out of their box, made from its plan, and how far they are.

A switch is reached as the pillar of the minion of its name says (``proxy`` or ``connetos``). Without that it is asked at
its management address in the plan, with what the master's configuration says:

.. code-block:: yaml

    connetos_atp:
      username: ops
      password: secret
      ca_file: /etc/connetos/switches.pem
"""

from connetos_sdk import atp
from connetos_sdk.integrations.salt import given_settings, open_switch, runner_answer


def plan(plan, out, test=False):
    """
    Check a plan, and make configuration files, checksums and DHCP reservations from it.

    plan
        File of the plan, on the master.
    out
        Directory that the TFTP server serves.
    test
        Only tell what would change.

    .. code-block:: bash

        salt-run connetos_atp.plan /srv/plans/rack1.yaml /srv/tftp test=True
    """

    def work():
        provisioning = atp.Plan.load(plan).build()
        changes = (provisioning.changes if test else provisioning.write)(out)
        return True, {
            "changes": {change.name: change.kind for change in changes},
            "warnings": list(provisioning.warnings),
            "unplanned": provisioning.unplanned(out),
        }

    return runner_answer(__context__, work)


def status(plan):
    """
    How far each switch of a plan is.

    .. code-block:: bash

        salt-run connetos_atp.status /srv/plans/rack1.yaml
    """

    def work():
        read = atp.Plan.load(plan)
        rows = atp.status(read, _connect(read))
        return all(row.ready for row in rows), {"switches": {row.name: row.to_dict() for row in rows}}

    return runner_answer(__context__, work)


def cabling(plan):
    """
    What isn't cabled as planned, as LLDP tells it.

    .. code-block:: bash

        salt-run connetos_atp.cabling /srv/plans/rack1.yaml
    """

    def work():
        read = atp.Plan.load(plan)
        report = atp.cabling(read, _connect(read))
        told = [difference.text for difference in report.differences]
        return report.as_planned, {"report": told, **report.to_dict()}

    return runner_answer(__context__, work)


def refresh(plan, out, only=(), test=False):
    """
    Write each switch's last committed configuration into the file that a new one in its place will fetch.

    .. code-block:: bash

        salt-run connetos_atp.refresh /srv/plans/rack1.yaml /srv/tftp test=True
    """

    def work():
        read = atp.Plan.load(plan)
        found = atp.refresh(read, _connect(read), out, only=only, check=test)
        return all(one.outcome != "kept" for one in found), {
            "switches": {one.name: one.to_dict() for one in found}
        }

    return runner_answer(__context__, work)


def _connect(read):
    """Connections to switches of a plan."""
    login = __opts__.get("connetos_atp") or {}
    known = {name: given_settings(__salt__["pillar.show_pillar"](name)) for name in read.switches}
    return lambda switch: open_switch(known[switch.name] or {"host": str(switch.management.ip), **login})
