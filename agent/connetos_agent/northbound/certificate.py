"""The switch's TLS certificates, made by a program of their own, so that the agent needn't load the library.

python -m connetos_agent.northbound.certificate DIRECTORY NAME...

| file | what |
|---|---|
| `certificate.pem`, `key.pem` | the switch's own authority, made once: what clients trust stays the same |
| `server.pem`, `server-key.pem` | what the switch shows, issued by that authority for its names and addresses |
| `issued.json` | for what it was issued |

If somebody puts a certificate of another make into `certificate.pem`, that is shown as it is. What the switch issued is
issued again if it can't be used.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import ssl
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connetos_agent import durable

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CERTIFICATE_NAME, KEY_NAME = "certificate.pem", "key.pem"
SERVER_NAME, SERVER_KEY_NAME = "server.pem", "server-key.pem"
ISSUED_NAME = "issued.json"
_YEARS = 10
MOST_OF_NAME = 64
"""Characters of a common name (RFC 5280, ub-common-name); nobody compares it, where there are alternative names."""


@dataclass(frozen=True)
class Shown:
    """What the switch shows: files of its certificate and key.

    Attributes:
        names: host names and addresses that it was issued for.
        own: whether it is somebody's own, for whatever names.
    """

    certificate: Path
    key: Path
    names: tuple[str, ...]
    own: bool

    def context(self) -> ssl.SSLContext:
        """What a connection needs to show it.

        Raises:
            RuntimeError: it can't be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            files = f"{self.certificate} with {self.key}"
            raise RuntimeError(f"{files} can't be shown to TLS clients: {error}") from error
        return context


def ensure(directory: Path, names: Sequence[str]) -> Shown:
    """What to show for these names; made now unless it is there.

    Args:
        directory: where all of it is; made when it isn't there.
        names: host names and addresses; the first one is the switch's.

    Raises:
        RuntimeError: it can't be made.
    """
    there = shown(directory)
    if there is not None and (there.own or there.names == tuple(names)):
        return there
    command = [sys.executable, "-m", __name__, str(directory), *names]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    there = shown(directory)
    if done.returncode != 0 or there is None:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError(f"the TLS certificate can't be made in {directory}: {' '.join(last)}")
    return there


def shown(directory: Path) -> Shown | None:
    """What there is to be shown; None if there is nothing, or somebody has changed the authority since, or it was issued
    here and can't be used."""
    try:
        issued = json.loads((directory / ISSUED_NAME).read_bytes())
        own, names = bool(issued["own"]), tuple(map(str, issued["names"]))
        same = issued["authority"] == _digest(directory)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    files = (CERTIFICATE_NAME, KEY_NAME) if own else (SERVER_NAME, SERVER_KEY_NAME)
    certificate, key = (directory / name for name in files)
    there = all(path.exists() for path in (certificate, key, directory / KEY_NAME))
    found = Shown(certificate, key, names, own)
    return found if same and there and (own or _usable(found)) else None


def _usable(found: Shown) -> bool:
    try:
        found.context()
    except RuntimeError:
        return False
    return True


def _digest(directory: Path) -> str:
    return hashlib.sha256((directory / CERTIFICATE_NAME).read_bytes()).hexdigest()


# -- in the program ----------------------------------------------------------------------------------------------


def make(directory: Path, names: Sequence[str]) -> None:
    """Make what is missing or empty: an authority, and the certificate that it issues for names and addresses.

    Raises:
        OSError: the directory can't be used.
        ValueError: `certificate.pem` isn't a certificate.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not all(_has_content(directory / name) for name in (CERTIFICATE_NAME, KEY_NAME)):
        make_authority(directory, names[0])
    issued = issue(directory, names)
    facts = {"authority": _digest(directory), "names": list(names), "own": not issued}
    durable.replace(directory / ISSUED_NAME, json.dumps(facts).encode())


def _has_content(path: Path) -> bool:
    return path.exists() and path.read_bytes().strip() != b""


def make_authority(directory: Path, hostname: str) -> None:
    """Make the switch's own authority: its certificate and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname[:MOST_OF_NAME])])
    now = datetime.datetime.now(datetime.UTC)
    # Switches may have the same name when they are new: the key's own name lets one file of many certificates be trusted.
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(key, hashes.SHA256())
    )
    durable.replace(directory / KEY_NAME, _pem(key))
    durable.replace(directory / CERTIFICATE_NAME, _pem(certificate))


def issue(directory: Path, names: Sequence[str]) -> bool:
    """Issue the certificate that the switch shows, valid as long as its authority, with the key that it has had.

    Returns:
        False if what is in `certificate.pem` isn't an authority of our make: then nothing is issued.

    Raises:
        ValueError: it isn't a certificate at all.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        authority = x509.load_pem_x509_certificate((directory / CERTIFICATE_NAME).read_bytes())
    except ValueError:
        remedy = f"put one there, or remove it and {KEY_NAME}, and the switch makes its own"
        raise ValueError(f"{CERTIFICATE_NAME} isn't a certificate in PEM; {remedy}") from None
    try:
        signer = serialization.load_pem_private_key((directory / KEY_NAME).read_bytes(), None)
    except (ValueError, TypeError):
        return False
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or not _is_ours(authority, signer):
        return False
    try:
        kept = serialization.load_pem_private_key((directory / SERVER_KEY_NAME).read_bytes(), None)
    except (OSError, ValueError, TypeError):
        kept = None
    key = kept if isinstance(kept, ec.EllipticCurvePrivateKey) else ec.generate_private_key(ec.SECP256R1())
    subject = [
        (x509.NameOID.ORGANIZATION_NAME, "ConnetOS"),
        (x509.NameOID.COMMON_NAME, names[0][:MOST_OF_NAME]),
    ]
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    signer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in subject]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(authority.not_valid_before_utc)
        .not_valid_after(authority.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_key, critical=False)
        .sign(signer, hashes.SHA256())
    )
    durable.replace(directory / SERVER_KEY_NAME, _pem(key))
    durable.replace(directory / SERVER_NAME, _pem(certificate))
    return True


def _is_ours(certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> bool:
    """Whether it is an authority as `make_authority` makes it, for hosts only, with this key."""
    from cryptography import x509

    try:
        limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    itself = certificate.issuer == certificate.subject and certificate.public_key() == key.public_key()
    return itself and limits.ca and limits.path_length == 0


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(thing: x509.Certificate | EllipticCurvePrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as form

    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(form.Encoding.PEM)
    return thing.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]), sys.argv[2:])
    except (OSError, ValueError) as error:
        sys.exit(str(error))
