"""Restore drills of backups in folders of this machine: what becomes of a kill, of a source that is the scratch place,
of copies that cannot be restored. Real servers; the source's host is a shell here."""

import gzip
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from report_desk import sourced

from checks.finding import Finding, Reason, State
from checks.records import INTERRUPTED
from checks.report_period import Every, period_with
from checks.slots import RESTORE_DRILL, drill_slots
from flows import restoration
from flows.caller import Caller
from flows.office import Office
from flows.report_files import build
from flows.restoration import Restoration
from flows.run import carried_out
from tasks.report import Format
from tasks.scratch.mariadb import MariaDB
from tasks.scratch.postgresql import PostgreSQL
from tasks.settings import Settings
from tasks.ssh import Exchange

CANARY = "张三的公文 10000009731"
SYSTEM = {
    "id": "oa", "name": "OA", "url": "https://127.0.0.1:1",
    "journeys": [{"id": "todo", "title": "待办", "steps": [{"expect": {"text": "待办"}}]}],
}  # fmt: skip
HOSTS = {"system": "oa", "hosts": [{"name": "db-01", "role": "数据库"}]}
PG = """--
-- PostgreSQL database dump
--
-- Dumped from database version 15.1
create table notice (id int primary key, title text, created timestamptz);
copy notice from stdin;
{rows}\\.
--
-- PostgreSQL database dump complete
--
"""


class Host:
    """The source's host: a shell of this machine instead of one behind SSH."""

    def exchange(self, host: str, script: bytes, deadline: float, limit: int = 0) -> Exchange:
        done = subprocess.run(["sh", "-s"], input=script, capture_output=True, timeout=deadline)
        at = datetime.now(UTC)
        return Exchange(done.stdout, done.stderr, done.returncode, at, at, at, None)


class Desk:
    """An office whose contract has one backup, in a folder of this machine."""

    def __init__(self, tmp_path: Path, contract: Path) -> None:
        self.folder, self.contract = tmp_path / "copies", contract
        self.folder.mkdir()
        self.settings = Settings(home=tmp_path / "home", contract=contract)

    def declare(self, kind: str = "pg-plain", restore: dict[str, Any] | None = None, **more: Any) -> None:
        terms = {"space_mb": 64, "newest": "select max(created) from notice", **(restore or {})}
        one = {"id": "db", "title": "库", "kind": kind, "at": {"folder": str(self.folder)}, "restore": terms, **more}
        for part, content in (("backups", {"system": "oa", "backups": [one]}), ("hosts", HOSTS)):
            (self.contract / part).mkdir(exist_ok=True)
            (self.contract / part / "oa.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))

    def copy(self, sql: str, name: str = "app.sql.gz") -> None:
        (self.folder / name).write_bytes(gzip.compress(sql.encode()))

    def rows(self, count: int, more: str = "") -> str:
        now = datetime.now(UTC)
        lines = [f"{one}\t{CANARY}\t{(now - timedelta(minutes=one)).isoformat()}\n" for one in range(count)]
        return PG.format(rows="".join(lines)) + more

    def drill(self, network: Any = None) -> dict[str, Finding]:
        office = Office(self.settings)
        slot = next(drill_slots(office.contract, office.today()))
        office.expect([slot])
        by = Caller("", "cli", "测试", "测试")
        outcome = carried_out(office, slot, by, {}, lambda run: Restoration(run, network or Host()).go())
        return {finding.check: finding for _, finding in outcome.findings}

    def runs(self) -> Any:
        office = Office(self.settings)
        return office.ledger.runs(RESTORE_DRILL, office.today().replace(day=1), office.today())


@pytest.fixture
def desk(tmp_path: Path, helpers: Any) -> Desk:
    return Desk(tmp_path, helpers.write_contract(tmp_path / "contract", SYSTEM))


def bad(findings: dict[str, Finding]) -> dict[str, State]:
    return {item: one.state for item, one in findings.items() if one.state is not State.OK}


def test_the_first_drill_has_nothing_to_compare_with_and_the_next_has_it(desk: Desk) -> None:
    # Given
    desk.declare(restore={"assertions": [{"title": "有通知", "sql": "select count(*) > 0 from notice", "expect": "t"}]})
    desk.copy(desk.rows(100))
    # When
    first = desk.drill()
    desk.copy(desk.rows(50))
    second = desk.drill()
    # Then
    assert bad(first) == {}
    assert "首次演练，无可比" in first["RS03"].summary
    assert bad(second) == {"RS03": State.CRIT}
    assert "notice 50 行（上次" in second["RS03"].summary
    assert "100" in second["RS03"].summary


def test_only_counts_are_kept(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where the database quotes the row that it refuses."""
    desk.declare()
    for sql in (desk.rows(5), desk.rows(5).replace("\n3\t", "\n2\t"), desk.rows(5) + f"select '{CANARY}'::int;"):
        desk.copy(sql)
        found = desk.drill()
    office = Office(desk.settings)
    build(office, "drill", period_with(Every.MONTH, office.today()))
    assert found["RS01"].state is State.CRIT
    assert "SQLSTATE 22P02" in found["RS01"].summary
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert CANARY[:2].encode() not in path.read_bytes(), path
        assert b"10000009731" not in path.read_bytes(), path
    assert "10000009731" not in caplog.text


def test_a_copy_that_breaks_off_costs_the_drill_and_nothing_else(desk: Desk) -> None:
    desk.declare()
    desk.copy(desk.rows(1000))
    whole = (desk.folder / "app.sql.gz").read_bytes()
    (desk.folder / "app.sql.gz").write_bytes(whole[: len(whole) // 2])
    found = desk.drill()
    assert found["RS01"].state is State.CRIT
    assert "文件不完整" in found["RS01"].summary
    assert {one.reason for item, one in found.items() if item not in ("RS01", "RS09")} == {Reason.BLOCKED}
    assert found["RS09"].state is State.OK


def test_no_copy_at_all_cannot_be_restored(desk: Desk) -> None:
    desk.declare()
    found = desk.drill()
    assert found["RS01"].state is State.CRIT
    assert "没有备份" in found["RS01"].summary


def test_questions_that_are_not_answered_are_not_held_against_the_copy(desk: Desk) -> None:
    wrong = {"newest": "select 'x'", "assertions": [{"title": "错的", "sql": "select no_such()", "expect": "0"}]}
    desk.declare(restore=wrong)
    desk.copy(desk.rows(5))
    found = desk.drill()
    assert bad(found) == {"RS05": State.UNKNOWN, "RS06": State.UNKNOWN}
    assert "SQLSTATE 42883" in found["RS06"].summary


class Pretender(PostgreSQL):
    """A scratch server that is none: whoever asks it asks the source."""

    socket = ""

    def start(self) -> None:
        self._place.run = lambda words, given=b"": self._here(words, given)  # type: ignore[method-assign]

    def _here(self, words: Any, given: bytes) -> Any:
        return subprocess.run(words, input=given, capture_output=True)

    def _client(self, database: str, *words: str) -> list[str]:
        return ["psql", "-X", "-w", "-h", self.socket, "-U", "ledger", "-d", database, *words]

    def _psql(self, database: str, sql: bytes) -> Any:
        done = self._here(self._client(database, "-A", "-t", "-q"), sql)
        return type("Done", (), {"status": done.returncode, "out": done.stdout, "err": done.stderr})

    def restore(self, stream: Any) -> None:
        raise AssertionError("it was about to restore into the source")


def test_it_refuses_when_postgresql_is_both(desk: Desk, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given: the source is the very server that stands in for the scratch place
    Pretender.socket = postgres.partition("host=")[2]
    monkeypatch.setenv("PGHOST", Pretender.socket)
    monkeypatch.setattr(restoration, "engine_in", lambda place, one, zone: Pretender(place, zone, "postgres"))
    desk.declare(restore={"source": {"host": "db-01", "user": "ledger", "database": "postgres"}})
    desk.copy(desk.rows(5))
    # When
    found = desk.drill()
    # Then
    assert {one.state for item, one in found.items() if item != "RS09"} == {State.UNKNOWN}
    assert "暂存库就是源库" in found["RS01"].summary
    visit = desk.runs()[-1].restore_visits[-1]
    assert (visit.restored_seconds, visit.tables, visit.gone) == (None, {}, True)


@pytest.fixture
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A MariaDB of our own, behind a socket; yields a login file."""
    folder = tmp_path_factory.mktemp("my")
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db", *user,
                    "--auth-root-authentication-method=normal"], check=True, capture_output=True)  # fmt: skip
    words = [f"--datadir={folder}/data", f"--socket={folder}/s", "--skip-networking", f"--pid-file={folder}/p", *user]
    server = subprocess.Popen(["/usr/sbin/mariadbd", "--no-defaults", *words], stderr=subprocess.DEVNULL)
    login = folder / "my.cnf"
    login.write_text(f"[client]\nsocket={folder}/s\nuser=root\n")
    client = ["mariadb", f"--defaults-extra-file={login}"]
    while subprocess.run([*client, "-e", "create database app"], capture_output=True).returncode:
        time.sleep(0.1)
    yield login
    server.terminate()
    server.wait()


def test_it_refuses_when_mariadb_is_both(desk: Desk, mariadb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Both(MariaDB):
        def start(self) -> None:
            """There is one already."""

        def _questions(self, database: str) -> bytes:
            from tasks.scratch.mariadb import _script

            script = _script(f"mariadb --defaults-extra-file={mariadb}", database)
            return subprocess.run(["sh", "-s"], input=script.encode(), capture_output=True).stdout

        def restore(self, stream: Any) -> None:
            raise AssertionError("it was about to restore into the source")

    monkeypatch.setattr(restoration, "engine_in", lambda place, one, zone: Both(place, zone, "app"))
    desk.declare("mysqldump", {"source": {"host": "db-01", "defaults_file": str(mariadb)}}, database="app")
    desk.copy("create table notice (id int);")
    found = desk.drill()
    assert {one.state for item, one in found.items() if item != "RS09"} == {State.UNKNOWN}
    assert "暂存库就是源库" in found["RS01"].summary


def test_a_source_that_does_not_answer_is_said(desk: Desk) -> None:
    desk.declare(restore={"source": {"host": "db-01", "port": 1, "database": "app"}})
    desk.copy(desk.rows(5))
    found = desk.drill()
    assert bad(found) == {"RS04": State.UNKNOWN}
    assert "源库" in found["RS02"].summary


def test_killed_in_the_middle_it_leaves_nothing_but_a_record(desk: Desk, tmp_path: Path) -> None:
    # Given: a restore that never ends
    desk.declare()
    desk.copy(desk.rows(5, more="select pg_sleep(600);"))
    code = f"""
        import sys; sys.path[:0] = {sys.path!r}
        from pathlib import Path
        from test_restoration import Desk, Settings
        desk = Desk.__new__(Desk)
        desk.settings = Settings(home=Path({str(tmp_path / "home")!r}), contract=Path({str(desk.contract)!r}))
        desk.drill()
    """
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    paths = f"{Path(__file__).parent}:{Path(__file__).parents[2]}"
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temporary)}
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=environment)
    theirs: set[psutil.Process] = set()
    _until(lambda: any("SELECT" in _title(one) for one in _children(child.pid, theirs)))
    # When
    child.send_signal(signal.SIGKILL)
    child.wait()
    # Then: no process, no mount, no file
    _until(lambda: not any(one.is_running() and one.status() != "zombie" for one in theirs))
    assert "xunjian-scratch" not in Path("/proc/self/mountinfo").read_text()
    assert list(temporary.iterdir()) == []
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(b"10000009731" in content for content in kept)
    # and the next start closes the run
    office = Office(desk.settings)
    assert office.cut_off == [next(drill_slots(office.contract, office.today())).id]
    assert desk.runs()[-1].outcome == INTERRUPTED


def _children(pid: int, seen: set[psutil.Process]) -> set[psutil.Process]:
    seen |= set(psutil.Process(pid).children(recursive=True))
    return seen


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_report_is_of_the_ledger_alone(desk: Desk) -> None:
    desk.declare()
    desk.copy(desk.rows(10))
    desk.drill()
    office = Office(desk.settings)
    month = period_with(Every.MONTH, office.today())
    files = build(office, "drill", month)
    assert files[Format.DOCX].name == f"恢复演练报告-{office.today():%Y-%m}.docx"
    text = files[Format.ARTIFACT].read_text(encoding="utf-8")
    assert "| notice | 10 |" in text
    assert "没有任何业务内容" in text
    shown = {one["query"]: one["shown"] for one in sourced(files)}
    assert (shown["drill.due"], shown["drill.passed"], shown["drill.restored"]) == ("1", "1", "10")
    first = files[Format.HTML].read_bytes()
    assert first == build(office, "drill", month)[Format.HTML].read_bytes()
