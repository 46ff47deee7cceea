"""
The configuration of a ConnetOS switch.

A state is one transaction: the switch takes over all of it and has read it back from its hardware, or nothing has
changed. ``test=True`` has the switch validate and plan the same change without making it; ``changes`` is the switch's
own difference either way: ``diff`` for people, ``commands`` as ``set`` and ``delete`` lines.

.. code-block:: yaml

    web tier:
      connetos_config.managed:
        - lines:
          - set vlans vlan-id 10 vlan-name web

    server 1:
      connetos_config.managed:
        - path: interface gigabit-ethernet te-1/1/1
        - document:
            description: server-1
        - replace: true

    leaf:
      connetos_config.managed:
        - source: salt://leaf.conf.j2
        - template: jinja
        - comment: change 4711

    boots with it:
      connetos_config.saved: []
"""

from salt.exceptions import SaltRenderError

from connetos_sdk.errors import InvalidValue, NotFound, ParseError
from connetos_sdk.integrations.salt import changes, commit_state, connect, state
from connetos_sdk.model.setlines import parse_lines
from connetos_sdk.model.text import is_lines, parse_document
from connetos_sdk.switch import as_path

__proxyenabled__ = ["connetos"]


def managed(
    name,
    lines=None,
    document=None,
    source=None,
    path="",
    replace=False,
    template="jinja",
    context=None,
    defaults=None,
    comment="",
    confirm=None,
):
    """
    The configuration is, or has in it, what is given in one of three forms.

    lines
        ``set`` and ``delete`` lines.
    document
        The tree as YAML, from ``path`` on.
    source
        A file (``salt://…``) in curly braces, as ``set`` and ``delete`` lines or as JSON; ``template``, ``context`` and
        ``defaults`` are those of ``file.managed``, ``template: null`` takes the file as it is.
    replace
        Nothing else is at ``path``; without ``path``, in the whole configuration. Not with lines.
    comment
        Kept with the revision.
    confirm
        Seconds after which the switch goes back, unless ``connetos_config.confirmed`` comes before.
    """

    def do(switch, **given):
        if [lines, document, source].count(None) != 2:
            raise InvalidValue(
                "not exactly one of lines, document and source is given", hint="give one of them"
            )
        if path and document is None:
            raise InvalidValue("path is only for document", hint="lines and files begin at the root")
        if document is not None:
            return (switch.replace if replace else switch.merge)(document, as_path(path), **given)
        text = _text(lines) if source is None else _file(source, template, context, defaults)
        if source is None or is_lines(text):
            if replace:
                raise InvalidValue("lines say themselves what they replace", hint="leave replace out")
            parse_lines(text)  # the switch takes text in any form; here only lines are meant
            return switch.apply_lines(text, **given)
        return (switch.replace if replace else switch.merge)(parse_document(text), **given)

    return commit_state(__opts__, name, do, comment=comment, confirm=confirm)


def rolled_back(name, revision=None, index=None, comment="", confirm=None):
    """
    The configuration is that of a revision, or what it was ``index`` commits ago.

    .. code-block:: yaml

        before the change:
          connetos_config.rolled_back:
            - revision: 12

    ``index`` counts from the running configuration: each run with it goes further back.
    """

    def do(switch, **given):
        if (revision is None) == (index is None):
            raise InvalidValue("not exactly one of revision and index is given", hint="give one of them")
        return switch.rollback(index or 1, revision=revision, **given)

    return commit_state(__opts__, name, do, comment=comment, confirm=confirm)


def confirmed(name):
    """
    The commit that waits to be confirmed stays. It is an error if none waits: the switch has gone back then.

    .. code-block:: yaml

        keep it:
          connetos_config.confirmed:
            - onchanges:
              - connetos_config: new address plan
            - require:
              - connetos_check: gateway answers
    """

    def work(test):
        switch = connect(__opts__)
        if test:
            waits = switch.system().confirm is not None
            return ({"confirmed": True}, "The commit would be kept") if waits else ({}, "No commit waits")
        try:
            revision = switch.confirm()
        except NotFound as error:
            raise NotFound(
                error.reason, hint="the switch has gone back to the configuration before"
            ) from None
        return {"confirmed": revision}, f"Revision {revision} is kept"

    return state(__opts__, name, work)


def unconfirmed(name):
    """
    No commit waits to be confirmed: one that does is rolled back now.

    .. code-block:: yaml

        go back at once:
          connetos_config.unconfirmed:
            - onfail:
              - connetos_check: gateway answers
    """

    def work(test):
        switch = connect(__opts__)
        if switch.system().confirm is None:
            return {}, "No commit waits"
        if test:
            return {"unconfirmed": True}, "The commit would be rolled back"
        return changes(switch.cancel_confirmed()), "Rolled back"

    return state(__opts__, name, work)


def saved(name):
    """
    The switch boots with the running configuration.

    .. code-block:: yaml

        boots with it:
          connetos_config.saved: []
    """

    def work(test):
        switch = connect(__opts__)
        if switch.config(source="startup", secrets=True) == switch.config(secrets=True):
            return {}, "The startup configuration is the running one"
        if test:
            return {"saved": True}, "The running configuration would be saved"
        revision = switch.revision()
        switch.save()
        return {"saved": revision}, f"Revision {revision} is saved"

    return state(__opts__, name, work)


def _text(lines):
    return lines if isinstance(lines, str) else "\n".join(map(str, lines))


def _file(source, template, context, defaults):
    """The file's text, with its template filled in."""
    text = __salt__["cp.get_file_str"](source, saltenv=__env__)
    if text is False:
        raise InvalidValue(f"the master has no file {source}", hint="below file_roots, as salt://name")
    if not template:
        return text
    try:
        filled = __salt__["file.apply_template_on_contents"](
            text, template, context=context or {}, defaults=defaults or {}, saltenv=__env__
        )
    except SaltRenderError as error:
        raise ParseError(f"the template {source} can't be filled in: {error}") from None
    if isinstance(filled, dict):  # how the function tells other mistakes
        raise ParseError(f"the template {source} can't be filled in: {filled['comment']}")
    return filled
