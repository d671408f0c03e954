"""The contract folder as an operator's editor leaves it: real files, good and broken."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from checks.backup import BackupGroup
from checks.contract import Contract, System
from checks.journey import Expect, Fill
from tasks.contract_folder import (
    ContractError,
    FolderError,
    check_files,
    hash_of,
    load,
    schema,
    secret_names,
    sentences,
)

CONTRACT = """\
name: 示例运维合同
client:
  name: 示例单位
contractor: {name: 示例公司}
term:
  start: 2026-03-01
  end: "2027-02-28"
"""

OA = """\
id: oa
name: 协同办公系统
url: https://127.0.0.1:18401/
account: oa-inspector
limits: &limits {warn: 3, crit: 10, down: 15}
login:
  steps:
    - goto: /login
    - fill: {label: 密码, secret: oa-inspector.password}
    - expect: {text: 待办}
journeys:
  - id: todo
    title: 待办
    limits: *limits
    steps:
      - goto: /todo
      - fill: {label: 年份, value: 2026}
      - expect: {css: "table tr", count: {min: 1}}
      - frame:
          name: main
          steps:
            - expect: {text: 2026-07-01}
      - popup:
          click: {text: 详情}
          steps:
            - expect: {css: "#title", visible: yes}
  - id: notice
    title: 公告
    recorded: journeys/notice.py
"""

NOTICE = """\
import re
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("https://127.0.0.1:18401/notice")
    page.get_by_label("密码").fill("secret:oa-inspector.spare")
    expect(page.get_by_text("公告")).to_be_visible()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good contract folder."""
    (tmp_path / "systems").mkdir()
    (tmp_path / "journeys").mkdir()
    (tmp_path / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "systems/oa.yaml").write_text(OA, encoding="utf-8")
    (tmp_path / "journeys/notice.py").write_text(NOTICE, encoding="utf-8")
    return tmp_path


def errors_of(folder: Path) -> list[FolderError]:
    with pytest.raises(ContractError) as caught:
        load(folder)
    assert caught.value.errors
    return caught.value.errors


def journey(steps: str) -> str:
    """A system with one journey, its steps from line 7 on."""
    head = "id: x\nname: X\nurl: http://127.0.0.1/\njourneys:\n  - {id: a, title: A, recorded: journeys/notice.py}\n"
    return head + "  - id: b\n    title: B\n    steps:\n" + "".join(f"      {line}\n" for line in steps.splitlines())


class TestGood:
    def test_loads(self, folder: Path) -> None:
        # When
        contract = load(folder)
        # Then
        assert [system.id for system in contract.systems] == ["oa"]
        assert contract.term.start.isoformat() == "2026-03-01"
        assert contract.term.end.isoformat() == "2027-02-28"
        assert contract.systems[0].journeys[0].limits is not None
        assert contract.systems[0].journeys[0].limits.down == 15

    def test_scalars_are_what_the_field_says(self, folder: Path) -> None:
        """A number or a date where a text is expected is the text that was written."""
        # When
        steps = load(folder).systems[0].journeys[0].steps
        # Then
        assert isinstance(steps[1], Fill)
        assert steps[1].fill.value == "2026"
        assert isinstance(steps[2], Expect)
        assert steps[2].expect.count is not None

    @pytest.mark.parametrize("written", ["on", "yes", "no", "010", "1e3", "12:30", "2026-07-01", "true", "1_000"])
    def test_yaml_guesses_nothing(self, folder: Path, written: str) -> None:
        # Given
        (folder / "systems/x.yaml").write_text(journey(f"- expect: {{text: {written}}}"), encoding="utf-8")
        # When
        step = load(folder).system("x").journeys[1].steps[0]
        # Then
        assert isinstance(step, Expect)
        assert step.expect.text == written

    def test_merge_keys(self, folder: Path) -> None:
        # Given
        text = OA.replace("    limits: *limits\n", "    limits:\n      <<: *limits\n      down: 20\n")
        (folder / "systems/oa.yaml").write_text(text, encoding="utf-8")
        # When
        limits = load(folder).systems[0].journeys[0].limits
        # Then
        assert limits is not None
        assert (limits.warn, limits.crit, limits.down) == (3, 10, 20)

    def test_byte_order_mark_and_crlf(self, folder: Path) -> None:
        # Given: as Windows' Notepad saves it
        (folder / "systems/oa.yaml").write_bytes(b"\xef\xbb\xbf" + OA.replace("\n", "\r\n").encode())
        # Then
        assert load(folder).systems[0].name == "协同办公系统"

    def test_secret_names_of_steps_and_files(self, folder: Path) -> None:
        contract = load(folder)
        assert secret_names(folder, contract.systems[0]) == ["oa-inspector.password", "oa-inspector.spare"]


class TestHash:
    def test_is_stable_and_sees_every_part(self, folder: Path) -> None:
        # Given
        before = hash_of(folder)
        seen = {before}
        # When: something that does not count
        (folder / "notes.txt").write_text("x")
        # Then
        assert hash_of(folder) == before
        # When: each thing that counts
        for name in ("contract.yaml", "systems/oa.yaml", "journeys/notice.py"):
            with (folder / name).open("a") as stream:
                stream.write("# x\n")
            seen.add(hash_of(folder))
        (folder / "systems/oa.yaml").rename(folder / "systems/oa2.yaml")
        seen.add(hash_of(folder))
        # Then
        assert len(seen) == 5


# What stands in a broken system file, the line of the mistake, its field, a word of what, a word of the remedy.
BROKEN = [
    ("- fill: {labl: x, value: y}", 9, "journeys[1].steps[0].fill.labl", "不认识的键", "label"),
    ("- fill: {label: x, value: y, secret: z}", 9, "journeys[1].steps[0].fill", "恰好写一个", ""),
    ("- fill:\n    label: x\n    value: y\n    nth: first", 12, "journeys[1].steps[0].fill.nth", "要写整数", ""),
    ("- clik: {text: x}", 9, "journeys[1].steps[0]", "没有 clik 这种步骤", "click"),
    ("- goto /x", 9, "journeys[1].steps[0]", "不是一个步骤", "goto"),
    ("- goto: /x\n  click: {text: x}", 10, "journeys[1].steps[0].click", "一步只能写一个动作", "- click"),
    ("- goto:", 9, "journeys[1].steps[0].goto", "没有写值", ""),
    ('- goto: ""', 9, "journeys[1].steps[0].goto", "至少 1 个字", ""),
    ("- goto: [a]", 9, "journeys[1].steps[0].goto", "现在是列表", ""),
    ("-", 9, "journeys[1].steps[0]", "没有写值", ""),
    ("- click: 登录", 9, "journeys[1].steps[0].click", "要写成“键: 值”", "缩进"),
    ("- click: {role: button, text: x}", 9, "journeys[1].steps[0].click", "恰好写一种", ""),
    ("- click: {css: a, exact: maybe}", 9, "journeys[1].steps[0].click.exact", "true 或 false", ""),
    ("- click:\n    css: #main", 10, "journeys[1].steps[0].click.css", "# 之后是注释", "引号"),
    ("- select: {label: x}", 9, "journeys[1].steps[0].select.option", "缺少 option", "补上"),
    ("- expect: {css: a, count: many}", 9, "journeys[1].steps[0].expect.count", "要写整数", ""),
    ("- expect: {css: a, count: {mim: 1}}", 9, "journeys[1].steps[0].expect.count.mim", "不认识的键", "min"),
    ("- expect: {css: a, count: {min: -1}}", 9, "journeys[1].steps[0].expect.count.min", "不能小于 0", ""),
    ("- expect: {css: a, count: {min: 0}}", 9, "journeys[1].steps[0].expect.count", "min（大于 0）", ""),
    ("- expect: {css: a, count: [1]}", 9, "journeys[1].steps[0].expect.count", "要写整数，现在是列表", ""),
    ("- expect: {status: 999}", 9, "journeys[1].steps[0].expect.status", "不能大于 599", ""),
    ("- expect: {text: a, title: b}", 9, "journeys[1].steps[0].expect", "恰好写一项", ""),
    ("- download: {click: {text: a}, magic: exe}", 9, "journeys[1].steps[0].download.magic", "只能是", ""),
    ("- download: {clik: {text: a}}", 9, "journeys[1].steps[0].download.click", "缺少 click", ""),
    ("- download: {click: {text: a}, sha256: abc}", 9, "journeys[1].steps[0].download.sha256", "写法不合要求", "64 位"),
    ("- popup: {click: {text: a}, steps: []}", 9, "journeys[1].steps[0].popup.steps", "至少要有 1 项", ""),
    (
        "- popup:\n    click: {text: a}\n    steps:\n      - frame:\n          name: f\n          steps:\n"
        "            - expect: {txt: a}",
        15,
        "journeys[1].steps[0].popup.steps[0].frame.steps[0].expect.txt",
        "不认识的键",
        "text",
    ),
    ("- expect: {text: a}\n- frame: {name: f, css: g, steps: []}", 10, "journeys[1].steps[1].frame.steps", "至少", ""),
    ("- expect: {status: 200}", 6, "journeys[1]", "没有期望任何内容", ""),
    ("- fill: {label: a, secret: 'My Pass!'}", 9, "journeys[1].steps[0].fill.secret", "写法不合要求", "不写口令本身"),
    ("- expect: {<<: 3, text: a}", 9, "journeys[1].steps[0].expect", "<<", "*名字"),
    ("- expect: {text: a, text: b}", 9, "journeys[1].steps[0].expect.text", "写了两次", ""),
    ("- expect: {text: !重要 a}", 9, "", "标记", "叹号"),
    ("- expect: {text: !new a}", 9, "journeys[1].steps[0].expect.text", "标记 !new", "叹号"),
    ("- expect: {[a]: b}", 9, "", "", ""),
    # YAML itself
    ("- expect:\n\ttext: a", 10, "", "制表符", "空格"),
    ("- expect\n  text: a", 10, "", "", ""),
    ("- expect: {text: a", 9, "", "括号", ""),
    ('- expect: {text: "a}', 9, "", "引号", ""),
    ("- expect：\n    text: a", 9, "", "中文冒号", "半角"),
    ("- expect:\n    text：a\n    exact: true", 10, "", "中文冒号", "半角"),
    ("- expect: text: a", 9, "", "冒号", "引号"),
    ("- expect: {text: a}\n - goto: /x", 10, "", "缩进", ""),
    ("- expect: {text: *必填}", 9, "", "别名", "引号"),
    ("- expect:\n    text: @全体", 10, "", "特殊符号", "引号"),
    ("- expect:\n    text: '\\d'x", 10, "", "", ""),
    ('- expect:\n    text: "\\d"', 10, "", "反斜杠", "单引号"),
    ("- goto: /x\n- &a [*a]", 10, "", "引用了自己", "别名"),
]


class TestBroken:
    @pytest.mark.parametrize(("steps", "line", "field", "what", "remedy"), BROKEN)
    def test_says_where_what_and_what_to_do(
        self, folder: Path, steps: str, line: int, field: str, what: str, remedy: str
    ) -> None:
        # Given
        (folder / "systems/x.yaml").write_text(journey(steps), encoding="utf-8")
        # When
        errors = errors_of(folder)
        # Then
        told = "\n".join(map(str, errors))
        match = [e for e in errors if (e.file, e.line) == ("systems/x.yaml", line) and what in e.what]
        assert match, told
        assert any(remedy in e.remedy for e in match), told
        assert not field or any(e.field == field for e in match), told

    @pytest.mark.parametrize("steps", [row[0] for row in BROKEN])
    def test_speaks_chinese_always(self, folder: Path, steps: str) -> None:
        """No mistake falls through to pydantic's or YAML's own words, and each has a remedy."""
        (folder / "systems/x.yaml").write_text(journey(steps), encoding="utf-8")
        for error in errors_of(folder):
            assert sentences._FALLBACK not in error.what
            assert "读不懂" not in error.what
            assert re.search("[一-鿿]", error.what)
            assert error.remedy

    @pytest.mark.parametrize(
        ("old", "new", "field"),
        [
            ("start: 2026-03-01", "start: 2026-13-01", "term.start"),
            ("start: 2026-03-01", "start: 明年", "term.start"),
            ("start: 2026-03-01", "start: 20260301", "term.start"),
            ("start: 2026-03-01", "start: [2026]", "term.start"),
            ("start: 2026-03-01", "start: 2028-03-01", "term"),
            ("  start: 2026-03-01\n", "", "term.start"),
            ("client:\n  name: 示例单位", "client: 示例单位", "client"),
            ("name: 示例运维合同", "name: ''", "name"),
            ("name: 示例运维合同", "nmae: 示例运维合同", "nmae"),
            ("name: 示例运维合同", "name: A\nzone: 北京", "zone"),
            ("name: 示例运维合同", "name: A\nsystems: []", "systems"),
        ],
    )
    def test_contract_yaml(self, folder: Path, old: str, new: str, field: str) -> None:
        # Given
        (folder / "contract.yaml").write_text(CONTRACT.replace(old, new), encoding="utf-8")
        # When
        errors = errors_of(folder)
        # Then
        assert field in [error.field for error in errors]
        assert {error.file for error in errors} == {"contract.yaml"}
        assert all(sentences._FALLBACK not in error.what and error.remedy for error in errors)

    @pytest.mark.parametrize(
        ("old", "new", "field"),
        [
            ("id: oa\n", "id: OA 系统\n", "id"),
            ("https://127.0.0.1:18401/", "127.0.0.1:18401", "url"),
            ("https://127.0.0.1:18401/", "ftp://127.0.0.1/", "url"),
            ("https://127.0.0.1:18401/", "https://", "url"),
            ("account: oa-inspector\n", "", ""),
            ("account: oa-inspector\n", "account: oa-inspector\nimportance: 很重要\n", "importance"),
            ("account: oa-inspector\n", "account: oa-inspector\nmasks: .phone\n", "masks"),
            ("account: oa-inspector\n", "account: oa-inspector\ncertificate: {warn: 1, crit: 2}\n", "certificate"),
            ("account: oa-inspector\n", "account: oa-inspector\nscreen:\n", "screen"),
            (
                "account: oa-inspector\n",
                "account: oa-inspector\nscreen: {viewport: {width: 10}}\n",
                "screen.viewport.width",
            ),
            ("down: 15}", "down: 500}", "limits.down"),
            ("warn: 3,", "warn: 0,", "limits.warn"),
            ("warn: 3,", "warn: 三,", "limits.warn"),
            ("warn: 3,", "warn: 12,", "limits"),
            ("warn: 3,", "warn: nan,", "limits.warn"),
            ("recorded: journeys/notice.py", "recorded: ../notice.py", "journeys[1].recorded"),
            ("recorded: journeys/notice.py", "recorded: journeys/none.py", "journeys[1].recorded"),
            ("recorded: journeys/notice.py", "login: false", "journeys[1]"),
            ("id: notice", "id: todo", "journeys[1].id"),
            ("id: notice", "id: login", "journeys[1].id"),
        ],
    )
    def test_system_file(self, folder: Path, old: str, new: str, field: str) -> None:
        # Given
        (folder / "systems/oa.yaml").write_text(OA.replace(old, new), encoding="utf-8")
        # When
        errors = errors_of(folder)
        # Then
        assert field in [error.field for error in errors], errors
        assert {error.file for error in errors} == {"systems/oa.yaml"}
        assert all(sentences._FALLBACK not in error.what and error.remedy for error in errors)

    def test_every_mistake_in_every_file_at_once(self, folder: Path) -> None:
        # Given
        (folder / "contract.yaml").write_text(CONTRACT.replace("start", "strat"), encoding="utf-8")
        (folder / "systems/oa.yaml").write_text(OA.replace("title:", "titel:"), encoding="utf-8")
        (folder / "systems/tab.yaml").write_text("id: a\n\tname: b\n", encoding="utf-8")
        (folder / "systems/twice.yaml").write_text(OA + "id: x\nname: y\n", encoding="utf-8")
        # When
        errors = errors_of(folder)
        # Then
        assert [(e.file, e.line) for e in errors] == [
            ("contract.yaml", 5),
            ("contract.yaml", 6),
            ("systems/oa.yaml", 12),
            ("systems/oa.yaml", 13),
            ("systems/oa.yaml", 27),
            ("systems/oa.yaml", 28),
            ("systems/tab.yaml", 2),
            ("systems/twice.yaml", 30),
            ("systems/twice.yaml", 31),
        ]

    def test_same_id_in_two_files(self, folder: Path) -> None:
        # Given
        (folder / "systems/oa2.yaml").write_text("name: x\n" + OA.replace("name: 协同办公系统\n", ""), encoding="utf-8")
        # When
        errors = errors_of(folder)
        # Then
        assert [(e.file, e.line, e.field) for e in errors] == [("systems/oa2.yaml", 2, "id")]

    def test_a_secret_put_in_the_wrong_place_is_not_shown(self, folder: Path) -> None:
        # Given
        (folder / "systems/oa.yaml").write_text(OA.replace("oa-inspector.password", "Hunter2!"), encoding="utf-8")
        # Then
        assert "Hunter2!" not in str(errors_of(folder))

    @pytest.mark.parametrize("key", ["key", "passphrase", "password"])
    def test_nor_one_that_stands_where_its_name_belongs(self, folder: Path, key: str) -> None:
        # Given
        (folder / "hosts").mkdir(exist_ok=True)
        host = f"system: oa\naccess: {{ {key}: Hunter2! }}\nhosts: [{{ name: oa-app-01 }}]\n"
        (folder / "hosts/oa.yaml").write_text(host, encoding="utf-8")
        # When
        [error] = errors_of(folder)
        # Then
        assert (error.field, error.what) == (f"access.{key}", "写法不合要求：文字")
        assert "Hunter2!" not in str(error)

    @pytest.mark.parametrize(
        ("content", "line", "what"),
        [
            (b"", 1, "空的"),
            (b"# nothing\n", 1, "最外层"),
            (b"---\n\n", 1, "最外层"),
            (b"- id: a\n- id: b\n", 1, "最外层要是“键: 值”，现在是列表"),
            ("id：a\n".encode(), 1, "最外层"),
            ("id: a\nname: 公告".encode("gbk"), 2, "不是 UTF-8"),
            (b"id: a\nname: \x07\n", 2, "控制字符"),
            (b"id: a\n---\nid: b\n", 2, "两份内容"),
            (b"a: " + b"[" * 5000, 1, "层次太深"),
            (b"id: a\n" + b"#" * 1024 * 1024, 1, "超过 1 MiB"),
        ],
    )
    def test_files_that_are_no_system(self, folder: Path, content: bytes, line: int, what: str) -> None:
        # Given
        (folder / "systems/bad.yaml").write_bytes(content)
        # When
        errors = errors_of(folder)
        # Then
        assert [(e.file, e.line) for e in errors] == [("systems/bad.yaml", line)]
        assert what in errors[0].what

    def test_a_folder_named_as_a_file(self, folder: Path) -> None:
        (folder / "systems/bad.yaml").mkdir()
        assert "读不出" in errors_of(folder)[0].what

    def test_billion_laughs(self, folder: Path) -> None:
        # Given: 300 bytes that stand for 10^10 steps
        rows = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
        (folder / "systems/bad.yaml").write_text("\n".join(rows), encoding="utf-8")
        # Then
        assert "展开别名" in errors_of(folder)[0].what

    def test_missing_parts(self, folder: Path, tmp_path: Path) -> None:
        assert "没有合同目录" in errors_of(tmp_path / "nowhere")[0].what
        (folder / "contract.yaml").unlink()
        assert [(e.file, e.what) for e in errors_of(folder)] == [("contract.yaml", "没有这个文件")]
        (folder / "systems/oa.yaml").rename(folder / "systems/oa.yml")
        assert [e.what for e in errors_of(folder)] == ["没有这个文件", "扩展名不是 .yaml"]
        (folder / "systems/oa.yml").unlink()
        assert [e.what for e in errors_of(folder)] == ["没有这个文件", "没有系统"]


class TestRecorded:
    def test_must_be_python(self, folder: Path) -> None:
        (folder / "journeys/notice.py").write_text("import re\n\ndef run(:\n", encoding="utf-8")
        assert [(e.file, e.line) for e in errors_of(folder)] == [("journeys/notice.py", 3)]

    def test_must_be_utf8(self, folder: Path) -> None:
        (folder / "journeys/notice.py").write_bytes("import re\n# 公告".encode("gbk"))
        assert [(e.file, e.line) for e in errors_of(folder)] == [("journeys/notice.py", 2)]

    def test_must_be_inside(self, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        # Given
        outside = tmp_path_factory.mktemp("outside") / "notice.py"
        outside.write_text(NOTICE, encoding="utf-8")
        (folder / "journeys/notice.py").unlink()
        (folder / "journeys/notice.py").symlink_to(outside)
        # Then
        assert "之外" in errors_of(folder)[0].what

    def test_known_secrets_are_refused(self, folder: Path) -> None:
        # Given
        (folder / "journeys/notice.py").write_text(NOTICE + "# pass: s3cret-word\n", encoding="utf-8")
        # When
        errors = check_files(folder, load(folder), {"oa-inspector.password": "s3cret-word"})
        # Then
        assert [(e.file, e.line, e.what) for e in errors] == [
            ("journeys/notice.py", 9, "第 9 行含有口令 oa-inspector.password")
        ]
        assert check_files(folder, load(folder), {}) == []


def _patterns(model: type[BaseModel]) -> set[str]:
    return set(re.findall(r"'pattern': '([^']*)'", str(model.model_json_schema()).replace("\\\\", "\\")))


def test_every_pattern_of_the_models_has_words() -> None:
    assert [pattern for pattern in _patterns(Contract) if not sentences.pattern_words(pattern)] == []


def test_schema_covers_what_the_models_say() -> None:
    # When
    made = schema()
    # Then
    head, system = made["contract.schema.json"], made["system.schema.json"]
    assert set(head["properties"]) == set(Contract.model_fields) - {"systems", "hosts", "backups"}
    assert set(system["properties"]) == set(System.model_fields)
    assert set(made["backups.schema.json"]["properties"]) == set(BackupGroup.model_fields)
    assert head["$schema"] == system["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert head["additionalProperties"] is False
    assert {"OS08", "OS25"} <= set(made["hosts.schema.json"]["$defs"]["Checks"]["properties"])
    assert "Journey" in system["$defs"]
    assert "Journey" not in head["$defs"]
