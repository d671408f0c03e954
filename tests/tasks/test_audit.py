"""The audit of a ledger, on SQLite and on a real PostgreSQL: whatever is changed behind its back is found and named."""

import ast
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rfc8785
import sqlalchemy as sa
from ledger_book import DAYS, NOON, Book, fill

from checks.records import Event
from checks.slots import PAGE_INSPECTION
from tasks.ledger import Ledger, LedgerError
from tasks.ledger.audit import Stored, stored
from tasks.ledger.package import Period, export, restore
from tasks.ledger.tables import SEALED
from tasks.ledger.verify import KEYS, NAMES, Package, Verdict, canonical, sentences, verify

SCRIPT = Path(__file__).parents[2] / "tasks" / "ledger" / "verify.py"


@pytest.fixture
def book(url: str, tmp_path: Path) -> Book:
    fill(Ledger(url), tmp_path / "evidence")
    return Book(url, tmp_path / "evidence")


def said(verdict: Verdict) -> str:
    return "\n".join(sentences(verdict))


class TestUntouched:
    def test_raises_no_alarm(self, book: Book, tmp_path: Path) -> None:
        # When
        live = book.verdict()
        packed = verify(Package(book.package(tmp_path / "p.zip")))
        # Then
        assert (live.problems, packed.problems) == ([], [])
        assert live.remarks == packed.remarks == ["1 次运行尚未结束，还没有封存"]
        assert live.counted == packed.counted == {
            "slot": DAYS, "run": DAYS, "run_end": DAYS - 1, "visit": 3 * DAYS, "finding": 12 * DAYS,
            "evidence": 3 * DAYS, "event": DAYS, "seal": 3 * DAYS - 1, "file": 3 * DAYS,
        }  # fmt: skip
        assert live.head == packed.head == Ledger(book.url).head()

    def test_nor_when_it_goes_on(self, book: Book) -> None:
        # Given
        ledger = Ledger(book.url)
        head = ledger.head()
        # When
        assert ledger.close_cut_off(NOON + timedelta(days=9)) == [f"{PAGE_INSPECTION}/oa/2026-11-25"]
        # Then: the head of before is still on the chain
        assert book.verdict(head).problems == []
        assert book.verdict().remarks == []

    def test_nor_on_an_empty_ledger(self, url: str, tmp_path: Path) -> None:
        Ledger(url)
        verdict = Book(url, tmp_path).verdict()
        assert (verdict.problems, verdict.head, verdict.counted["seal"]) == ([], "", 0)

    def test_sm3_beside_sha256(self, url: str, tmp_path: Path) -> None:
        # Given
        fill(Ledger(url, sm3=True), tmp_path)
        # Then
        assert Book(url, tmp_path).verdict().problems == []
        with stored(url, tmp_path) as book:
            assert {len(seal["sm3"]) for seal in book.seals()} == {64}


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize("table", [*SEALED, "seal"])
    def test_what_an_owner_who_is_no_superuser_tries(self, postgres: str, table: str, tmp_path: Path) -> None:
        """Given a role that owns the tables, then it may not change a row until it gives itself the right."""
        # Given
        admin = sa.create_engine(postgres.replace("DATABASE", "postgres"), isolation_level="AUTOCOMMIT")
        name = f"owned_{table}"
        with admin.connect() as connection:
            connection.execute(sa.text("DROP ROLE IF EXISTS keeper"))
            connection.execute(sa.text("CREATE ROLE keeper LOGIN"))
            connection.execute(sa.text(f"CREATE DATABASE {name} OWNER keeper"))
        url = postgres.replace("DATABASE", name).replace("ledger@", "keeper@")
        # When: all that the product does works
        ledger = Ledger(url)
        fill(ledger, tmp_path, days=2, visits=1)
        ledger.close_cut_off(NOON)
        # Then
        with sa.create_engine(url).connect() as connection:
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                with pytest.raises(sa.exc.DatabaseError, match=r"permission denied|append-only"):
                    connection.execute(sa.text(statement))
                connection.rollback()
            column = next(c["name"] for c in sa.inspect(connection).get_columns(table) if c["name"] != KEYS.get(table))
            with pytest.raises(sa.exc.DatabaseError, match="permission denied"):
                connection.execute(sa.text(f"UPDATE {table} SET {column} = {column}"))
        ledger._engine.dispose()
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(sa.text("DROP ROLE keeper"))

    def test_and_tells_when_it_was_disarmed(self, book: Book) -> None:
        # Given
        on_file = book.url.startswith("sqlite")
        drop = (
            "DROP TRIGGER finding_no_update" if on_file else "ALTER TABLE finding DISABLE TRIGGER finding_append_only"
        )
        with sa.create_engine(book.url).begin() as connection:
            connection.execute(sa.text(drop))
        # Then
        assert [problem.what for problem in book.verdict().problems] == ["表 finding 的防改触发器不见了或被换过"]


# --- mutations --------------------------------------------------------------------------------------------------------


class Forger:
    """Changes a ledger behind its back, in a transaction that is rolled back, and says what should be noticed."""

    def __init__(self, connection: sa.Connection, chance: random.Random) -> None:
        self._do = connection.execute
        self._chance = chance
        self._on_file = connection.dialect.name == "sqlite"
        self._columns = {
            table: [column["name"] for column in sa.inspect(connection).get_columns(table)]
            for table in (*SEALED, "seal")
        }
        for table in (*SEALED, "seal"):
            if self._on_file:
                for what in ("update", "delete"):
                    self._do(sa.text(f"DROP TRIGGER {table}_no_{what}"))
            else:
                self._do(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        self.runs_under_way = set(self._values("SELECT id FROM run WHERE id NOT IN (SELECT run_id FROM run_end)"))

    def _values(self, question: str, **values: Any) -> list[Any]:
        return list(self._do(sa.text(question), values).scalars())

    def _rows(self, table: str) -> list[dict[str, Any]]:
        """The sealed ones."""
        key = KEYS.get(table, "seq")
        rows = [dict(row) for row in self._do(sa.text(f"SELECT * FROM {table} ORDER BY {key}")).mappings()]
        own = "id" if table == "run" else "run_id"
        return [row for row in rows if row.get(own) not in self.runs_under_way]

    def change(self) -> str:
        """One character of one text, or one number by one."""
        table = self._chance.choice([*SEALED, "seal"])
        row, key = self._chance.choice(self._rows(table)), KEYS.get(table, "seq")
        columns = [name for name in self._columns[table] if row[name] not in (None, "")]
        column = self._chance.choice([name for name in columns if name not in (key, "corrects")])
        was = row[column]
        if isinstance(was, int):
            new: Any = was + 1
        elif isinstance(was, date) and not isinstance(was, datetime):
            new = was + timedelta(days=1)
        elif column == "day":
            new = (date.fromisoformat(was) + timedelta(days=1)).isoformat()
        else:
            at = self._chance.randrange(len(was))
            letter = self._chance.choice([c for c in "abc019 甲" if c != was[at]])
            new = was[:at] + letter + was[at + 1 :]
        self._do(sa.text(f"UPDATE {table} SET {column} = :new WHERE {key} = :key"), {"new": new, "key": row[key]})
        return f"第 {row[key]} 号封存被改动" if table == "seal" else f"{NAMES[table]} {row[key]} 被改动"

    def remove(self) -> str:
        table = self._chance.choice([*SEALED, "seal"])
        key = KEYS.get(table, "seq")
        row = self._chance.choice(self._rows(table)[: -1 if table == "seal" else None])
        self._do(sa.text(f"DELETE FROM {table} WHERE {key} = :key"), {"key": row[key]})
        return f"第 {row[key]} 号封存不见了" if table == "seal" else f"{NAMES[table]} {row[key]} 被删除"

    def swap(self) -> str:
        """Two rows change places."""
        table = self._chance.choice(["visit", "finding", "evidence", "event"])
        one, other = sorted(self._chance.sample([row["id"] for row in self._rows(table)], 2))
        self._swap_numbers(table, "id", one, other)
        return f"{NAMES[table]} {one} 与第 {other} 行调换"

    def swap_seals(self) -> str:
        one, other = sorted(self._chance.sample([row["seq"] for row in self._rows("seal")], 2))
        self._swap_numbers("seal", "seq", one, other)
        return f"第 {one} 号封存被改动"

    def _swap_numbers(self, table: str, key: str, one: int, other: int) -> None:
        for was, new in ((one, -1), (other, one), (-1, other)):
            self._do(sa.text(f"UPDATE {table} SET {key} = :new WHERE {key} = :was"), {"new": new, "was": was})

    def insert(self) -> str:
        """A copy of a row, as if it had always been there."""
        table = self._chance.choice(["visit", "finding", "evidence", "event"])
        row = self._chance.choice(self._rows(table))
        row["id"] = 1000
        row.update({"target": "oa/more"} if "target" in row else {})
        names = self._columns[table]
        marks = ", ".join(f":{name}" for name in names)
        self._do(sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), row)
        return "事件 1000 没有封存" if table == "event" else f"{NAMES[table]} 1000 是封存后插入的"

    def invent(self) -> str:
        """A whole run that never was."""
        run = self._rows("run")[0] | {"id": "r-1000"}
        names = self._columns["run"]
        marks = ", ".join(f":{name}" for name in names)
        self._do(sa.text(f"INSERT INTO run ({', '.join(names)}) VALUES ({marks})"), run)
        self._do(sa.text("INSERT INTO run_end VALUES ('r-1000', :at, 'OK')"), {"at": run["started_at"]})
        return "运行 r-1000 没有封存"

    def cut(self) -> str:
        """The last seals are gone, and all that they spoke of."""
        seals = self._rows("seal")
        for seal in seals[-self._chance.randint(1, len(seals) - 1) :]:
            for table, rows in reversed(json.loads(seal["rows"]).items()):
                for key, _ in rows:
                    self._do(sa.text(f"DELETE FROM {table} WHERE {KEYS[table]} = :key"), {"key": key})
            self._do(sa.text("DELETE FROM seal WHERE seq = :seq"), {"seq": seal["seq"]})
        return f"台账被截短：报告上印有第 {len(seals)} 号封存"

    def cut_seals_only(self) -> str:
        last = self._rows("seal")[-1]
        self._do(sa.text("DELETE FROM seal WHERE seq = :seq"), {"seq": last["seq"]})
        return "没有封存：是绕过程序写入的，或它的封存已被删去"


KINDS: list[Callable[[Forger], str]] = [
    Forger.change, Forger.change, Forger.change, Forger.remove, Forger.remove, Forger.swap, Forger.swap_seals,
    Forger.insert, Forger.invent, Forger.cut, Forger.cut_seals_only,
]  # fmt: skip


def test_five_hundred_forgeries_are_found_and_named(book: Book, tmp_path: Path) -> None:
    """Each by the audit and by the exported verify.py; the forged ledger is exported as it then is."""
    chance, missed = random.Random(4), []
    head = Ledger(book.url).head()
    engine = sa.create_engine(book.url)
    for number in range(500):
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("BEGIN")
            now = Stored(connection, book.evidence)
            expected = KINDS[number % len(KINDS)](Forger(connection, chance))
            out = tmp_path / "forged.zip"
            by_audit = verify(now, head)
            export(now, out, NOON)
            by_script = verify(Package(out), head)
            for verdict in (by_audit, by_script):
                if expected not in said(verdict) or not verdict.lost_from:
                    missed.append((number, expected, said(verdict)))
            connection.rollback()
    assert missed == []
    assert book.verdict(head).problems == []


def test_five_hundred_bytes_of_a_package(book: Book, tmp_path: Path) -> None:
    """Given a package on an auditor's disk, when any byte of a row, a seal or a file changes, then it is noticed."""
    # Given
    folder = tmp_path / "package"
    with zipfile.ZipFile(book.package(tmp_path / "p.zip")) as package:
        package.extractall(folder)
    head, chance = Ledger(book.url).head(), random.Random(5)
    assert verify(Package(folder), head).problems == []
    files = [file for file in folder.rglob("*") if file.is_file() and file.parent != folder]
    files += [folder / "seals.jsonl"] * 5
    under_way = {line for file in folder.glob("rows/*") for line in unsealed(file, folder)}
    missed = []
    for _ in range(500):
        file = chance.choice(files)
        raw = file.read_bytes()
        at = chance.randrange(len(raw))
        line = raw[raw.rfind(b"\n", 0, at) + 1 : raw.find(b"\n", at)]
        if (file.name, line) in under_way or raw[at : at + 1] == b"\n":
            continue
        # When
        file.write_bytes(raw[:at] + bytes([raw[at] ^ chance.randint(1, 255)]) + raw[at + 1 :])
        if not verify(Package(folder), head).problems:
            missed.append((file.name, at))
        file.write_bytes(raw)
    # Then
    assert missed == []


def unsealed(file: Path, folder: Path) -> set[tuple[str, bytes]]:
    """The lines of a package that no seal covers yet."""
    ended = {json.loads(line)["run_id"] for line in (folder / "rows/run_end.jsonl").read_bytes().splitlines()}
    rows = [(line, json.loads(line)) for line in file.read_bytes().split(b"\n") if line]
    return {
        (file.name, line)
        for line, row in rows
        if row.get("run_id", row["id"] if file.stem == "run" else None) not in {None, *ended}
    }


class TestEvidence:
    @pytest.mark.parametrize("how", ["changed", "missing"])
    def test_is_compared(self, book: Book, tmp_path: Path, how: str) -> None:
        # Given
        file = sorted(path for path in book.evidence.rglob("*") if path.is_file())[2]
        name = file.relative_to(book.evidence).as_posix()
        if how == "changed":
            file.write_bytes(file.read_bytes()[:-1] + b"?")
        else:
            file.unlink()
        wanted = f"证据文件 {name} {'被改动' if how == 'changed' else '不见了'}"
        # Then
        for verdict in (book.verdict(), verify(Package(book.package(tmp_path / "p.zip")))):
            assert [problem.what for problem in verdict.problems] == [wanted]

    def test_that_was_removed_on_record_is_not_missed(self, book: Book) -> None:
        # Given
        file = next(path for path in book.evidence.rglob("*") if path.is_file())
        name = file.relative_to(book.evidence).as_posix()
        at = NOON + timedelta(days=DAYS)
        removal = Event(
            kind="removal", subject="r", at=at, who="计划任务", why="期满", via="schedule", body={"files": {name: "x"}}
        )
        Ledger(book.url).enter(removal, at)
        file.unlink()
        # Then
        verdict = book.verdict()
        assert verdict.problems == []
        assert "1 个证据文件已销毁或改为加密保存，有封存的记录" in verdict.remarks


class TestPackage:
    def test_verify_py_runs_alone(self, book: Book, tmp_path: Path) -> None:
        """With an interpreter that has nothing installed, in an empty environment."""
        # Given
        zipped = book.package(tmp_path / "p.zip")
        folder = tmp_path / "open"
        with zipfile.ZipFile(zipped) as package:
            package.extractall(folder)

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *words]
            return subprocess.run(
                command, capture_output=True, text=True, cwd="/", env={"PYTHONUTF8": "1"}, check=False
            )

        # Then
        head = Ledger(book.url).head()
        for words in ((), (str(zipped),), (str(folder), "--head", head)):
            done = run(*words)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            assert "完好：没有改动、删除、插入或调换" in done.stdout
        wrong = run("--head", "1:" + "0" * 64)
        assert wrong.returncode == 1
        assert "第 1 号封存不是报告上印的那一个" in wrong.stdout
        assert run("/nonexistent").returncode == 2
        assert run("--help").returncode == 2
        (folder / "manifest.json").write_text("{")
        assert run().returncode == 2

    def test_verify_py_reads_as_python_3_6_and_needs_the_standard_library_alone(self) -> None:
        source = SCRIPT.read_text(encoding="utf-8")
        tree = ast.parse(source, feature_version=(3, 6))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert {module.partition(".")[0] for module in modules} <= set(sys.stdlib_module_names)

    def test_of_a_period_has_its_rows_and_the_whole_chain(self, book: Book, tmp_path: Path) -> None:
        # When
        two_days = Period(date(2026, 11, 21), date(2026, 11, 22), ZoneInfo("Asia/Shanghai"))
        package = Package(book.package(tmp_path / "p.zip", two_days))
        verdict = verify(package, Ledger(book.url).head())
        # Then
        assert (verdict.problems, verdict.remarks) == ([], [])
        assert (verdict.counted["run"], verdict.counted["seal"], verdict.counted["file"]) == (2, 3 * DAYS - 1, 6)
        assert {row["day"] for row in package.rows("slot")} == {"2026-11-21", "2026-11-22"}

    def test_of_a_period_in_which_nothing_was_sealed(self, book: Book, tmp_path: Path) -> None:
        with pytest.raises(LedgerError, match="没有封存过任何记录"):
            book.package(tmp_path / "p.zip", Period(date(2020, 1, 1), date(2020, 1, 2), ZoneInfo("Asia/Shanghai")))
        assert list(tmp_path.glob("*p.zip*")) == []

    def test_a_manifest_that_hides_rows_is_noticed(self, book: Book, tmp_path: Path) -> None:
        # Given
        folder = tmp_path / "open"
        with zipfile.ZipFile(book.package(tmp_path / "p.zip")) as package:
            package.extractall(folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (folder / "manifest.json").write_text(json.dumps({**manifest, "seals": [[1, 4]]}), encoding="utf-8")
        # Then
        assert "不在本包的范围之内" in said(verify(Package(folder)))

    def test_restores_into_either_database(self, book: Book, tmp_path: Path, postgres: str) -> None:
        # Given
        package = book.package(tmp_path / "p.zip")
        name = f"restored_{'f' if book.url.startswith('sqlite') else 'p'}"
        admin = sa.create_engine(postgres.replace("DATABASE", "postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        for url in (f"sqlite:///{tmp_path}/restored.db", postgres.replace("DATABASE", name)):
            # When
            head = restore(package, url)
            # Then: sound, the same, and work goes on in it
            again = Book(url, book.evidence)
            assert again.verdict(head).problems == []
            assert again.verdict().counted == book.verdict().counted
            assert Ledger(url).close_cut_off(NOON) == [f"{PAGE_INSPECTION}/oa/2026-11-25"]
            more = Event(kind="excuse", subject="s", at=NOON, who="值班员甲", why="停电", via="cli:x")
            assert Ledger(url).enter(more, NOON) == DAYS + 1
            assert again.verdict(head).problems == []
            with pytest.raises(LedgerError, match="里已有记录"):
                restore(package, url)

    @pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18])
    def test_what_is_no_package_restores_nothing(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "p.zip").write_bytes(content)
        with pytest.raises(LedgerError, match="不是台账的备份，或已损坏"):
            restore(tmp_path / "p.zip", f"sqlite:///{tmp_path}/l.db")
        assert not (tmp_path / "l.db").exists()


def test_the_canonical_form_is_rfc_8785s() -> None:
    """Over rows as they occur: text of every kind, whole numbers; keys that are plain names."""
    chance = random.Random(6)
    letters = [*map(chr, range(0x20)), *'"\\/甲é\u2028\u007f\ufeff😀', "a"]
    for _ in range(500):
        row: dict[str, Any] = {
            f"k{number}_{chance.choice('abcXYZ')}": chance.choice(
                ["".join(chance.choices(letters, k=chance.randint(0, 9))), chance.randint(-(2**53) + 1, 2**53 - 1)]
            )
            for number in range(chance.randint(0, 6))
        }
        assert canonical({**row, "empty": None}) == rfc8785.dumps(row)
