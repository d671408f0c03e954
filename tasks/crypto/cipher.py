"""Encryption at rest: Fernet, AES-128-CBC with HMAC-SHA-256, so that a changed byte or another key is noticed."""

from cryptography.fernet import Fernet, InvalidToken

MAKE_KEY = "openssl rand -base64 32 | tr '+/' '-_'"
"""The shell command that prints a new key."""


class KeyTextError(Exception):
    """The text is no key. Nothing of it is shown."""


class DecryptError(Exception):
    """Encrypted with another key, or changed since."""


class Cipher:
    """Encrypts and decrypts with one key.

    Args:
        key: urlsafe base64 of 32 bytes, as `MAKE_KEY` prints it.

    Raises:
        KeyTextError: it is something else.
    """

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise KeyTextError from None  # what it says might quote the key

    def encrypted(self, content: bytes) -> bytes:
        """Encrypt. The same content twice gives different bytes."""
        return self._fernet.encrypt(content)

    def decrypted(self, token: bytes) -> bytes:
        """Decrypt.

        Raises:
            DecryptError: another key, or changed bytes.
        """
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            raise DecryptError from error
