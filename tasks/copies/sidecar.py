"""Checksums that lie beside a copy, as sha256sum, md5sum, openssl dgst and BSD's programs write them."""

import binascii
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

ALGORITHMS = ("sha256", "sha512", "sm3", "md5")
# `hash  name`, `hash *name`; `SHA256 (name) = hash`, `SHA2-256(name)= hash`; or the hash alone.
_LINE = re.compile(r"\\?(?P<hash>[0-9a-fA-F]{32,128})(?:[ \t]+[* ]?(?P<name>.+))?")
_TAGGED = re.compile(r"\\?[\w-]+ ?\((?P<name>.+)\) ?= ?(?P<hash>[0-9a-fA-F]{32,128})")


class Sidecar(NamedTuple):
    """What the bytes of a copy should come to.

    `algorithm`: as hashlib calls it. `digest`: None where the file says nothing of this copy.
    """

    algorithm: str
    digest: bytes | None


def sidecar(small: Callable[[str], bytes | None], name: str) -> Sidecar | None:
    """The checksum beside a copy, the first of .sha256, .sha512, .sm3, .md5; None where there is none.

    Args:
        small: reads a small file, such as `Shelf.small`.
        name: of the copy.
    """
    for algorithm in ALGORITHMS:
        if (text := small(f"{name}.{algorithm}")) is not None:
            return Sidecar(algorithm, _digest(text.decode("utf-8", "replace"), name, algorithm))
    return None


def _digest(text: str, name: str, algorithm: str) -> bytes | None:
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    found = [match for line in lines if (match := _TAGGED.fullmatch(line) or _LINE.fullmatch(line))]
    named = [one for one in found if one["name"] and re.split(r"[/\\]", one["name"])[-1] == name]
    # One alone is this copy's, whatever it was called when it was hashed.
    chosen = named or (found if len(found) == 1 else [])
    digest = binascii.unhexlify(chosen[-1]["hash"]) if chosen and len(chosen[-1]["hash"]) % 2 == 0 else b""
    return digest if len(digest) == hashlib.new(algorithm).digest_size else None
