"""What a finder knows: targets, their methods, and who wants to hear of them. No input or output here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from connetos_sdk.wire.xrl.atoms import txt
from connetos_sdk.wire.xrl.codes import Code
from connetos_sdk.wire.xrl.text import Xrl

MAX_TARGETS = 1024
MAX_METHODS = 50_000
"""Methods of all targets together; XORP's largest target has about 500."""
MAX_TARGET_METHODS = 4096
MAX_INTERESTS = 256
MAX_NAME = 255
PROTOCOLS = ("stcp", "unix")

BIRTH, DEATH = ("finder_event_observer/0.1/xrl_target_birth", "finder_event_observer/0.1/xrl_target_death")

_NAME = re.compile(r"[A-Za-z0-9_.:@-]+")
_COMMAND = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_ADDRESS = re.compile(r"[A-Za-z0-9_.:@\[\]-]+")
# None of these has the characters that lists don't survive as text (spec/wire/xrl.md, 5.1).


class Refused(Exception):
    """The answer is this code and note, worded as XORP's finder does."""

    def __init__(self, note: str, code: Code = Code.COMMAND_FAILED) -> None:
        super().__init__(note)
        self.code, self.note = code, note


class Client(Protocol):
    """The other end of a connection to the finder."""

    def push(self, xrl: str, *, once: bool = False) -> None:
        """Send it an XRL, after those that wait; with `once`, not if the same one waits already."""


@dataclass(frozen=True)
class Resolution:
    """One way to reach a method: protocol, address, and the method's name with its key."""

    protocol: str
    address: str
    method: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.address}/{self.method}"


@dataclass
class Target:
    """One registered instance."""

    instance: str
    class_name: str
    singleton: bool
    owner: Client
    cookie: str = field(default_factory=lambda: secrets.token_hex(8))
    enabled: bool = False
    methods: dict[str, list[Resolution]] = field(default_factory=dict)
    classes_watched: set[str] = field(default_factory=set)
    instances_watched: set[str] = field(default_factory=set)

    def watches(self, other: Target) -> bool:
        """Whether it wants to hear of `other`."""
        return other.class_name in self.classes_watched or other.instance in self.instances_watched

    def tell(self, event: str, other: Target) -> None:
        """Tell it that `other` came or left, through the method it registered for that, if it has."""
        resolutions = self.methods.get(event)
        if not resolutions:
            return
        args = (txt("target_class", other.class_name), txt("target_instance", other.instance))
        inner = Xrl(self.instance, resolutions[0].method, args)
        outer = Xrl(self.instance, "finder_client/0.2/dispatch_tunneled_xrl", (txt("xrl", str(inner)),))
        self.owner.push(str(outer))


class Registry:
    """All targets by instance name, in the order they registered."""

    def __init__(self) -> None:
        self._targets: dict[str, Target] = {}
        self._clients: set[Client] = set()
        self._method_count = 0

    # -- connections ----------------------------------------------------------------------------------

    def connect(self, client: Client) -> None:
        """A connection was made."""
        self._clients.add(client)

    def disconnect(self, client: Client) -> None:
        """A connection ended: its targets leave."""
        self._clients.discard(client)
        for target in [t for t in self._targets.values() if t.owner is client]:
            self._remove(target)

    # -- targets --------------------------------------------------------------------------------------

    def register(self, client: Client, instance: str, class_name: str, singleton: bool, cookie: str) -> str:
        """Register an instance, not yet enabled; its cookie, with which it may take its place over later."""
        for name in (instance, class_name):
            if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
                raise Refused(f'Invalid target name "{name[:MAX_NAME]}"')
        stale = next((t for t in self._targets.values() if cookie and t.cookie == cookie), None)
        if stale is not None:
            self._remove(stale)
        if instance in self._targets:
            raise Refused(f'Target "{instance}" is already registered.')
        if any(singleton or other.singleton for other in self._of_class(class_name)):
            raise Refused(f'Class "{class_name}" has a singleton instance or must have only one.')
        if len(self._targets) >= MAX_TARGETS:
            raise Refused("Too many targets are registered.")
        target = Target(instance, class_name, singleton, client)
        self._targets[instance] = target
        return target.cookie

    def unregister(self, client: Client, instance: str) -> None:
        """The instance leaves."""
        self._remove(self._own(client, instance))

    def enable(self, client: Client, instance: str, enabled: bool) -> None:
        """Let the instance be found, or not."""
        target = self._own(client, instance)
        if target.enabled != enabled:
            target.enabled = enabled
            self._announce(BIRTH if enabled else DEATH, target)

    def enabled(self, instance: str) -> bool:
        """Whether the instance may be found."""
        return self._named(instance).enabled

    def instances(self) -> list[str]:
        """Names of all instances, sorted."""
        return sorted(self._targets)

    # -- methods --------------------------------------------------------------------------------------

    def add_method(self, client: Client, instance: str, command: str, protocol: str, address: str) -> str:
        """Say how a method is reached; the name with key that calls of it must have."""
        target = self._own(client, instance)
        if not _COMMAND.fullmatch(command) or len(command) > MAX_NAME:
            raise Refused(f'Invalid method "{command[:MAX_NAME]}"', Code.BAD_ARGS)
        if protocol not in PROTOCOLS or not _ADDRESS.fullmatch(address) or len(address) > MAX_NAME:
            raise Refused(f'Invalid address "{protocol[:16]}" "{address[:MAX_NAME]}"', Code.BAD_ARGS)
        known = target.methods.get(command, [])
        for resolution in known:
            if (resolution.protocol, resolution.address) == (protocol, address):
                return resolution.method
        full = len(target.methods) >= MAX_TARGET_METHODS or len(known) >= MAX_INTERESTS
        if full or self._method_count >= MAX_METHODS:
            raise Refused("Too many methods are registered.")
        resolution = Resolution(protocol, address, f"{command}-{secrets.token_hex(8)}")
        target.methods.setdefault(command, []).append(resolution)
        self._method_count += 1
        return resolution.method

    def remove_method(self, client: Client, instance: str, command: str) -> None:
        """Forget how a method is reached, and have all forget it."""
        target = self._own(client, instance)
        gone = target.methods.pop(command, None)
        if gone is None:
            raise Refused("Xrl does not resolve")
        self._method_count -= len(gone)
        removed = txt("xrl", f"finder://{instance}/{command}")
        self._flush(Xrl(instance, "finder_client/0.2/remove_xrl_from_cache", (removed,)))

    def resolve(self, name: str, command: str) -> list[Resolution]:
        """Ways to reach a method of a class (its first enabled instance) or an instance."""
        target = self._targets.get(name)
        if target is None:
            of_class = list(self._of_class(name))
            target = next((t for t in of_class if t.enabled), of_class[0] if of_class else None)
        if target is None:
            raise Refused(f'Target "{name}" does not exist or is not enabled.')
        if not target.enabled:
            raise Refused("Xrl target is not enabled.")
        if command not in target.methods:
            raise Refused("Xrl does not resolve")
        return target.methods[command]

    def methods_of(self, name: str) -> list[str]:
        """XRLs that a class's first instance or an instance has registered, without arguments."""
        target = self._targets.get(name) or next(self._of_class(name), None)
        if target is None:
            raise Refused(f'Invalid target name "{name}"')
        return [f"finder://{target.instance}/{command}" for command in target.methods]

    # -- events ---------------------------------------------------------------------------------------

    def watch(
        self, client: Client, requester: str, *, class_name: str = "", instance: str = ""
    ) -> list[Target]:
        """Tell `requester` when an instance of a class, or an instance, comes and leaves.

        Returns:
            Those that are there already; the requester is to be told of them, after it was answered.
        """
        watcher = self._own(client, requester)
        wanted, kept = (
            (class_name, watcher.classes_watched) if class_name else (instance, watcher.instances_watched)
        )
        if not _NAME.fullmatch(wanted) or len(wanted) > MAX_NAME:
            raise Refused(f'Invalid target name "{wanted[:MAX_NAME]}"')
        if len(kept) >= MAX_INTERESTS:
            raise Refused("Too many event interests are registered.")
        kept.add(wanted)
        return [
            t
            for t in self._targets.values()
            if t.enabled and wanted == (t.class_name if class_name else t.instance)
        ]

    def announce_present(self, requester: str, present: list[Target]) -> None:
        """Tell `requester` of those that `watch` returned."""
        watcher = self._targets.get(requester)
        for target in present:
            if watcher is not None:
                watcher.tell(BIRTH, target)

    def unwatch(self, client: Client, requester: str, *, class_name: str = "", instance: str = "") -> None:
        """The opposite of `watch`."""
        watcher = self._own(client, requester)
        if class_name:
            watcher.classes_watched.discard(class_name)
        else:
            watcher.instances_watched.discard(instance)

    # -- within ---------------------------------------------------------------------------------------

    def _of_class(self, name: str) -> Iterator[Target]:
        return (target for target in self._targets.values() if target.class_name == name)

    def _named(self, instance: str) -> Target:
        target = self._targets.get(instance)
        if target is None:
            raise Refused(f'Invalid target name "{instance[:MAX_NAME]}"')
        return target

    def _own(self, client: Client, instance: str) -> Target:
        target = self._named(instance)
        if target.owner is not client:
            raise Refused(f'Target "{instance}" belongs to another connection.')
        return target

    def _remove(self, target: Target) -> None:
        primary = next(self._of_class(target.class_name), None) is target
        del self._targets[target.instance]
        self._method_count -= sum(map(len, target.methods.values()))
        for name in (target.instance, target.class_name) if primary else (target.instance,):
            gone = txt("target_name", name)
            self._flush(Xrl(name, "finder_client/0.2/remove_xrls_for_target_from_cache", (gone,)))
        if target.enabled:
            self._announce(DEATH, target)

    def _flush(self, xrl: Xrl) -> None:
        text = str(xrl)
        for client in self._clients:
            client.push(text, once=True)

    def _announce(self, event: str, target: Target) -> None:
        for watcher in list(self._targets.values()):
            if watcher is not target and watcher.watches(target):
                watcher.tell(event, target)
