"""coverage, excuse, audit and ledger, as an operator and an auditor type them."""

import getpass
import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import xunjian
from ledger_book import DAYS, NOON, fill

from flows import standing
from tasks import contract_folder
from tasks.ledger import Ledger

SAMPLE = Path(__file__).parents[2] / "rehearsal" / "contract"
EMPTY = {"XUNJIAN_HOME": "elsewhere"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A machine on which there was a contract and some days of runs, though not of all pages."""
    shutil.copytree(SAMPLE, tmp_path / "contract")
    ledger = Ledger(f"sqlite:///{tmp_path}/var/ledger.db")
    standing.record_contract(
        ledger, tmp_path / "contract", contract_folder.load(tmp_path / "contract"), NOON - timedelta(days=1)
    )
    fill(ledger, tmp_path / "var/evidence")
    return tmp_path


class TestCoverage:
    def test_says_what_was_missed_in_words_and_symbols(self, home: Path) -> None:
        done = xunjian(home, "coverage", "2026-11")
        assert done.returncode == 1
        assert "应做 " in done.stdout
        assert "漏检  page-inspection/mobile/2026-11-20  没有执行" in done.stdout
        assert "不明  page-inspection/oa/2026-11-20  没有看到 " in done.stdout
        assert "不明  page-inspection/oa/2026-11-02  台账启用之前，没有记录" in done.stdout
        assert "协同办公系统" in done.stdout

    def test_the_equation_holds_in_json(self, home: Path) -> None:
        said = json.loads(xunjian(home, "coverage", "2026-11-20", "--format", "json").stdout)
        by_mark = [one["mark"] for one in said["slots"]]
        assert said["expected"] == len([one for one in by_mark if one != "pending"]) == 3 + 7  # systems, backups
        assert said["done"] + said["late"] + said["missed"] + said["excused"] + said["unknown"] == said["expected"]
        assert (said["missed"], said["unknown"]) == (by_mark.count("missed"), by_mark.count("unknown")) == (2 + 7, 1)

    def test_draws(self, home: Path) -> None:
        done = xunjian(home, "coverage", "2026-11", "--picture", "11.png")
        assert "日历图：11.png" in done.stdout
        assert (home / "11.png").read_bytes().startswith(b"\x89PNG")

    def test_an_excuse_changes_it_and_can_be_withdrawn(self, home: Path) -> None:
        slot = "page-inspection/mobile/2026-11-20"
        words = ("--who", "张三", "--why", "机房停电")
        # Given
        assert xunjian(home, "excuse", slot, *words).returncode == 2
        # When
        done = xunjian(home, "excuse", slot, *words, "--document", "停电通知〔2026〕3号")
        assert (done.returncode, done.stdout) == (0, f"已登记第 {DAYS + 2} 号事件：{slot} 免除\n")
        # Then
        said = f"免除  {slot}  张三：机房停电（停电通知〔2026〕3号）"
        assert said in xunjian(home, "coverage", "2026-11-20").stdout
        # When
        assert xunjian(home, "excuse", "--withdraw", f"{DAYS + 2}", *words).returncode == 0
        assert said not in xunjian(home, "coverage", "2026-11-20").stdout

    @pytest.mark.parametrize(("words", "said"), [
        (("coverage", "2026-W54"), "2026 年的周从 W01 到 W53"),
        (("coverage", "november"), "看不懂期间"),
        (("excuse", "x/no/2026-11-20", "--who", "x", "--why", "x", "--document", "x"), "没有这样的应做事项"),
        (("excuse", "--withdraw", "99", "--who", "x", "--why", "x"), "第 99 号事件不是一次免除"),
        (("audit", "verify", "--head", "58"), "链头 58 写法不对"),
        (("audit", "export", "--period", "2026-13"), "月份从 01 到 12"),
        (("ledger", "contract", "--diff", "9"), "没有第 9 版；在案的有 1 版"),
    ])  # fmt: skip
    def test_wrong_input_is_one_sentence(self, home: Path, words: tuple[str, ...], said: str) -> None:
        done = xunjian(home, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


class TestAudit:
    def test_verify_with_the_head_of_a_report(self, home: Path) -> None:
        head = Ledger(f"sqlite:///{home}/var/ledger.db").head()
        done = xunjian(home, "audit", "verify", "--head", head)
        assert (done.returncode, done.stdout.splitlines()[-2:]) == (
            0,
            ["完好：没有改动、删除、插入或调换", f"台账链头：{head}"],
        )
        assert xunjian(home, "audit", "verify", "--head", f"999:{'0' * 64}").returncode == 1

    def test_verify_names_a_damaged_file(self, home: Path) -> None:
        next((home / "var/evidence").rglob("*.jpg")).write_bytes(b"x")
        done = xunjian(home, "audit", "verify", "--format", "json")
        assert done.returncode == 1
        assert "被改动" in json.loads(done.stdout)["problems"][0]["what"]

    @pytest.mark.parametrize("command", [("audit", "verify"), ("audit", "export"), ("ledger", "backup")])
    def test_without_a_ledger(self, home: Path, command: tuple[str, ...]) -> None:
        done = xunjian(home, *command, **EMPTY)
        assert done.returncode == 3
        assert done.stderr.startswith("没有台账：")
        assert not (home / "elsewhere").exists()

    def test_export_is_what_a_third_party_verifies(self, home: Path) -> None:
        # When
        done = xunjian(home, "audit", "export", "--period", "2026-11", "--out", "11.zip")
        assert done.returncode == 0, done.stderr
        assert "完好：没有改动、删除、插入或调换" in done.stdout
        # Then
        with zipfile.ZipFile(home / "11.zip") as package:
            package.extractall(home / "theirs")
            assert {"manifest.json", "seals.jsonl", "verify.py", "rows/finding.jsonl"} <= set(package.namelist())
        command = [sys.executable, "-I", "-S", "verify.py"]
        theirs = subprocess.run(command, cwd=home / "theirs", capture_output=True, encoding="utf-8", check=False)
        assert theirs.returncode == 0, theirs.stdout

    def test_export_signed(self, home: Path) -> None:
        # Given
        secrets = home / "var/secrets"
        secrets.mkdir()
        key = secrets / "audit.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        key.chmod(0o600)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", home / "public.pem"], check=True)
        # When
        done = xunjian(home, "audit", "export", "--out", "all.zip", XUNJIAN_SIGNING_KEY="audit.key")
        assert done.returncode == 0, done.stderr
        # Then
        with zipfile.ZipFile(home / "all.zip") as package:
            package.extractall(home / "theirs")
        files = ["-in", "theirs/manifest.json", "-sigfile", "theirs/manifest.json.sig"]
        check = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", *files]
        assert subprocess.run(check, cwd=home, capture_output=True, check=False).returncode == 0
        # When: there is no such key
        done = xunjian(home, "audit", "export", XUNJIAN_SIGNING_KEY="no.key")
        assert (done.returncode, "缺少口令 no.key" in done.stderr) == (2, True)


class TestLedger:
    def test_backup_and_restore(self, home: Path) -> None:
        # When
        done = xunjian(home, "ledger", "backup", "--to", "to")
        assert done.returncode == 0, done.stderr
        [package] = (home / "to").glob("*.zip")
        done = xunjian(home, "ledger", "restore", f"to/{package.name}", "--to", "new.db")
        # Then
        assert done.returncode == 0, done.stderr
        assert "完好：没有改动、删除、插入或调换" in done.stdout
        assert Ledger(f"sqlite:///{home}/new.db").head() == Ledger(f"sqlite:///{home}/var/ledger.db").head()
        again = xunjian(home, "ledger", "restore", f"to/{package.name}", "--to", "var/ledger.db")
        assert (again.returncode, "里已有记录" in again.stderr) == (3, True)

    def test_the_contracts_versions_and_their_difference(self, home: Path) -> None:
        # Given
        file = home / "contract/systems/1-oa.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("name: 协同", "name: 综合"), encoding="utf-8")
        ledger = Ledger(f"sqlite:///{home}/var/ledger.db")
        assert standing.record_contract(
            ledger, home / "contract", contract_folder.load(home / "contract"), datetime.now(UTC)
        )
        # Then
        listed = xunjian(home, "ledger", "contract").stdout
        assert listed.count(getpass.getuser()) == 2
        difference = xunjian(home, "ledger", "contract", "--diff", "2").stdout
        assert "-name: 协同办公系统\n+name: 综合办公系统\n" in difference
        assert "contract.yaml" in xunjian(home, "ledger", "contract", "--diff", "1").stdout


@pytest.mark.parametrize(
    ("setting", "value", "code", "said"),
    [
        ("XUNJIAN_PORT", "abc", 2, "环境变量 XUNJIAN_PORT 的值 'abc' 不对"),
        ("XUNJIAN_LEDGER_URL", "nonsense", 3, "XUNJIAN_LEDGER_URL 写得不对"),
        ("XUNJIAN_LEDGER_URL", "oracle9://somebody:hush@nowhere/x", 3, "XUNJIAN_LEDGER_URL 写得不对"),
    ],
)
def test_a_setting_that_is_wrong_is_named(home: Path, setting: str, value: str, code: int, said: str) -> None:
    done = xunjian(home, "coverage", "2026-11", **{setting: value})
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr
    assert "hush" not in done.stderr
