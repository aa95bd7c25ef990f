"""Who may speak with a cluster: certificates, and which addresses are safe without.

Whoever is let in runs code of their choice on every worker. So an address that is not loopback is
refused without mutual TLS: both sides show a certificate of the same authority, which
``heliid cluster init`` makes for one cluster and nobody else.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from heliid.engine.protocol import EngineError

CA, CERTIFICATE, KEY = "ca.pem", "cluster.pem", "cluster-key.pem"
VALID_DAYS = 825
PORT = 8786


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files of one cluster: authority, certificate, private key."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority that every member's certificate must come from."""
        return self.folder / CA

    @property
    def certificate(self) -> Path:
        """What a member shows."""
        return self.folder / CERTIFICATE

    @property
    def key(self) -> Path:
        """The private key of the certificate."""
        return self.folder / KEY

    def for_dask(self, role: str) -> dict[str, str]:
        """Arguments of Dask's ``Security`` for one role."""
        return {
            "tls_ca_file": str(self.ca),
            f"tls_{role}_cert": str(self.certificate),
            f"tls_{role}_key": str(self.key),
        }


def default_folder() -> Path:
    """Where certificates are looked for when nothing else is said."""
    from platformdirs import user_config_path

    return user_config_path("heliid") / "cluster"


def find_credentials(folder: Path | None = None) -> Credentials | None:
    """The credentials in a folder (the default one when None); None when there are none.

    Raises
    ------
    EngineError
        The folder was named but holds no certificates, or its key can be read by others.
    """
    found = Credentials(folder or default_folder())
    missing = [one for one in (found.ca, found.certificate, found.key) if not one.is_file()]
    if missing:
        if folder is None:
            return None
        raise EngineError(
            f"There is no {missing[0].name} in {folder}: make certificates with heliid cluster "
            f"init --out {folder}, or name their folder."
        )
    if os.name != "nt" and found.key.stat().st_mode & 0o077:
        raise EngineError(
            f"The private key {found.key} can be read by others: type chmod 600 {found.key}."
        )
    return found


def address_of(address: str, credentials: Credentials | None) -> str:
    """The address in full, ``tls://host:port`` or, on this machine, ``tcp://host:port``.

    Raises
    ------
    EngineError
        It cannot be read, or it is another machine's without encryption.
    """
    text = address.strip()
    if "://" not in text:
        text = f"{'tls' if credentials is not None else 'tcp'}://{text}"
    parts = urlsplit(text)
    try:
        port = parts.port or PORT
    except ValueError:
        port = 0
    host = parts.hostname or ""
    if parts.scheme not in ("tcp", "tls") or not host or not port:
        raise EngineError(
            f"The cluster address '{address[:80]}' is not understood: write tls://HOST:PORT, e.g. "
            f"tls://10.0.0.5:{PORT}."
        )
    if parts.scheme == "tcp" and not is_loopback(host):
        raise EngineError(
            f"The cluster address {address} is another machine's and not encrypted: whoever reads "
            f"along could run code there. Make certificates with heliid cluster init and write "
            f"tls://{host}:{port}."
        )
    if parts.scheme == "tls" and credentials is None:
        raise EngineError(
            f"The address {address} wants certificates and there are none: name their folder, or "
            f"make them with heliid cluster init."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can listen there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_certificates(folder: Path, hosts: Sequence[str] = ()) -> Credentials:
    """A new authority and one certificate of it for every member of one cluster.

    The authority's own key is not kept: nobody can make further certificates.

    Raises
    ------
    EngineError
        The package ``cryptography`` is missing, or the folder already holds certificates.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as missing:
        raise EngineError(
            f"Making certificates needs cryptography ({missing}): type pip install "
            f"'heliid[cluster]'."
        ) from missing
    made = Credentials(folder)
    if made.key.exists() or made.ca.exists():
        raise EngineError(
            f"{folder} already holds certificates: remove them, or name another folder with --out."
        )
    now = datetime.datetime.now(datetime.UTC)
    end = now + datetime.timedelta(days=VALID_DAYS)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def begin(subject: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("HeliID cluster authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(end)
        )

    authority = ec.generate_private_key(ec.SECP256R1())
    own = ec.generate_private_key(ec.SECP256R1())
    root = (
        begin("HeliID cluster authority", authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    member = (
        begin("HeliID cluster member", own.public_key())
        .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made.ca.write_bytes(root.public_bytes(pem))
    made.certificate.write_bytes(member.public_bytes(pem))
    descriptor = os.open(made.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(own.private_bytes(pem, plain, serialization.NoEncryption()))
    return made


def _names(hosts: Sequence[str]) -> list:
    from cryptography import x509

    found: list = []
    for host in ("localhost", "127.0.0.1", *hosts):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            found.append(x509.DNSName(host))
    return found


def commands(made: Credentials, host: str) -> tuple[str, str, str]:
    """What to type for the scheduler, for the workers of each machine, and for a search."""
    files = f"--tls-ca-file {made.ca} --tls-cert {made.certificate} --tls-key {made.key}"
    address = f"tls://{host}:{PORT}"
    return (
        f"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=0 dask scheduler --host {address} "
        f"--no-dashboard {files}",
        f"OMP_NUM_THREADS=1 dask worker {address} --nworkers auto --nthreads 1 --no-dashboard "
        f"{files}",
        f"heliid identify ... --cluster {address} --certificates {made.folder}",
    )
