"""Which SSH algorithms are weak, by the names of a KEXINIT.

Sources: RFC 9142 (key exchange), RFC 8758 (arcfour), RFC 8429 (3DES), RFC 6151 (MD5), CVE-2008-5161 (CBC modes),
SWEET32 (64-bit blocks), OpenSSH's release notes of 7.0 (ssh-dss) and 8.8 (ssh-rsa, which signs with SHA-1). HMAC with
SHA-1 in full length is not among them (RFC 6194, 3.3).
"""

import re
from collections.abc import Iterable

_BROKEN = re.compile(
    r"""
    # key exchange: 1024-bit groups, SHA-1 with groups of the client's choice, curves below 224 bits
    (diffie-hellman|gss)-group1-.* | kexAlgoDH1SHA1 | (diffie-hellman-group-exchange|gss-gex)-sha1.* | rsa1024-sha1
    | ecdh-sha2-(nistp192|nistk163|1\.2\.840\.10045\.3\.1\.1|1\.3\.132\.0\.1)
    # host keys: DSA, and RSA in the formats of before OpenSSH
    | (x509v3-)?ssh-ds[sa](-.*)? | x509v3-sign-dss.* | (spki|pgp)-sign-(rsa|dss) | ssh-rsa1
    | ecdsa-sha2-(nistp192|nistk163)
    # ciphers
    | none | null | arcfour.* | .*-cbc(@.*)? | (3des|des|blowfish|cast128|idea|rc4)(-.*)?
    # integrity: MD5, RIPEMD, tags of 96 bits, and digests without a key
    | hmac-(md5|ripemd).* | .*-96([-@].*)? | cbcmac-(des|3des|blowfish|rijndael) | (md5|sha1|ripemd160)(-8)?
    """,
    re.X,
)
_AGEING = re.compile(
    r"(diffie-hellman|gss)-group14-sha1.* | kexAlgoDH14SHA1 | ssh-rsa(-cert-.*)? | x509v3-(ssh-rsa|sign-rsa(-sha1)?)",
    re.X,
)


def broken(names: Iterable[str]) -> list[str]:
    """Those that nothing should use any more."""
    return [name for name in names if _BROKEN.fullmatch(name)]


def ageing(names: Iterable[str]) -> list[str]:
    """Those that rest on SHA-1 alone: to be switched off when the last old client has gone."""
    return [name for name in names if _AGEING.fullmatch(name)]
