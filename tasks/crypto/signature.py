"""Detached signatures: Ed25519 (RFC 8032), which `openssl pkeyutl -verify -rawin` checks anywhere."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MAKE_KEY = "openssl genpkey -algorithm ed25519"
"""Prints a new key."""


class SigningKeyError(ValueError):
    """The text is no Ed25519 key."""


def signature(content: bytes, key: str) -> bytes:
    """Sign.

    Args:
        key: an Ed25519 private key, PEM, without a passphrase.

    Raises:
        SigningKeyError: it is none.
    """
    try:
        found = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SigningKeyError(str(error)) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise SigningKeyError("not Ed25519")
    return found.sign(content)
