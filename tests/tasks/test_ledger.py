"""The ledger, on SQLite and on a real PostgreSQL of the test's own."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from checks.finding import Finding, Reason, State
from checks.records import Event, EvidenceRecord, RunRecord, merged
from checks.slots import BACKUP_CHECK, PAGE_INSPECTION, RESTORE_DRILL, RETEST, Slot
from checks.visit import BackupVisit, Copy, Document, ProbeVisit, RestoreVisit, Visit
from tasks.ledger import Ledger, LedgerError
from tasks.ledger.tables import SEALED

ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TABLES = (*SEALED, "seal")


def slot(target: str = "oa", day: date = DAY) -> Slot:
    opens = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=8)))
    return Slot(f"{PAGE_INSPECTION}/{target}/{day}", PAGE_INSPECTION, target, day, opens, opens + timedelta(days=1))


def begin(ledger: Ledger, of: Slot, now: datetime = NOON) -> str:
    return ledger.begin(
        of,
        flow_run_id="f-1",
        trigger="schedule",
        who="计划任务",
        why="按计划执行",
        parameters={"systems": ["oa"], "dry_run": False, "说明": "中文"},
        code_version="0.1.0+abc",
        contract_hash="c0ffee",
        calendar_version="chinesecalendar 1.11.0",
        now=now,
    )


def add(ledger: Ledger, run_id: str, target: str = "oa/todo", attempt: int = 1) -> None:
    documents = [Document(url="https://x/todo", status=200, title="待办 'x' \\ \"y\"", load=0.25)]
    visit = Visit(target=target, attempt=attempt, started_at=NOON, seconds=1.5, documents=documents)
    findings = [
        Finding(check="PG01", state=State.OK, summary="1 次打开"),
        Finding(check="PG05", state=State.UNKNOWN, summary="超时", reason=Reason.TIMEOUT),
    ]
    picture = EvidenceRecord(
        target=target, attempt=attempt, kind="screenshot", path=f"{target}-{run_id}-{attempt}.jpg", sha256="0" * 64,
        size=10, grade=2, at=NOON,
    )  # fmt: skip
    ledger.add(run_id, target, attempt, findings, visit=visit, evidence=[picture], now=NOON)


def filled(ledger: Ledger) -> str:
    ledger.expect([slot()], NOON)
    run_id = begin(ledger, slot())
    add(ledger, run_id)
    ledger.end(run_id, State.UNKNOWN, NOON + timedelta(minutes=1))
    ledger.enter(Event(kind="excuse", subject="s", at=NOON, who="值班员甲", why="停电", via="ui"), NOON)
    return run_id


def runs(ledger: Ledger) -> list[RunRecord]:
    return ledger.runs(PAGE_INSPECTION, DAY, DAY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite ledger with one finished run."""
    filled(Ledger(f"sqlite:///{tmp_path}/ledger.db"))
    return tmp_path / "ledger.db"


class TestRecord:
    def test_comes_back_as_it_went_in(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        # When
        run_id = filled(ledger)
        # Then
        [run] = runs(Ledger(url))
        assert (run.id, run.slot, run.trigger, run.who) == (
            run_id,
            "page-inspection/oa/2026-11-22",
            "schedule",
            "计划任务",
        )
        assert (run.code_version, run.contract_hash, run.flow_run_id) == ("0.1.0+abc", "c0ffee", "f-1")
        assert (run.started_at, run.ended_at, run.outcome) == (NOON, NOON + timedelta(minutes=1), "UNKNOWN")
        assert [(r.finding.check, r.finding.state, r.finding.reason) for r in run.findings] == [
            ("PG01", State.OK, None),
            ("PG05", State.UNKNOWN, Reason.TIMEOUT),
        ]
        assert run.visits[0].documents[0].title == "待办 'x' \\ \"y\""
        assert run.evidence[0].sha256 == "0" * 64

    def test_what_looks_at_backups_find_out_is_told_from_what_drills_do(self, url: str) -> None:
        # Given: a check and a drill of one backup
        ledger, target = Ledger(url), "oa.db"
        copy = Copy(name="app.sql.gz", size=7, at=NOON, mode=0o640)
        checks = [BackupVisit(target=target, attempt=1, started_at=NOON + timedelta(hours=n), seconds=1, copies=(copy,))
                  for n in range(3)]  # fmt: skip
        drill = RestoreVisit(target=target, attempt=1, started_at=NOON, seconds=9, tables={"app.notice": 300})
        look = ProbeVisit(target=target, attempt=1, started_at=NOON, seconds=1, probe="port-closed", version=1,
                          asset="app-01:6379", vantage="here", replies=({"open": True},))  # fmt: skip
        looked = [*((one, BACKUP_CHECK) for one in checks), (drill, RESTORE_DRILL), (look, RETEST)]
        for visit, duty in looked:
            its = Slot(f"{duty}/{target}/{DAY}", duty, target, DAY, NOON, NOON + timedelta(days=1))
            ledger.expect([its], NOON)
            run_id = begin(ledger, its, visit.started_at)
            ledger.add(run_id, target, 1, [], visit=visit, evidence=(), now=NOON, outcome=State.OK)
        # Then
        whole = merged(run for duty in (BACKUP_CHECK, RESTORE_DRILL, RETEST) for run in ledger.runs(duty, DAY, DAY))
        assert whole is not None
        assert (whole.backup_visits, whole.restore_visits, whole.visits) == (tuple(checks), (drill,), ())
        assert whole.probe_visits == (look,)
        assert ledger.past(RETEST, target, ProbeVisit) == [look]
        assert ledger.past(BACKUP_CHECK, target, BackupVisit, limit=2) == checks[1:]
        assert ledger.past(RESTORE_DRILL, target, RestoreVisit) == [drill]
        assert ledger.past(BACKUP_CHECK, "mobile.db", BackupVisit) == []

    def test_a_run_is_on_record_before_it_looks(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        ledger.expect([slot()], NOON)
        # When
        begin(ledger, slot())
        # Then
        [run] = runs(Ledger(url))
        assert (run.ended_at, run.outcome, run.findings) == (None, "", ())

    def test_a_run_needs_its_slot(self, url: str) -> None:
        with pytest.raises(LedgerError):
            begin(Ledger(url), slot())

    def test_an_attempt_is_recorded_whole_or_not_at_all(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        run_id = filled(ledger)
        # When: the same attempt again, with one item that is new
        again = [Finding(check=check, state=State.OK, summary="x") for check in ("PG09", "PG01")]
        with pytest.raises(LedgerError):
            ledger.add(run_id, "oa/todo", 1, again, visit=None, evidence=(), now=NOON)
        # Then
        assert {r.finding.check for r in runs(ledger)[0].findings} == {"PG01", "PG05"}

    def test_retries_add_rows_and_the_latest_counts(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        ledger.expect([slot()], NOON)
        run_id = begin(ledger, slot())
        add(ledger, run_id)
        # When
        well = [Finding(check="PG05", state=State.OK, summary="2 项期望全部符合")]
        ledger.add(run_id, "oa/todo", 2, well, visit=None, evidence=(), now=NOON)
        # Then
        [run] = runs(ledger)
        assert len(run.findings) == 3
        assert {r.finding.check: r.finding.state for r in run.latest()} == {"PG01": State.OK, "PG05": State.OK}

    def test_nothing_comes_behind_a_seal(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        run_id = filled(ledger)
        # Then
        with pytest.raises(LedgerError, match="已作为中断关闭并封存"):
            ledger.add(run_id, "oa/todo", 2, [], visit=None, evidence=(), now=NOON)
        with pytest.raises(LedgerError):
            ledger.end(run_id, State.OK, NOON)

    def test_runs_of_other_days_and_order(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        yesterday = slot(day=DAY - timedelta(days=1))
        ledger.expect([slot(), yesterday, slot("mobile")], NOON)
        # When
        late = begin(ledger, slot(), NOON + timedelta(seconds=1))
        early = begin(ledger, slot("mobile"), NOON)
        before = begin(ledger, yesterday, NOON)
        # Then
        assert [run.id for run in runs(ledger)] == [early, late]
        assert [run.id for run in ledger.runs(PAGE_INSPECTION, yesterday.day, yesterday.day)] == [before]
        assert ledger.runs("other", DAY, DAY) == []

    def test_slots_are_expected_once(self, url: str) -> None:
        ledger = Ledger(url)
        ledger.expect([slot(), slot("mobile")], NOON)
        ledger.expect([slot("archive"), slot()], NOON)
        ledger.expect([], NOON)
        with sa.create_engine(url).connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM slot")).scalar() == 3


class TestTimes:
    def test_are_kept_in_utc_with_their_zone(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        ledger.expect([slot()], NOON)
        # When
        begin(ledger, slot(), datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=8))))
        # Then
        with sa.create_engine(url).connect() as connection:
            assert connection.execute(sa.text("SELECT started_at FROM run")).scalar() == "2026-11-22T04:00:00.000+00:00"
            assert connection.execute(sa.text("SELECT opens_at FROM slot")).scalar() == "2026-11-21T16:00:00.000+00:00"
        assert runs(ledger)[0].started_at == NOON

    def test_without_a_zone_are_refused(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        ledger.expect([slot()], NOON)
        # Then
        with pytest.raises(Exception, match="without a zone"):
            begin(ledger, slot(), datetime(2026, 11, 22, 12, 0))
        assert runs(ledger) == []


class TestAppendOnly:
    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
    def test_rows_stay(self, url: str, table: str, statement: str) -> None:
        # Given
        filled(Ledger(url))
        engine = sa.create_engine(url)
        column = sa.inspect(engine).get_columns(table)[0]["name"]
        # When
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="append-only"):
            connection.execute(sa.text(statement.format(table, column, column)))
        # Then
        with engine.connect() as connection:
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar()

    def test_nor_emptying_a_postgresql_table(self, postgres: str) -> None:
        # Given
        filled(Ledger(postgres.replace("DATABASE", "postgres")))
        engine = sa.create_engine(postgres.replace("DATABASE", "postgres"))
        # Then
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="append-only"):
            connection.execute(sa.text("TRUNCATE finding"))


class TestSeveralAtOnce:
    def test_four_writers(self, url: str) -> None:
        # Given
        ledger = Ledger(url)
        troubles: list[BaseException] = []

        def write(target: str) -> None:
            try:
                ledger.expect([slot("oa"), slot("mobile"), slot("archive")], NOON)
                run_id = begin(ledger, slot("oa"))
                for number in range(10):
                    add(ledger, run_id, f"oa/{target}-{number}")
                ledger.end(run_id, State.OK, NOON)
            except BaseException as error:
                troubles.append(error)

        # When
        threads = [threading.Thread(target=write, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Then
        assert troubles == []
        found = runs(ledger)
        assert [len(run.findings) for run in found] == [20] * 4
        assert all(run.ended_at for run in found)

    def test_four_open_a_new_one(self, url: str) -> None:
        """Each of them finds that its tables are to be made."""
        # When
        command = [sys.executable, "-c", "import sys, tasks.ledger; tasks.ledger.Ledger(sys.argv[1])", url]
        openers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        # Then
        assert [opener.communicate()[1] for opener in openers] == [""] * 4
        filled(Ledger(url))


class TestTroubles:
    def test_locked_then_free(self, file: Path) -> None:
        # Given
        ledger = Ledger(f"sqlite:///{file}", lock_wait=20)
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        threading.Timer(1.0, lambda: other.execute("COMMIT")).start()
        # When
        began = time.monotonic()
        begin(ledger, slot())
        # Then
        assert time.monotonic() - began >= 0.9
        assert len(runs(ledger)) == 2
        other.close()

    @pytest.mark.parametrize("when", ["writing", "opening"])
    def test_locked_for_long(self, file: Path, when: str) -> None:
        # Given
        ledger = Ledger(f"sqlite:///{file}", lock_wait=0.3)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        # When
        attempt = {"writing": lambda: begin(ledger, slot()), "opening": lambda: Ledger(f"sqlite:///{file}", 0.3)}[when]
        with pytest.raises(LedgerError, match="被别的程序锁住，等了"):
            attempt()
        # Then: nothing is lost, and it goes on afterwards
        other.execute("COMMIT")
        begin(ledger, slot())
        assert len(runs(ledger)) == 2

    def test_reading_goes_on_while_somebody_writes(self, file: Path) -> None:
        # Given
        ledger = Ledger(f"sqlite:///{file}", lock_wait=0.3)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        # Then
        assert len(runs(ledger)) == 1
        other.execute("ROLLBACK")

    @pytest.mark.parametrize("content", [b"not a database at all " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
    def test_not_a_ledger(self, tmp_path: Path, content: bytes) -> None:
        # Given
        (tmp_path / "ledger.db").write_bytes(content)
        # When
        with pytest.raises(LedgerError, match=r"已损坏或不是台账.*不要删除原文件"):
            Ledger(f"sqlite:///{tmp_path}/ledger.db")
        # Then
        assert (tmp_path / "ledger.db").read_bytes() == content

    def test_damaged_in_the_middle(self, file: Path) -> None:
        # Given
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw = bytearray(file.read_bytes())
        raw[4096:] = b"\xa5" * (len(raw) - 4096)
        file.write_bytes(raw)
        # Then
        with pytest.raises(LedgerError, match="已损坏"):
            runs(Ledger(f"sqlite:///{file}"))

    def test_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(LedgerError, match="没有写权限，或目录不存在"):
            Ledger(f"sqlite:///{tmp_path}/file/ledger.db")

    def test_a_folder_without_permission(self, tmp_path: Path) -> None:
        # Given a folder on a file system that is mounted read-only: that holds for root as well
        said = _in_mount(tmp_path, "mount -t tmpfs -o ro tmpfs")
        # Then
        assert said.startswith("台账打开失败")
        assert "没有写权限" in said

    def test_a_full_disk(self, tmp_path: Path) -> None:
        # When: begin, then add until nothing fits
        said = _in_mount(tmp_path, "mount -t tmpfs -o size=400k tmpfs")
        # Then: the sentence, and all that had been recorded before is there
        trouble, recorded, kept = said.splitlines()
        assert "磁盘已满" in trouble
        assert int(recorded) > 0
        assert kept == recorded

    def test_nobody_at_the_address(self, tmp_path: Path) -> None:
        with pytest.raises(LedgerError, match="数据库"):
            Ledger(f"postgresql+psycopg://somebody:hidden-word@/x?host={tmp_path}")
        with pytest.raises(LedgerError) as told:
            Ledger("postgresql+psycopg://somebody:hidden-word@127.0.0.1:1/x")
        assert "hidden-word" not in str(told.value)

    def test_tables_half_made_are_not_left(self, tmp_path: Path) -> None:
        # Given: files may not grow beyond what half of the tables need
        script = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))\n"
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "from tasks.ledger import Ledger, LedgerError\n"
            "try: Ledger(sys.argv[1])\n"
            "except LedgerError as error: print(error)"
        )
        url = f"sqlite:///{tmp_path}/ledger.db"
        # When
        done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=True)
        assert "台账打开失败" in done.stdout
        # Then
        filled(Ledger(url))

    def test_a_process_that_has_ended_leaves_one_whole_file(self, tmp_path: Path) -> None:
        """Whoever copies it as it lies there has everything; the garbage collector need not have been."""
        script = (
            "import gc, sys; sys.path.insert(0, sys.argv[1])\n"
            "from test_ledger import *\n"
            "ledger = Ledger(sys.argv[2]); filled(ledger); gc.freeze()"
        )
        file = tmp_path / "ledger.db"
        # When
        subprocess.run([sys.executable, "-c", script, str(Path(__file__).parent), f"sqlite:///{file}"], check=True)
        # Then
        assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


FILL = """
import sys
sys.path.insert(0, {tests!r})
from test_ledger import *
url = sys.argv[1]
try:
    ledger = Ledger(url)
    ledger.expect([slot()], NOON)
    run_id = begin(ledger, slot())
    count = 0
    for count in range(10_000):
        add(ledger, run_id, f"oa/{{count}}")
except LedgerError as error:
    print(error)
    if "打开" not in str(error):
        print(count * 2)
        print(len(runs(Ledger(url))[0].findings))
"""


def _in_mount(tmp_path: Path, mount: str) -> str:
    """Fill a ledger on a file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "do").write_text(f'#!/bin/sh\n{mount} {disk} && exec "$@"\n')
    command = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "sh", str(tmp_path / "do")]
    script = FILL.format(tests=str(Path(__file__).parent))
    done = subprocess.run(
        [*command, sys.executable, "-c", script, f"sqlite:///{disk}/ledger.db"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
