"""The switch's TLS certificate, made at first start; run as a program, so that the agent needn't load the library.

python -m connetos_agent.northbound.certificate DIRECTORY HOSTNAME [ADDRESS ...]
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import subprocess
import sys
from pathlib import Path

CERTIFICATE_NAME = "certificate.pem"
KEY_NAME = "key.pem"
_YEARS = 10


def ensure(directory: Path, hostname: str, addresses: list[str]) -> tuple[Path, Path]:
    """Certificate and key files in `directory`, made now if they aren't there.

    Raises:
        RuntimeError: they can't be made.
    """
    certificate, key = directory / CERTIFICATE_NAME, directory / KEY_NAME
    if not (certificate.exists() and key.exists()):
        command = [sys.executable, "-m", __name__, str(directory), hostname, *addresses]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"the TLS certificate can't be made in {directory}: {' '.join(last)}")
    return certificate, key


def make(directory: Path, hostname: str, addresses: list[str]) -> None:
    """Make a self-signed certificate for the host name, its addresses and the loopback, and its key (mode 0600)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname)])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(n) for n in dict.fromkeys([hostname, "localhost"])]
    names += [
        x509.IPAddress(ipaddress.ip_address(a)) for a in dict.fromkeys(["127.0.0.1", "::1", *addresses])
    ]
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
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file_name, data in (
        (KEY_NAME, pem),
        (CERTIFICATE_NAME, certificate.public_bytes(serialization.Encoding.PEM)),
    ):
        beside = directory / f"{file_name}.new"
        descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        beside.replace(directory / file_name)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
