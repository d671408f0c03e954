"""The estate's certificates: a rehearsal CA, kept over restarts, and server certificates good and bad, made anew."""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
# name → (days until it ends, signed by the CA)
KINDS: dict[str, tuple[int, bool]] = {
    "valid": (365, True),
    "expired": (-1, True),
    "expiring": (5, True),
    "self-signed": (365, False),
    "other": (365, True),  # another server's
}


def make_certificates(folder: Path, now: dt.datetime, names: Sequence[str] = ()) -> None:
    """Fill the folder: ca.pem, ca.key, and for each kind NAME.pem and NAME.key; keys are 0600.

    `names`: whom they are for, beside this machine itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    ca, ca_key = _ensure_ca(folder, now)
    for name, (days, signed) in KINDS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, signer = (ca.subject, ca_key) if signed else (_name("127.0.0.1"), key)
        leaf = _leaf(key, issuer, now + days * DAY, names).sign(signer, hashes.SHA256())
        _write(folder / f"{name}.pem", leaf.public_bytes(serialization.Encoding.PEM))
        _write(folder / f"{name}.key", _pem(key))


def _ensure_ca(folder: Path, now: dt.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    cert_file, key_file = folder / "ca.pem", folder / "ca.key"
    if cert_file.exists() and key_file.exists():
        cert = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and cert.not_valid_after_utc > now + 400 * DAY:
            return cert, key
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("巡检演练环境 CA")
    cert = (
        _builder(key, name, name, now - 30 * DAY, now + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _pem(key))
    _write(cert_file, cert.public_bytes(serialization.Encoding.PEM))
    return cert, key


def _leaf(
    key: ec.EllipticCurvePrivateKey, issuer: x509.Name, end: dt.datetime, names: Sequence[str]
) -> x509.CertificateBuilder:
    alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, ("localhost", *names))]
    start = end - 365 * DAY - HOUR
    return (
        _builder(key, _name("127.0.0.1"), issuer, start, end)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _builder(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, start: dt.datetime, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
