"""The command line as an operator meets it: the real program, its exit codes and its words."""

import base64
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import xunjian

from checks.records import EvidenceRecord
from checks.secrecy import Grade
from checks.slots import page_slots
from tasks import contract_folder
from tasks.evidence import Store
from tasks.ledger import Ledger
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]

CONTRACT = """\
name: 示例运维合同
client: {name: 示例单位}
contractor: {name: 示例公司}
term: {start: 2026-03-01, end: 2027-02-28}
"""
OA = """\
id: oa
name: "协同办公系统 [0] :cat:"
url: https://127.0.0.1:18401/
account: oa-inspector
login:
  steps:
    - fill: {label: 密码, secret: oa-inspector.password}
    - expect: {text: 待办}
journeys:
  - id: notice
    title: 公告
    recorded: journeys/notice.py
"""
NOTICE = """\
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.get_by_label("密码").fill("secret:oa-inspector.password")
    expect(page.get_by_text("公告")).to_be_visible()
"""
VALUE = "s3cret-口令"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A machine with a good contract folder and its secret."""
    for name in ("contract/systems", "contract/journeys", "var/secrets"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "contract/contract.yaml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "contract/systems/oa.yaml").write_text(OA, encoding="utf-8")
    (tmp_path / "contract/journeys/notice.py").write_text(NOTICE, encoding="utf-8")
    secret = tmp_path / "var/secrets/oa-inspector.password"
    secret.write_text(VALUE, encoding="utf-8")
    secret.chmod(0o600)
    return tmp_path


class TestHelp:
    @pytest.mark.parametrize(
        "words", [("--help",), ("validate", "--help"), ("journey",), ("journey", "scrub", "--help")]
    )
    def test_is_chinese(self, home: Path, words: tuple[str, ...]) -> None:
        # When
        done = xunjian(home, *words)
        # Then
        assert done.returncode == (0 if "--help" in words else 2)
        assert "用法：xunjian" in done.stdout
        assert "选项" in done.stdout
        assert "显示帮助" in done.stdout
        for english in (
            "Usage",
            "Options",
            "Arguments",
            "Commands",
            "default:",
            "env var",
            "required",
            "Show this",
            "bool",
        ):
            assert english not in done.stdout

    def test_tells_the_exit_codes(self, home: Path) -> None:
        assert "退出码" in xunjian(home, "--help").stdout

    @pytest.mark.parametrize("words", [("--help",), ("validate",), ("schema",)])
    def test_answers_at_once(self, home: Path, words: tuple[str, ...]) -> None:
        """Under a second; here twice that, for machines that do other things too. Prefect would take longer alone."""
        # When
        began = time.monotonic()
        done = xunjian(home, *words, python=("-X", "importtime"))
        took = time.monotonic() - began
        # Then
        loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "import time:" in line}
        assert loaded.isdisjoint({"prefect", "fastapi", "playwright", "paramiko", "sqlalchemy", "sqlmodel"})
        assert took < 2


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("validat",), "没有命令 validat；是不是想写 validate？"),
            (("nonsense",), "没有命令 nonsense"),
            (("journey", "chek", "x"), "没有命令 chek；是不是想写 check？"),
            (("validate", "--contrct", "x"), "没有选项 --contrct；是不是想写 --contract？"),
            (("validate", "--xyz"), "没有选项 --xyz"),
            (("validate", "--contract"), "选项 --contract 后面要写值"),
            (("validate", "--format", "xml"), "--format 不能是 xml；只能是 'text'、'json'"),
            (("validate", "extra"), "多余的参数：extra"),
            (("journey", "check"), "缺少参数 文件"),
            (("journey", "scrub", "x", "--dry-run=yes"), "选项 --dry-run 后面不写值"),
        ],
    )
    def test_mistakes_are_named_in_chinese(self, home: Path, words: tuple[str, ...], said: str) -> None:
        # When
        done = xunjian(home, *words)
        # Then
        assert done.returncode == 2
        assert said in done.stderr
        assert "--help" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


class TestValidate:
    def test_good(self, home: Path) -> None:
        # When
        done = xunjian(home, "validate")
        # Then
        assert done.returncode == 0
        assert "没有错误：1 个系统，1 个走查，2 步" in done.stdout
        assert "[0] :cat:" in done.stdout
        assert "提示" not in done.stdout

    def test_a_missing_secret_is_a_hint(self, home: Path) -> None:
        # Given
        (home / "var/secrets/oa-inspector.password").unlink()
        # When
        done = xunjian(home, "validate")
        # Then
        assert done.returncode == 0
        assert "提示：oa 用到的口令：缺少口令 oa-inspector.password" in done.stdout
        assert "install -D -m 600" in done.stdout

    def test_mistakes(self, home: Path) -> None:
        # Given
        (home / "contract/systems/oa.yaml").write_text(OA.replace("label", "labl"), encoding="utf-8")
        # When
        done = xunjian(home, "validate", "--contract", "contract")
        # Then
        assert done.returncode == 2
        assert (
            "contract/systems/oa.yaml:7  login.steps[0].fill.labl\n    不认识的键 labl\n    → 是不是想写 label？"
            in done.stdout
        )
        assert done.stdout.rstrip().endswith("共 1 处错误")

    def test_a_secret_in_a_recorded_file(self, home: Path) -> None:
        # Given
        with (home / "contract/journeys/notice.py").open("a", encoding="utf-8") as stream:
            stream.write(f"# {VALUE}\n")
        # When
        done = xunjian(home, "validate")
        # Then
        assert done.returncode == 2
        assert "notice.py:7" in done.stdout
        assert VALUE not in done.stdout + done.stderr

    def test_json(self, home: Path) -> None:
        # Given
        good = json.loads(xunjian(home, "validate", "--format", "json").stdout)
        (home / "contract/contract.yaml").write_text("name: x\n", encoding="utf-8")
        # When
        done = xunjian(home, "validate", "--format", "json")
        # Then
        assert done.returncode == 2
        assert [error["field"] for error in json.loads(done.stdout)["errors"]] == ["client", "contractor", "term"]
        assert good["systems"] == [
            {"id": "oa", "name": "协同办公系统 [0] :cat:", "url": "https://127.0.0.1:18401/", "journeys": 1, "steps": 2}
        ]

    def test_no_folder(self, home: Path) -> None:
        done = xunjian(home, "validate", "--contract", "nowhere")
        assert done.returncode == 2
        assert "没有合同目录 nowhere" in done.stdout


class TestEvidence:
    CONTENT = b"\xff\xd8picture\xff\xd9"

    @pytest.fixture
    def kept(self, home: Path) -> EvidenceRecord:
        """A piece of the highest grade, on record as seen on 22 November 2026."""
        key = home / "var/secrets/evidence.key"
        key.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
        key.chmod(0o600)
        settings, now = Settings(home=home / "var"), datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        how = {"target": "oa/notice", "attempt": 1, "kind": "screenshot", "grade": Grade.MOST, "at": now}
        record = Store(settings).keep(self.CONTENT, ".jpg", **how)
        ledger, [slot] = Ledger(settings.ledger), page_slots(contract_folder.load(home / "contract"), now.date())
        ledger.expect([slot], now)
        run_id = ledger.begin(
            slot, flow_run_id="", trigger="cli", who="", why="", parameters={}, code_version="", contract_hash="",
            calendar_version="",
            now=now,
        )  # fmt: skip
        ledger.add(run_id, "oa/notice", 1, [], visit=None, evidence=[record], now=now)
        return record

    def test_what_is_listed_can_be_opened(self, home: Path, kept: EvidenceRecord) -> None:
        # When
        listed = xunjian(home, "evidence", "list", "--date", "2026-11-22")
        # Then
        assert listed.returncode == 0, listed.stderr
        line, count = listed.stdout.splitlines()
        assert (line.startswith("11-22 12:00  oa/notice  密级 3  "), count) == (True, "共 1 件")
        # When
        done = xunjian(home, "evidence", "show", line.split()[-1], "--out", "out.jpg")
        # Then
        assert done.returncode == 0, done.stderr
        assert "SHA-256 相符" in done.stdout
        assert "看完请删除" in done.stdout
        assert (home / "out.jpg").read_bytes() == self.CONTENT
        assert (home / "out.jpg").stat().st_mode & 0o777 == 0o600

    def test_another_file_is_not_overwritten(self, home: Path, kept: EvidenceRecord) -> None:
        (home / "out.jpg").write_text("mine")
        done = xunjian(home, "evidence", "show", kept.sha256[:12], "--out", "out.jpg")
        assert (done.returncode, "已有同名文件" in done.stderr) == (3, True)
        assert (home / "out.jpg").read_text() == "mine"

    def test_nothing_is_opened_without_the_key(self, home: Path, kept: EvidenceRecord) -> None:
        # Given
        (home / "var/secrets/evidence.key").unlink()
        # When
        done = xunjian(home, "evidence", "show", kept.sha256, "--out", "out.jpg")
        # Then
        assert (done.returncode, "缺少口令 evidence.key" in done.stderr) == (2, True)
        assert "openssl rand" in done.stderr
        assert not (home / "out.jpg").exists()

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("show", "0" * 64, "--out", "x"), 3, "里没有"),
            (("show", "0" * 64), 2, "缺少选项 --out"),
            (("list", "--date", "22.11."), 2, "日期要写成 年-月-日"),
        ],
    )
    def test_mistakes(self, home: Path, words: tuple[str, ...], code: int, said: str) -> None:
        done = xunjian(home, "evidence", *words)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr

    def test_the_key_is_asked_for_before_the_day_comes(self, home: Path) -> None:
        # Given
        (home / "contract/systems/oa.yaml").write_text(f"{OA}    grade: 3\n", encoding="utf-8")
        # When
        done = xunjian(home, "validate")
        # Then
        assert done.returncode == 0
        assert "提示：加密截图用到的口令：缺少口令 evidence.key" in done.stdout
        # When
        done = xunjian(home, "run", "page-inspection", "--date", "2026-03-01")
        # Then
        assert done.returncode == 2
        assert "新建：openssl rand -base64 32 | tr '+/' '-_' | install" in done.stderr

    @pytest.mark.parametrize("grade", ["1", "4", "高"])
    def test_grades_that_do_not_exist(self, home: Path, grade: str) -> None:
        (home / "contract/systems/oa.yaml").write_text(f"{OA}    grade: {grade}\n", encoding="utf-8")
        done = xunjian(home, "validate")
        assert (done.returncode, "oa.yaml:13  journeys[0].grade" in done.stdout) == (2, True), done.stdout


def test_schema(home: Path) -> None:
    # When
    done = xunjian(home, "schema", "contract")
    # Then
    assert done.returncode == 0
    assert "# yaml-language-server: $schema=../system.schema.json" in done.stdout
    assert "journeys" in json.loads((home / "contract/system.schema.json").read_text(encoding="utf-8"))["properties"]
    assert xunjian(home, "validate").returncode == 0


def test_schema_into_a_file(home: Path) -> None:
    done = xunjian(home, "schema", "contract/contract.yaml")
    assert done.returncode == 2
    assert "写不进" in done.stderr


class TestJourney:
    def test_check_and_scrub(self, home: Path) -> None:
        # Given
        file = home / "contract/journeys/notice.py"
        dirty = NOTICE.replace("secret:oa-inspector.password", VALUE)
        file.write_text(dirty, encoding="utf-8")
        # When, then: it is refused
        done = xunjian(home, "journey", "check", str(file))
        assert done.returncode == 2
        assert "含有口令 oa-inspector.password" in done.stdout
        # When, then: a dry run changes nothing
        done = xunjian(home, "journey", "scrub", str(file), "--dry-run")
        assert (done.returncode, "要换成口令名：oa-inspector.password" in done.stdout) == (0, True)
        assert file.read_text(encoding="utf-8") == dirty
        # When, then: scrubbing mends it
        assert xunjian(home, "journey", "scrub", str(file)).returncode == 0
        assert file.read_text(encoding="utf-8") == NOTICE
        assert xunjian(home, "journey", "check", str(file)).returncode == 0

    @pytest.mark.parametrize("command", ["check", "scrub"])
    def test_no_such_file(self, home: Path, command: str) -> None:
        done = xunjian(home, "journey", command, "none.py")
        assert done.returncode == 2
        assert "读不出 none.py" in done.stderr
