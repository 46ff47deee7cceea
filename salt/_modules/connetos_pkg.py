"""
Debian packages of a ConnetOS switch.

A change is one transaction on the switch: what fails, or leaves the switch less well than before, is brought back to
the packages from before. Functions return what changed as ``{package: {old: version, new: version}}``.
"""

from connetos_sdk.integrations.salt import as_list, package_changes, repository_changes, switch_of

__proxyenabled__ = ["connetos"]


def list_pkgs():
    """
    Versions of the installed packages, by name.

    .. code-block:: bash

        salt leaf1 connetos_pkg.list_pkgs
    """
    with switch_of(__opts__) as switch:
        return {name: package.version for name, package in switch.packages.installed().items()}


def version(name):
    """
    The installed version of a package; empty if it isn't installed.

    .. code-block:: bash

        salt leaf1 connetos_pkg.version zabbix-agent
    """
    with switch_of(__opts__) as switch:
        package = switch.packages.installed().get(name)
        return package.version if package else ""


def show(name):
    """
    What repositories and the switch know about a package.

    .. code-block:: bash

        salt leaf1 connetos_pkg.show zabbix-agent
    """
    with switch_of(__opts__) as switch:
        return dict(switch.packages.show(name))


def search(text):
    """
    Packages whose name or description has some text; descriptions by name.

    .. code-block:: bash

        salt leaf1 connetos_pkg.search zabbix
    """
    with switch_of(__opts__) as switch:
        return switch.packages.search(text)


def list_upgrades():
    """
    Versions that an upgrade would install, by package.

    .. code-block:: bash

        salt leaf1 connetos_pkg.list_upgrades
    """
    with switch_of(__opts__) as switch:
        return {change.name: change.after for change in switch.packages.upgrade(check=True).changes}


def refresh_db():
    """
    Read the package lists of all repositories.

    .. code-block:: bash

        salt leaf1 connetos_pkg.refresh_db
    """
    with switch_of(__opts__) as switch:
        switch.packages.update()
        return True


def install(*names, files=(), recommends=False, downgrade=False, force=False, test=False):
    """
    Install packages (``name`` or ``name=version``), or uploaded files; nothing is done if they are there.

    force
        Even if agent, data plane or kernel are removed.

    .. code-block:: bash

        salt leaf1 connetos_pkg.install zabbix-agent test=True
    """
    options = {"recommends": recommends, "downgrade": downgrade, "force": force, "check": _test(test)}
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.install(*names, files=files, **options))


def upgrade(*names, full=False, force=False, test=False):
    """
    Upgrade packages, all of them if none is named; with ``full=True`` packages may be removed.

    .. code-block:: bash

        salt leaf1 connetos_pkg.upgrade test=True
    """
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.upgrade(*names, full=full, force=force, check=_test(test)))


def remove(*names, purge=False, force=False, test=False):
    """
    Remove packages, with ``purge=True`` their configuration files, too.

    .. code-block:: bash

        salt leaf1 connetos_pkg.remove zabbix-agent purge=True
    """
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.remove(*names, purge=purge, force=force, check=_test(test)))


def rollback(transaction, force=False, test=False):
    """
    Go back to the versions that were there before a transaction of the history.

    .. code-block:: bash

        salt leaf1 connetos_pkg.rollback 7 test=True
    """
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.rollback(transaction, force=force, check=_test(test)))


def upgrade_system(file="", force=False, test=False):
    """
    Install a switch package, by default the newest in /var/upgrade. The configuration stays.

    .. code-block:: bash

        salt leaf1 connetos_pkg.upgrade_system test=True
    """
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.upgrade_system(file, force=force, check=_test(test)))


def upload(path, name=""):
    """
    Send a package file (or a bundle) of this minion to the switch; its name for ``install files=…``.

    .. code-block:: bash

        salt leaf1 connetos_pkg.upload /srv/packages/agent.deb
    """
    with switch_of(__opts__) as switch:
        return switch.packages.upload(path, name)


def uploads():
    """
    Names of uploaded files, with their sizes in bytes.

    .. code-block:: bash

        salt leaf1 connetos_pkg.uploads
    """
    with switch_of(__opts__) as switch:
        return switch.packages.uploads()


def remove_upload(name):
    """
    Remove an uploaded file.

    .. code-block:: bash

        salt leaf1 connetos_pkg.remove_upload agent.deb
    """
    with switch_of(__opts__) as switch:
        switch.packages.remove_upload(name)
        return True


def hold(*names):
    """
    Keep packages at their installed versions; whether that is new.

    .. code-block:: bash

        salt leaf1 connetos_pkg.hold zabbix-agent
    """
    with switch_of(__opts__) as switch:
        return switch.packages.hold(*names)


def unhold(*names):
    """
    Let held packages be changed again; whether they were held.

    .. code-block:: bash

        salt leaf1 connetos_pkg.unhold zabbix-agent
    """
    with switch_of(__opts__) as switch:
        return switch.packages.unhold(*names)


def pin(name, version):
    """
    Make one version of a package the one to install, even if it is an earlier one; whether that is new.

    .. code-block:: bash

        salt leaf1 connetos_pkg.pin zabbix-agent 1:6.0.14-1
    """
    with switch_of(__opts__) as switch:
        return switch.packages.pin(name, str(version))


def unpin(name):
    """
    Undo ``pin``; whether it was pinned.

    .. code-block:: bash

        salt leaf1 connetos_pkg.unpin zabbix-agent
    """
    with switch_of(__opts__) as switch:
        return switch.packages.unpin(name)


def watch(transaction=None):
    """
    Follow a transaction to its end, by default the running one; what changed.

    .. code-block:: bash

        salt leaf1 connetos_pkg.watch
    """
    with switch_of(__opts__) as switch:
        return package_changes(switch.packages.watch(transaction))


def history(limit=50):
    """
    Transactions, newest first.

    .. code-block:: bash

        salt leaf1 connetos_pkg.history limit=5
    """
    with switch_of(__opts__) as switch:
        return [transaction.to_dict() for transaction in switch.packages.history(limit)]


def list_repos():
    """
    Repositories of the switch, by name.

    .. code-block:: bash

        salt leaf1 connetos_pkg.list_repos
    """
    with switch_of(__opts__) as switch:
        return {repository.name: repository.to_dict() for repository in switch.packages.repositories()}


def add_repo(name, uris, suites, key, components=(), test=False):
    """
    Add a repository, or replace that of the same name, and read its lists; what changed, by field.

    key
        The key that signs it, ASCII-armoured; no other is trusted for it.

    .. code-block:: bash

        salt leaf1 connetos_pkg.add_repo tests '[https://packages.example.org]' '[stable]' "$(cat key.asc)" '[main]'
    """
    with switch_of(__opts__) as switch:
        given = (name, as_list(uris), as_list(suites), as_list(components))
        return repository_changes(switch.packages.add_repository(*given, key=key, check=_test(test)))


def del_repo(name, test=False):
    """
    Remove a repository that was added, and its key; what changed, by field.

    .. code-block:: bash

        salt leaf1 connetos_pkg.del_repo tests
    """
    with switch_of(__opts__) as switch:
        return repository_changes(switch.packages.remove_repository(name, check=_test(test)))


def _test(test):
    return test or bool(__opts__.get("test"))
