"""Which SSH algorithms are weak, by the names of a KEXINIT.

Sources: RFC 9142 (key exchange), RFC 8758 (arcfour), RFC 8429 (3DES), RFC 6151 (MD5), CVE-2008-5161 (CBC modes),
SWEET32 (64-bit blocks), OpenSSH's release notes of 7.0 (ssh-dss) and 8.8 (ssh-rsa, which signs with SHA-1). HMAC with
SHA-1 in full length is not among them (RFC 6194, 3.3).
"""

import re
from collections.abc import Iterable

_BROKEN = re.compile(
    r"""
    diffie-hellman-group1-sha1 | diffie-hellman-group-exchange-sha1 | rsa1024-sha1 | gss-(group1|gex)-sha1-.*
    | ssh-dss(-cert-v\d+@openssh\.com)?
    | none | arcfour.* | .*-cbc | .*-cbc@.* | des-.* | (3des|blowfish|cast128|idea|rc4)-(ctr|ofb)
    | hmac-md5.* | .*-96(-.*)? | hmac-ripemd160.*
    """,
    re.X,
)
_AGEING = re.compile(r"diffie-hellman-group14-sha1 | gss-group14-sha1-.* | ssh-rsa(-cert-v\d+@openssh\.com)?", re.X)


def broken(names: Iterable[str]) -> list[str]:
    """Those that nothing should use any more."""
    return [name for name in names if _BROKEN.fullmatch(name)]


def ageing(names: Iterable[str]) -> list[str]:
    """Those that rest on SHA-1 alone: to be switched off when the last old client has gone."""
    return [name for name in names if _AGEING.fullmatch(name)]
