"""The command line as an operator meets it: the real program, its exit codes and its words."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


def xunjian(home: Path, *words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XUNJIAN_")}
    command = [sys.executable, *python, "-m", "flows.cli", *words]
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return subprocess.run(command, cwd=home, env=env, capture_output=True, encoding="utf-8", check=False)


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
