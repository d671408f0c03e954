"""What kind of file some bytes are, and whether they are there to the end."""

import codecs
from typing import NamedTuple


class _Kind(NamedTuple):
    name: str
    head: bytes
    trailer: bytes
    within: int  # the trailer lies within so many last bytes


_KINDS = (
    _Kind("pdf", b"%PDF-", b"%%EOF", 1024),  # ISO 32000-1, Annex H.3.18: within the last 1024 bytes
    _Kind("zip", b"PK\x03\x04", b"PK\x05\x06", 22 + 65535),  # APPNOTE 4.3.16: end of central directory + comment
    _Kind("png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", 12),
    _Kind("jpeg", b"\xff\xd8\xff", b"\xff\xd9", 16),
    _Kind("ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0),  # has no trailer: complete as far as can be told
)

HEAD = 1024
TAIL = 22 + 65535


def kind(head: bytes) -> str:
    """Name the kind by the first bytes: pdf, zip, ofd, png, jpeg, ole, html or unknown."""
    found = next((one.name for one in _KINDS if head.startswith(one.head)), None)
    if found == "zip" and b"OFD.xml" in head[:HEAD]:
        return "ofd"  # GB/T 33190: a zip whose first entry is OFD.xml
    if found is None and head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
        return "html"
    return found or "unknown"


def complete(name: str, tail: bytes) -> bool:
    """Tell whether the trailer of that kind of file is there. Kinds without a trailer count as complete."""
    known = next((one for one in _KINDS if one.name == ("zip" if name == "ofd" else name)), None)
    return known is None or known.trailer in tail[-known.within :] if known and known.within else True
