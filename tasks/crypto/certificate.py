"""What stands in a certificate, whoever signed it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def facts(der: bytes, now: datetime) -> dict[str, Any]:
    """The fields of `checks.safe_probe.TlsSeen` that a certificate tells.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        leaf = x509.load_der_x509_certificate(der)
        public = leaf.public_key()
    except (UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise ValueError from error
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "not_before": leaf.not_valid_before_utc.isoformat(),
        "not_after": leaf.not_valid_after_utc.isoformat(),
        "days_left": (leaf.not_valid_after_utc - now.astimezone(UTC)).total_seconds() / 86400,
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "names": _names(leaf),
        "self_signed": leaf.issuer == leaf.subject,
        "key": _kind(public),
        "signature": leaf.signature_algorithm_oid._name,
        "fingerprint": sha256(encoded).hexdigest(),
    }


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    """Subject alternative names alone: clients have ignored the common name since RFC 6125."""
    try:
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = named.get_values_for_type(x509.IPAddress)
    return (*named.get_values_for_type(x509.DNSName), *map(str, addresses))


def _kind(public: Any) -> str:
    """ "RSA 2048", "EC secp256r1", "Ed25519"."""
    if isinstance(public, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'RSA' if isinstance(public, rsa.RSAPublicKey) else 'DSA'} {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}"
    return type(public).__name__.removesuffix("PublicKey")
