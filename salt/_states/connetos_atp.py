"""
Auto provision: files that a rack's switches need out of their box, made from its plan.

For the minion on the provisioning server; it needs no switch. The plan and its templates are files there.
"""

from connetos_sdk.atp import Plan
from connetos_sdk.integrations.salt import state


def published(name, plan):
    """
    The directory that the TFTP server serves has the configuration, checksum and reservation of every planned switch.

    .. code-block:: yaml

        /srv/tftp:
          connetos_atp.published:
            - plan: /srv/plans/rack1.yaml

    ``changes`` names the files that are ``new`` or ``changed``. Files of switches that aren't planned any more stay.
    """

    def work(test):
        provisioning = Plan.load(plan).build()
        changes = {
            change.name: change.kind for change in getattr(provisioning, "changes" if test else "write")(name)
        }
        told = "; ".join(provisioning.warnings)
        return changes, told or f"{len(provisioning.files)} files are planned"

    return state(__opts__, name, work)
