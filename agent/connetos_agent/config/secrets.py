"""Passwords: hashed when they enter the configuration, never given out again."""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import hmac
import secrets
import threading
from functools import cache
from typing import Any

from connetos_sdk.errors import InvalidValue
from connetos_sdk.model import tree
from connetos_sdk.model.diff import MASK, diff
from connetos_sdk.model.nodes import Leaf
from connetos_sdk.model.schema import locate
from connetos_sdk.model.tree import Document

_SALT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 20000
_lock = threading.Lock()
_cache_key = secrets.token_bytes(32)
_verified: dict[bytes, None] = {}
_VERIFIED_LIMIT = 256


@cache
def _libcrypt() -> Any:
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    return library


def _crypt(password: str, setting: str) -> str:
    with _lock:  # crypt(3) keeps its result in static memory
        result = _libcrypt().crypt(password.encode(), setting.encode())
    return result.decode("ascii") if result else ""


def hash_password(password: str) -> str:
    """A salted SHA-512 hash in the form of crypt(5), as /etc/shadow takes it."""
    salt = "".join(secrets.choice(_SALT_ALPHABET) for _ in range(16))
    return _crypt(password, f"$6$rounds={_ROUNDS}${salt}$")


def is_verified(password: str, hashed: str) -> bool:
    """Whether `password` was found to belong to `hashed` before; costs nothing."""
    return _token(password, hashed) in _verified


def _token(password: str, hashed: str) -> bytes:
    return hmac.digest(_cache_key, f"{hashed}\0{password}".encode(errors="surrogatepass"), hashlib.sha256)


def verify_password(password: str, hashed: str) -> bool:
    """Whether `password` belongs to `hashed`. A success is remembered, keyed, in memory (see `is_verified`)."""
    if "\0" in password or not hashed.startswith("$"):
        return False
    if is_verified(password, hashed):
        return True
    computed = _crypt(password, hashed)
    if not computed.startswith("$") or not hmac.compare_digest(computed, hashed):
        return False
    while len(_verified) >= _VERIFIED_LIMIT:
        _verified.pop(next(iter(_verified)))
    _verified[_token(password, hashed)] = None
    return True


def settle(old: Document, new: Document) -> Document:
    """`new` with passwords in clear replaced by hashes, and masks by the secrets they stand for in `old`.

    A password that belongs to the hash in `old` changes nothing, so that setting it again is no change.

    Raises:
        InvalidValue: a mask stands where `old` has no secret.
    """
    for change in diff(old, new):
        if not change.secret or change.new is None:
            continue
        path, value = change.path, change.new
        leaf = locate(path).node
        target = (*path[:-1], leaf.hashed_into) if isinstance(leaf, Leaf) and leaf.hashed_into else path
        known = tree.get(old, target, None)
        if value == MASK:
            if known is None:
                raise InvalidValue(
                    f"{MASK} stands for a secret, but none is set here",
                    path=path,
                    hint="give the secret itself",
                )
            settled = known
        elif target == path:
            continue
        else:
            settled = known if known and verify_password(value, known) else hash_password(value)
        new = tree.put(new, target, settled)
        if target != path:
            new = tree.put(new, path, tree.MISSING)
    return new
