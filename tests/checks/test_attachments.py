"""What kind of file some bytes are, and whether they are whole."""

import io
import zipfile

import pytest

from checks.attachments import HEAD, TAIL, complete, kind


def zipped(*names: str, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packing:
        for name in names:
            packing.writestr(name, "x" * 100)
        packing.comment = comment
    return out.getvalue()


FILES = {
    "pdf": b"%PDF-1.4\n" + b"x" * 5000 + b"\n%%EOF\n",
    "zip": zipped("word/document.xml"),
    "ofd": zipped("OFD.xml", "Doc_0/Document.xml"),
    "png": b"\x89PNG\r\n\x1a\n" + b"x" * 100 + b"IEND\xaeB`\x82",
    "jpeg": b"\xff\xd8\xff\xe0" + b"x" * 100 + b"\xff\xd9",
}


@pytest.mark.parametrize("name", FILES)
def test_whole_and_cut(name: str) -> None:
    content = FILES[name]
    assert kind(content[:HEAD]) == name
    assert complete(name, content[-TAIL:])
    assert not complete(name, content[: len(content) // 2][-TAIL:])


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "ole"),
        (b"\n <!doctype html>", "html"),
        (b"\xef\xbb\xbf<html>", "html"),
        (b"hello", "unknown"),
        (b"", "unknown"),
    ],
)
def test_others(head: bytes, name: str) -> None:
    assert kind(head) == name
    assert complete(name, head)  # they have no trailer that could be missing


def test_trailers_may_stand_a_little_before_the_end() -> None:
    assert complete("pdf", FILES["pdf"] + b"\0" * 900)
    assert not complete("pdf", FILES["pdf"] + b"\0" * 2000)
    assert complete("zip", zipped("a", comment=b"c" * 60000)[-TAIL:])
