"""A server's certificate, as a client of this network sees it."""

import base64
import hashlib
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from checks.visit import Certificate

Trusted = ssl.SSLContext
"""What is trusted, for those who only hand it on."""


class AuthorityError(Exception):
    """A file of XUNJIAN_CA is no certificate; the message is for the operator."""


class Seen(NamedTuple):
    """The facts, and the key by which Chromium can be told to accept just this certificate."""

    certificate: Certificate
    key: str  # base64 SHA-256 of the SubjectPublicKeyInfo


def certificate(host: str, port: int, trusted: ssl.SSLContext, timeout: float, now: datetime) -> Seen:
    """Look at the certificate of a server, trusted or not.

    Args:
        trusted: from `trusting`.
        timeout: seconds.

    Raises:
        OSError: nobody answers, or not in TLS.
    """
    problem = ""
    try:
        der = _peer(host, port, trusted, timeout)
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
        # Only to read the certificate that was just refused; nothing is sent over this connection.
        look = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        look.check_hostname = False
        look.verify_mode = ssl.CERT_NONE
        der = _peer(host, port, look, timeout)
    leaf = x509.load_der_x509_certificate(der)
    public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    facts = Certificate(
        days_left=(leaf.not_valid_after_utc - now.astimezone(UTC)).total_seconds() / 86400,
        trusted=not problem,
        self_signed=leaf.issuer == leaf.subject,
        problem=problem,
    )
    return Seen(facts, base64.b64encode(hashlib.sha256(public).digest()).decode())


def trusting(ca_dir: Path) -> Trusted:
    """The system's certification authorities and those of a folder of *.pem; takes 0.1 s to read.

    Raises:
        AuthorityError: one of them is no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # as browsers; Debian leaves it to the system's settings
    for pem in sorted(ca_dir.glob("*.pem")):
        try:
            context.load_verify_locations(pem)
        except ssl.SSLError as error:
            raise AuthorityError(f"{pem} 不是 PEM 格式的证书。请换成 CA 证书，或把它从 XUNJIAN_CA 目录移走") from error
    return context


def looking() -> Trusted:
    """For looking at servers as they are: no certificate is verified, and what OpenSSL still can of old versions and
    weak ciphers is taken. What is said over such a connection is a fact about the server and never trusted, and
    nothing secret may be sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    return context


def _peer(host: str, port: int, context: ssl.SSLContext, timeout: float) -> bytes:
    with (
        socket.create_connection((host, port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""
