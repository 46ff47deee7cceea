"""
Debian packages of a ConnetOS switch.

A state is one transaction on the switch: what fails, or leaves the switch less well than before, is brought back to the
packages from before. ``changes`` is ``{package: {old: version, new: version}}``; with ``test=True`` it is what apt on
the switch has planned.

.. code-block:: yaml

    monitoring:
      connetos_package.installed:
        - pkgs:
          - zabbix-agent
          - tcpdump: 4.99.3-1
"""

from collections.abc import Mapping

from connetos_sdk.errors import InvalidValue
from connetos_sdk.integrations.salt import connect, package_changes, state

__proxyenabled__ = ["connetos"]


def installed(name, version=None, pkgs=None, recommends=False, downgrade=False, force=False):
    """
    Packages are installed, whichever version they have unless one is given.

    name
        The package, unless ``pkgs`` lists several: names, or ``name: version``.
    downgrade
        Earlier versions than the installed ones are allowed.
    force
        Even if agent, data plane or kernel are removed.
    """

    def work(test):
        switch = connect(__opts__)
        wanted = _wanted(name, version, pkgs)
        there = switch.packages.installed()
        missing = [
            package if number is None else f"{package}={number}"
            for package, number in wanted.items()
            if package not in there or number not in (None, there[package].version)
        ]
        if not missing:
            return {}, "Everything is installed"
        options = {"recommends": recommends, "downgrade": downgrade, "force": force}
        return _told(switch.packages.install(*missing, check=test, **options))

    return state(__opts__, name, work)


def latest(name, pkgs=None, recommends=False, force=False):
    """
    Packages are installed in the newest version that the repositories have.

    .. code-block:: yaml

        zabbix-agent:
          connetos_package.latest: []
    """

    def work(test):
        names = list(_wanted(name, None, pkgs))
        # Like apt's, the installation of what is there already upgrades it.
        done = connect(__opts__).packages.install(*names, recommends=recommends, force=force, check=test)
        return _told(done)

    return state(__opts__, name, work)


def removed(name, pkgs=None, purge=False, force=False):
    """
    Packages aren't installed, with ``purge: true`` their configuration files aren't there either.

    .. code-block:: yaml

        zabbix-agent:
          connetos_package.removed: []
    """

    def work(test):
        switch = connect(__opts__)
        names = list(_wanted(name, None, pkgs))
        there = names if purge else [package for package in names if package in switch.packages.installed()]
        if not there:
            return {}, "None of them is installed"
        return _told(switch.packages.remove(*there, purge=purge, force=force, check=test))

    return state(__opts__, name, work)


def held(name, pkgs=None):
    """
    Packages keep the versions that they have.

    .. code-block:: yaml

        connetos-agent:
          connetos_package.held: []
    """
    return _hold(name, pkgs, True)


def unheld(name, pkgs=None):
    """
    Packages may be changed.

    .. code-block:: yaml

        connetos-agent:
          connetos_package.unheld: []
    """
    return _hold(name, pkgs, False)


def _hold(name, pkgs, wanted):
    def work(test):
        packages = connect(__opts__).packages
        there = packages.installed()
        names = list(_wanted(name, None, pkgs))
        missing = [package for package in names if package not in there]
        if missing and wanted:
            raise InvalidValue(f"{', '.join(missing)} isn't installed", hint="install it first")
        changed = [package for package in names if package in there and there[package].hold != wanted]
        if changed and not test:
            (packages.hold if wanted else packages.unhold)(*changed)
        words = {True: "hold", False: "no hold"}
        return {package: {"old": words[not wanted], "new": words[wanted]} for package in changed}, (
            "Changed"
            if changed and not test
            else "It would be changed"
            if changed
            else "Everything is as it should be"
        )

    return state(__opts__, name, work)


def _wanted(name, version, pkgs):
    """Versions by package, None for any."""
    if pkgs is None:
        return {name: None if version is None else str(version)}
    if not isinstance(pkgs, list) or version is not None:
        raise InvalidValue(
            "pkgs isn't a list, or version is given besides", hint="- zabbix-agent or - tcpdump: 4.99.3-1"
        )
    wanted = {}
    for entry in pkgs:
        named = dict(entry) if isinstance(entry, Mapping) else {str(entry): None}
        wanted.update(
            {str(package): None if number is None else str(number) for package, number in named.items()}
        )
    return wanted


def _told(done):
    changes = package_changes(done)
    if not changes:
        return {}, "Everything is as it should be"
    return changes, "The switch would do this" if done.id is None else f"Done; transaction {done.id}"
