#!/usr/bin/env python3
"""核对巡检台账的导出包：记录有没有被改动、删除、插入、调换，证据文件是不是原件，封存链有没有断开或被截短。

用法：python3 verify.py [导出包.zip 或解开后的目录] [--head 号:哈希]
      不写就核对本文件所在的目录；--head 是任何一份报告封面上印的“台账链头”，用来发现末尾被截去的封存。
退出码：0 完好；1 有问题；2 用法不对，或包读不出来。

How it works, for whoever reviews this file (Python 3.6 or later, standard library alone):
- A row's digest is the SHA-256 of its canonical JSON (RFC 8785: keys sorted, no white space, UTF-8). Rows hold text and
  whole numbers only; what is empty (null) and the running number `id` are left out.
- A seal lists the rows of one finished run (or of one other entry) as table, key and digest. Its own hash is the
  SHA-256 over that list, its number, its time and the hash of the seal before it: a chain.
- So whoever changes a row has to make every later seal anew, and then the chain's head is no longer the one that
  stands on printed reports.
"""

import hashlib
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

KEYS = {"slot": "id", "run": "id", "run_end": "run_id", "visit": "id", "finding": "id", "evidence": "id", "event": "id"}
NAMES = {"slot": "应做事项", "run": "运行", "run_end": "运行结束", "visit": "所见事实", "finding": "结论",
         "evidence": "证据登记", "event": "事件"}  # fmt: skip
KINDS = {"run": "运行", "slots": "应做事项", "event": "事件", "earlier": "启用封存之前的记录"}
NUMBERED = ("visit", "finding", "evidence", "event")  # their key is a running number, no part of what they say
GENESIS = "0" * 64
TEXT = json.encoder.encode_basestring  # a JSON string, with nothing escaped that need not be


def canonical(fields: "dict[str, Any]") -> bytes:
    """Return RFC 8785's form of a flat object of text and whole numbers; what is null is left out."""
    kept = sorted((name, value) for name, value in fields.items() if value is not None)
    said = [f"{TEXT(name)}:{TEXT(value) if isinstance(value, str) else _other(value)}" for name, value in kept]
    return ("{" + ",".join(said) + "}").encode("utf-8", "surrogatepass")


def _other(value: "Any") -> str:
    return str(value) if type(value) is int else TEXT(repr(value))  # neither text nor a number was ever sealed


def row_digest(table: str, row: "dict[str, Any]") -> str:
    """Return what a seal says of a row: the SHA-256, in hexadecimal."""
    said = {name: value for name, value in row.items() if not (name == "id" and table in NUMBERED)}
    return hashlib.sha256(canonical(said)).hexdigest()


def seal_sm3(seal: "dict[str, Any]") -> str:
    """Return the SM3 of a seal. Raises ValueError where this machine has no SM3."""
    return hashlib.new("sm3", canonical({**seal, "hash": None, "sm3": None})).hexdigest()


def seal_hash(seal: "dict[str, Any]") -> str:
    """Return the hash of a seal, over all it says but the hash itself."""
    return hashlib.sha256(canonical({**seal, "hash": None})).hexdigest()


class Problem(NamedTuple):
    """Something that is not as it was sealed. `seal`: the number of the seal that shows it."""

    seal: int
    what: str


class Verdict(NamedTuple):
    """What came out: problems, remarks that are no problem, what was counted, and the chain's last seal."""

    problems: "list[Problem]"
    remarks: "list[str]"
    counted: "dict[str, int]"
    head: str  # "123:ab12…", or "" where there is no seal
    lost_from: str  # the first point from which trust is lost, or ""


class _Checked:
    """One verification under way."""

    def __init__(self, book: "Any") -> None:
        self.book = book
        self.problems: list[Problem] = []
        self.remarks: list[str] = []
        self.rows: dict[tuple[str, object], tuple[str, object]] = {}  # (table, key): (digest, run)
        self.files: dict[str, tuple[str, object, str]] = {}  # path: (sha256, run, when it was last kept)
        self.removed: dict[str, str] = {}  # path: when
        self.ended: set[object] = set()
        self.sealed_runs: dict[object, int] = {}
        self.changed: list[tuple[str, object, str, str, int]] = []  # table, key, sealed digest, digest, seal
        self.gone: list[tuple[str, object, str, int]] = []
        self.heads: dict[int, str] = {}
        self.times: dict[int, str] = {}
        self.last = 0

    def say(self, seal: int, what: str) -> None:
        self.problems.append(Problem(seal, what))

    def read_rows(self) -> "dict[str, int]":
        """Digest every row there is."""
        counted: Counter[str] = Counter()
        for table, key in KEYS.items():
            for row in self.book.rows(table):
                if key not in row:
                    self.say(0, f"{NAMES[table]}有一行没有编号")
                    continue
                run = row.get("run_id", row[key] if table == "run" else None)
                self.rows[table, row[key]] = (row_digest(table, row), run)
                counted[table] += 1
                if table == "run_end":
                    self.ended.add(run)
                elif table == "evidence":
                    self.keep(str(row.get("path")), str(row.get("sha256")), run, str(row.get("at")))
                elif table == "event" and row.get("kind") in ("removal", "regrade"):
                    self.read_change(row)
                elif table == "event" and row.get("kind") == "document":
                    self.read_document(row)
        return dict(counted)

    def keep(self, path: str, sha256: str, run: object, at: str) -> None:
        """Note a file; the same picture may have been taken again."""
        if path not in self.files or self.files[path][2] <= at:
            self.files[path] = (sha256, run, at)

    def read_change(self, row: "dict[str, Any]") -> None:
        """Note files that were destroyed when they were due, or that now lie encrypted under another name."""
        try:
            body, at = json.loads(row["body"]), str(row["at"])
            for path in body["files"]:
                self.removed[path] = max(self.removed.get(path, ""), at)
            if row["kind"] == "regrade":
                self.keep(body["to"]["path"], body["to"]["sha256"], None, at)
        except (KeyError, ValueError, TypeError):
            self.say(0, f"事件 {row.get('id')} 读不出")

    def read_document(self, row: "dict[str, Any]") -> None:
        """Note the file of a document that was handed in."""
        try:
            kept = json.loads(row["body"]).get("evidence")
            if kept:
                self.keep(kept["path"], kept["sha256"], None, str(row["at"]))
        except (KeyError, ValueError, TypeError, AttributeError):
            self.say(0, f"事件 {row.get('id')} 读不出")

    def read_seals(self) -> int:
        """Go along the chain, and tick off the rows that each seal lists."""
        previous, count = GENESIS, 0
        for seal in self.book.seals():
            count += 1
            number = seal.get("seq")
            if not isinstance(number, int) or number <= self.last:
                self.say(self.last + 1, f"第 {self.last} 号封存之后的编号不对：{number!r}")
                continue
            for missing in range(self.last + 1, min(number, self.last + 100)):
                self.say(missing, f"第 {missing} 号封存不见了")
            if self.check_seal(number, seal) and number == self.last + 1 and seal.get("previous") != previous:
                self.say(number, f"第 {number} 号封存与前一号不相接")
            previous, self.last = str(seal.get("hash")), number
            when = str(seal.get("at"))[:16].replace("T", " ")
            self.heads[number], self.times[number] = previous, f"{when} UTC，{_subject(seal)}"
            self.check_rows(number, seal)
        return count

    def check_seal(self, number: int, seal: "dict[str, Any]") -> bool:
        """Whether the seal is what its own hash says."""
        whole = seal_hash(seal) == seal.get("hash")
        if not whole:
            self.say(number, f"第 {number} 号封存被改动（{_subject(seal)}）")
        elif seal.get("sm3") is not None:
            try:
                if seal_sm3(seal) != seal["sm3"]:
                    self.say(number, f"第 {number} 号封存的 SM3 不符")
            except ValueError:
                remark = "本机的 Python 没有 SM3，SM3 未核对；SHA-256 已核对"
                self.remarks += [] if remark in self.remarks else [remark]
        return whole

    def check_rows(self, number: int, seal: "dict[str, Any]") -> None:
        """Compare the rows that a seal lists; where the package does not cover them they must not be there."""
        try:
            listed = json.loads(seal["rows"])
            pairs = [(table, key, digest) for table, rows in listed.items() for key, digest in rows]
        except (KeyError, ValueError, AttributeError, TypeError):
            self.say(number, f"第 {number} 号封存的清单读不出")
            return
        for table, key, digest in pairs:
            if table == "run":
                self.sealed_runs[key] = number
            found = self.rows.pop((table, key), None)
            if not self.book.covers(seal, table):
                if found is not None:
                    self.say(number, f"{NAMES.get(table, table)} {key} 不在本包的范围之内")
            elif found is None:
                self.gone.append((table, key, digest, number))
            elif found[0] != digest:
                self.changed.append((table, key, digest, found[0], number))

    def compare(self) -> None:
        """Name what was changed, swapped, moved, removed or inserted."""
        was = {(table, sealed): key for table, key, sealed, _, _ in self.changed}
        for table, key, _, now, number in self.changed:
            twin = was.get((table, now))
            how = "被改动" if twin is None else f"与第 {twin} 行调换"
            self.say(number, f"{NAMES.get(table, table)} {key} {how}")
        extra = {(table, digest): key for (table, key), (digest, _) in self.rows.items() if table in NUMBERED}
        for table, key, digest, number in self.gone:
            moved = extra.get((table, digest))
            how = "被删除" if moved is None else f"的编号被改成 {moved}"
            self.say(number, f"{NAMES.get(table, table)} {key} {how}")
        under_way = set()
        for (table, key), (_, run) in self.rows.items():
            if run in self.sealed_runs:
                self.say(self.sealed_runs[run], f"{NAMES[table]} {key} 是封存后插入的")
            elif table in ("slot", "event") or run in self.ended:
                self.say(self.last + 1, f"{NAMES[table]} {key} 没有封存：是绕过程序写入的，或它的封存已被删去")
            else:
                under_way.add(run)
        if under_way:
            self.remarks.append(f"{len(under_way)} 次运行尚未结束，还没有封存")

    def check_files(self) -> int:
        """Look at every file on record that was not removed on record."""
        if not self.book.has_files:
            self.remarks.append("包里不含证据文件，证据未核对")
            return 0
        count = removed = 0
        for path, (sha256, run, at) in sorted(self.files.items()):
            if at <= self.removed.get(path, ""):  # what was kept again afterwards must be there
                removed += 1
                continue
            count += 1
            found = self.book.file_sha256(path)
            number = self.sealed_runs.get(run, self.last + 1)
            if found is None:
                self.say(number, f"证据文件 {path} 不见了")
            elif found != sha256:
                self.say(number, f"证据文件 {path} 被改动")
        if removed:
            self.remarks.append(f"{removed} 个证据文件已销毁或改为加密保存，有封存的记录")
        return count

    def check_head(self, head: str) -> None:
        number, _, begins = head.partition(":")
        if not number.isdigit() or len(begins) < 12:
            self.say(self.last, f"链头 {head} 写法不对；照报告封面写，例如 123:9f86d081884c7d65…")
        elif int(number) > self.last:
            self.say(self.last + 1, f"台账被截短：报告上印有第 {number} 号封存，现在只到第 {self.last} 号")
        elif not self.heads.get(int(number), "").startswith(begins.rstrip(".…")):
            self.say(int(number), f"台账被改写：第 {number} 号封存不是报告上印的那一个")

    def lost_from(self) -> str:
        """The first seal that any problem points at."""
        numbers = [problem.seal for problem in self.problems if problem.seal]
        if not numbers:
            return "最初" if self.problems else ""
        when = self.times.get(min(numbers), "不在链上")
        return f"第 {min(numbers)} 号封存（{when}）"


def _subject(seal: "dict[str, Any]") -> str:
    kind = str(seal.get("kind"))
    return f"{KINDS.get(kind, kind)} {seal.get('subject')}".strip()


def verify(book: "Any", head: str = "") -> Verdict:
    """Check everything. `book`: a Package, or what has its methods. `head`: as it stands on a report."""
    checked = _Checked(book)
    counted = checked.read_rows()
    counted["seal"] = checked.read_seals()
    checked.compare()
    counted["file"] = checked.check_files()
    if head:
        checked.check_head(head)
    for broken in book.broken:
        checked.say(0, broken)
    last = f"{checked.last}:{checked.heads[checked.last]}" if checked.last else ""
    problems = sorted(set(checked.problems))
    return Verdict(problems, checked.remarks, counted, last, checked.lost_from())


class Package:
    """An export, as ZIP or as a folder: manifest.json, seals.jsonl, rows/<table>.jsonl, evidence/."""

    def __init__(self, path: Path) -> None:
        self._zip = None if path.is_dir() else zipfile.ZipFile(str(path))
        self._folder = path
        self._names = set(self._zip.namelist()) if self._zip else set()
        self.broken: list[str] = []
        with self._open("manifest.json") as file:
            self.manifest = json.loads(file.read().decode("utf-8"))
        self.has_files = bool(self.manifest["evidence"])

    def _open(self, name: str) -> "IO[bytes]":
        return self._zip.open(name) if self._zip else (self._folder / name).open("rb")

    def _lines(self, name: str) -> "Iterator[dict[str, Any]]":
        with self._open(name) as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line.decode("utf-8", "surrogatepass"))
                except ValueError:
                    row = None
                if isinstance(row, dict) and canonical(row) == line.rstrip(b"\n"):
                    yield row
                else:
                    self.broken.append(f"{name} 第 {number} 行被改动，已读不出")

    def covers(self, seal: "dict[str, Any]", table: str) -> bool:
        """Return whether the rows that a seal lists are in this package; the chain itself is always whole."""
        return any(first <= seal["seq"] <= last for first, last in self.manifest["seals"])

    def seals(self) -> "Iterator[dict[str, Any]]":
        """Yield the seals, in the order of their numbers."""
        return self._lines("seals.jsonl")

    def rows(self, table: str) -> "Iterator[dict[str, Any]]":
        """Yield the rows of a table."""
        return self._lines(f"rows/{table}.jsonl")

    def file_sha256(self, path: str) -> "str | None":
        """Return the SHA-256 of an evidence file; None where there is none."""
        name = "evidence/" + path
        if name not in self._names if self._zip else not (self._folder / name).is_file():
            return None
        digest = hashlib.sha256()
        with self._open(name) as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        return digest.hexdigest()


def sentences(verdict: Verdict) -> "list[str]":
    """Say it in lines for people."""
    counted = "，".join(f"{NAMES[table]} {verdict.counted.get(table, 0)}" for table in KEYS)
    lines = [f"核对：封存 {verdict.counted['seal']}，{counted}，证据文件 {verdict.counted['file']}"]
    lines += ["说明：" + remark for remark in verdict.remarks]
    lines += ["问题：" + problem.what for problem in verdict.problems]
    if verdict.problems:
        lines.append(f"共 {len(verdict.problems)} 处问题；自{verdict.lost_from}起不可信")
    else:
        lines.append("完好：没有改动、删除、插入或调换")
    return [*lines, "台账链头：" + (verdict.head or "（还没有封存）")]


def main(words: "list[str]") -> int:
    """Verify a package from the command line."""
    head = ""
    if "--head" in words[:-1]:
        at = words.index("--head")
        head = words[at + 1]
        words = words[:at] + words[at + 2 :]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        sys.stdout.write(f"{__doc__}\n")
        return 2
    path = Path(words[0]) if words else Path(__file__).parent
    try:
        verdict = verify(Package(path), head)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        sys.stdout.write(f"{path} 不是台账的导出包，或已损坏：{error}\n")
        return 2
    sys.stdout.write("\n".join(sentences(verdict)) + "\n")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
