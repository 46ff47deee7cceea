"""
Package repositories of a ConnetOS switch.

.. code-block:: yaml

    tools:
      connetos_package_repository.present:
        - uris: https://packages.example.net/debian
        - suites: stable
        - components: main
        - key_source: salt://tools.asc

    zabbix-agent:
      connetos_package.installed:
        - require:
          - connetos_package_repository: tools

``changes`` has the fields that change, as they were and are: ``{suites: {old: null, new: [stable]}}``. With ``test=True``
whether the repository can be read isn't tried.
"""

from connetos_sdk.errors import InvalidValue, NotFound
from connetos_sdk.integrations.salt import as_list, connect, repository_changes, state

__proxyenabled__ = ["connetos"]


def present(name, uris, suites, components=(), key=None, key_source=None):
    """
    The switch has the repository, and has read its package lists. One that isn't there, isn't signed by its key or has
    expired isn't added.

    name
        A name for it on the switch.
    uris, suites, components
        Where it is (``https://``, ``http://`` or ``file:///``), and what of it: one, or a list. A suite that ends with
        ``/`` is flat and has no components.
    key
        The key that signs it, ASCII-armoured; no other key of the switch is trusted for it.
    key_source
        Instead, a file of the file server with that key: ``salt://tools.asc``.
    """

    def work(test):
        given = (str(name), *(list(map(str, as_list(value))) for value in (uris, suites, components)))
        armoured = _key(key, key_source)
        done = connect(__opts__).packages.add_repository(*given, key=armoured, check=test)
        return _told(repository_changes(done), test, "added" if done.before is None else "changed")

    return state(__opts__, name, work)


def absent(name):
    """
    The switch hasn't got the repository, nor its key. One that was made by hand on the switch isn't removed.

    .. code-block:: yaml

        tools:
          connetos_package_repository.absent: []
    """

    def work(test):
        try:
            done = connect(__opts__).packages.remove_repository(str(name), check=test)
        except NotFound:
            return {}, "There is no such repository"
        return _told(repository_changes(done), test, "removed")

    return state(__opts__, name, work)


def _key(key, source):
    if (key is None) == (source is None):
        raise InvalidValue("not exactly one of key and key_source is given", hint="give one of them")
    if source is None:
        return str(key)
    text = __salt__["cp.get_file_str"](source, saltenv=__env__)
    if text is False:
        raise InvalidValue(f"the master has no file {source}", hint="below file_roots, as salt://name")
    return text


def _told(changes, test, what):
    if not changes:
        return {}, "Everything is as it should be"
    return changes, f"It would be {what}" if test else what.capitalize()
