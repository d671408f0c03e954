"""availability, notify-test, incident, downtime and support, as an operator types them."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from command import xunjian
from rich.cells import cell_len
from sinks import SmtpSink, WebhookSink

from checks.downtime import DOWNTIME, windows
from checks.incidents import INCIDENT, incidents
from tasks.ledger import Ledger

CHINA = ZoneInfo("Asia/Shanghai")
NAMES = {"oa": "协同办公系统", "archive": "综合档案管理系统"}
WHO = ("--who", "值班员甲", "--why", "按流程登记")
SAID = "用户说打不开待办，页面一直在转圈，过一会儿显示无法访问，换一台电脑也一样"


def text(moment: datetime) -> str:
    """A time as people type it."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def ago(minutes: float) -> str:
    return text(datetime.now(UTC) - timedelta(minutes=minutes))


def month(day: datetime) -> str:
    return f"{day:%Y-%m}"


TODAY = datetime.now(CHINA)
LAST = TODAY.replace(day=1) - timedelta(days=1)  # the last day of the last month
TERM = LAST.replace(day=10)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, helpers: Any) -> Path:
    """A contract that began on the tenth of the last month, and an empty ledger; it takes a second to make."""
    made = tmp_path_factory.mktemp("machine")
    journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    systems = [
        {"id": one, "name": name, "url": "https://127.0.0.1:1", "journeys": [journey]} for one, name in NAMES.items()
    ]
    helpers.write_contract(made / "contract", *systems)
    ends = TERM.replace(year=TERM.year + 2)
    _add(made, term={"start": f"{TERM.date()}", "end": f"{ends.date()}"})
    Ledger(f"sqlite:///{made}/var/ledger.db")
    return made


@pytest.fixture
def home(machine: Path, tmp_path: Path) -> Path:
    """A machine of the test's own."""
    return shutil.copytree(machine, tmp_path, dirs_exist_ok=True)


def _add(home: Path, **more: Any) -> None:
    file = home / "contract/contract.yaml"
    head = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**head, **more}, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def do(home: Path) -> Callable[..., str]:
    """Runs what is expected to be well, and returns what it says."""

    def run(*words: str, code: int = 0, **settings: str) -> str:
        done = xunjian(home, *words, **settings)
        assert (done.returncode, done.stderr) == (code, "")
        return done.stdout

    return run


def numbered(said: str) -> str:
    """The event's number, as the operator reads it."""
    match = re.match(r"已登记第 (\d+) 号事件：", said)
    assert match, said
    return match[1]


def assert_refused(done: CompletedProcess[str], said: str, code: int = 2) -> None:
    """One sentence, and nothing else."""
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


class TestIncident:
    def test_a_life_from_the_call_to_the_report(self, home: Path, do: Callable[..., str]) -> None:
        assert do("incident", "list") == "没有未解除的故障；已解除的用 --all 列出\n"
        # When: somebody calls, and nobody has answered for longer than half an hour
        said = do("incident", "call", "oa", "--who", "值班员甲", "--why", SAID, "--at", ago(50))
        assert said == f"已登记第 1 号事件：{ledger_of(home)[0]} 发现：{SAID}\n"
        number = ledger_of(home)[0]
        listed = do("incident", "list", code=1)
        assert "待响应" in listed
        assert re.search(r"响应 30 分：已超时 2\d 分，未完成", listed)
        # When: it turns out that the answer was given in time
        do("incident", "step", number, "响应", *WHO, "--at", ago(30))
        listed = do("incident", "list")
        assert "处理中" in listed
        assert re.search(r"修复 8 小时：还剩 7 小时 \d\d 分", listed)
        # When: a third party has it
        do("incident", "step", number, "移交第三方", *WHO, "--at", ago(25))
        assert "第三方处理中不计时" in do("incident", "show", number.lower())
        do("incident", "step", number, "第三方交回", *WHO, "--at", ago(15))
        # When: it is restored, which is entered with a wrong time, and corrected
        wrong = numbered(do("incident", "step", number, "恢复", *WHO, "--at", ago(12)))
        do("incident", "step", number, "恢复", *WHO, "--at", ago(10), "--corrects", wrong)
        do("incident", "step", number, "解除", *WHO)
        # Then
        shown = do("incident", "show", number).splitlines()
        assert shown[0] == f"{number}　协同办公系统　已解除"
        steps = ["发现", "响应", "移交第三方", "第三方交回", "恢复", "恢复", "解除"]
        told = [line.partition("号  ")[2] for line in shown[1:8]]
        assert [one.partition("：")[0] for one in told] == steps
        assert [index for index, one in enumerate(told) if "已更正，不算" in one] == [4]
        assert all("（值班员甲）" in one for one in told)
        assert re.fullmatch(r"  修复 8 小时：按时，用了 (2|3)\d 分", shown[-1])
        assert do("incident", "list") == "没有未解除的故障；已解除的用 --all 列出\n"
        assert number in do("incident", "list", "--all")
        [case] = json.loads(do("incident", "list", "--all", "--format", "json"))
        assert (case["id"], case["system"], case["state"]) == (number, "oa", "已解除")
        assert case["clocks"]["response"]["limit"] == 1800
        assert case["clocks"]["response"]["done"] is True
        assert not any(one["breached"] for one in case["clocks"].values())

    def test_a_second_call_belongs_to_the_first_and_what_was_no_fault_has_no_deadlines(
        self, home: Path, do: Callable[..., str]
    ) -> None:
        do("incident", "call", "oa", *WHO, "--at", ago(600), "--down")
        do("incident", "call", "oa", *WHO)
        [number] = ledger_of(home)
        assert do("incident", "list", "--format", "json", code=1).count('"id"') == 1
        # When
        do("incident", "step", number, "作废", *WHO)
        # Then
        assert json.loads(do("incident", "list", "--format", "json")) == []
        [case] = json.loads(do("incident", "list", "--all", "--format", "json"))
        assert (case["state"], case["clocks"]) == ("作废", {})
        assert "时限" in do("incident", "list", "--all")

    def test_eighty_columns_are_enough_and_a_file_is_as_wide_as_it_needs(self, do: Callable[..., str]) -> None:
        do("incident", "call", "archive", "--who", "值班员甲", "--why", SAID, "--at", ago(20))
        for width in (80, 100):
            listed = do("incident", "list", COLUMNS=f"{width}")
            assert max(map(cell_len, listed.splitlines())) <= width
            assert "…" not in listed
            middle = [line.split("│")[2].strip() for line in listed.splitlines() if line.startswith("│")]
            assert "".join(middle) == f"综合档案管理系统来电：{SAID}"
        assert f"来电：{SAID} " in do("incident", "list", COLUMNS="")

    @pytest.mark.parametrize(("words", "said"), [
        (("call", "crm", *WHO), "合同里没有系统 crm；可选：archive、oa"),
        (("call", "oa", *WHO, "--at", text(TODAY + timedelta(days=1))), "还没有到；不是今天的写上日期"),
        (("call", "oa", *WHO, "--at", text(TODAY - timedelta(days=40))), "太早：31 天之内的事才在这里登记"),
        (("call", "oa", *WHO, "--at", "昨天下午"), "看不懂时间“昨天下午”；写 2026-11-23 09:05 或 09:05（今天）"),
        (("call", "oa", "--why", "x"), "缺少选项 --who（看用法：xunjian incident call --help）"),
        (("call", "oa", "--who", " ", "--why", "x"), "没有写登记人"),
        (("step", "G-2026-0099", "响应", *WHO), "没有故障 G-2026-0099；编号见故障清单"),
        (("step", "G-2026-0099", "修好了", *WHO), "没有进展“修好了”；可选：接报、响应、派工二线、移交第三方、"),
        (("step", "G-2026-0099", "响应", *WHO, "--corrects", "7"), "没有第 7 号故障登记；事件号见 xunjian"),
        (("step", "G-2026-0099", "响应", *WHO, "--corrects", "七"), "--corrects 要写整数"),
        (("show", "G-2026-0099"), "没有故障 G-2026-0099；编号见 xunjian incident list --all"),
    ])  # fmt: skip
    def test_wrong_input_is_one_sentence(self, home: Path, words: tuple[str, ...], said: str) -> None:
        assert_refused(xunjian(home, "incident", *words), said)
        assert ledger_of(home) == []

    def test_an_order_that_cannot_have_been(self, home: Path, do: Callable[..., str]) -> None:
        do("incident", "call", "oa", *WHO, "--at", ago(50))
        [number] = ledger_of(home)
        early = xunjian(home, "incident", "step", number, "响应", *WHO, "--at", ago(90))
        assert_refused(early, "早于故障开始")
        back = xunjian(home, "incident", "step", number, "第三方交回", *WHO)
        assert_refused(back, "不在第三方处理中")


def ledger_of(home: Path) -> list[str]:
    """The numbers of the incidents on record."""
    return [one.id for one in incidents(Ledger(f"sqlite:///{home}/var/ledger.db").events(INCIDENT))]


class TestDowntime:
    def test_a_life_of_a_window(self, home: Path, do: Callable[..., str]) -> None:
        assert do("downtime", "list") == "没有登记过停机\n"
        # When: asked for, approved before it starts
        span = ("--from", ago(-60), "--to", ago(-120))
        said = do("downtime", "request", "--system", "oa", "--system", "archive", *span, *WHO)
        number = f"T-{TODAY + timedelta(hours=1):%Y}-0001"
        assert said == f"已登记第 1 号事件：{number} 申请：按流程登记\n"
        assert "待批准" in do("downtime", "list")
        assert_refused(xunjian(home, "downtime", "approve", number, *WHO), "写上依据文件的名称和文号")
        do("downtime", "approve", number.lower(), *WHO, "--document", "停机申请单〔2026〕3号")
        # Then
        listed = do("downtime", "list", COLUMNS="")
        assert "│ oa、archive │" in listed
        assert "已批准" in listed
        [window] = windows(Ledger(f"sqlite:///{home}/var/ledger.db").events(DOWNTIME))
        assert window.excluded == (window.start, window.end)
        # When
        do("downtime", "cancel", number, *WHO)
        assert "已取消" in do("downtime", "list")
        assert_refused(xunjian(home, "downtime", "cancel", number, *WHO), f"{number} 已经取消")

    def test_afterwards_the_client_has_to_sign(self, home: Path, do: Callable[..., str]) -> None:
        do("downtime", "request", "--system", "oa", "--from", ago(120), "--to", ago(60), *WHO)
        number = windows(Ledger(f"sqlite:///{home}/var/ledger.db").events(DOWNTIME))[0].id
        listed = do("downtime", "list", COLUMNS="80")
        assert max(map(cell_len, listed.splitlines())) <= 80
        assert "事后登记，待甲方补签，不扣除" in do("downtime", "list", COLUMNS="")
        do("downtime", "sign", number, *WHO, "--document", "停机申请单〔2026〕4号")
        assert "已结束" in do("downtime", "list")

    @pytest.mark.parametrize(("words", "said"), [
        (("--system", "crm", "--from", ago(-60), "--to", ago(-90)), "合同里没有系统 crm；可选：archive、oa"),
        (("--system", "oa", "--from", ago(-90), "--to", ago(-60)), "止要晚于起"),
        (("--system", "oa", "--from", ago(-60), "--to", ago(-60 * 24 * 40)), "一次至多 31 天"),
        (("--system", "oa", "--from", "今晚", "--to", ago(-60)), "看不懂时间“今晚”"),
        (("--system", "oa", "--from", "", "--to", ago(-60)), "起、止都要写"),
        (("--system", "oa", "--from", "2001-01-01 20:00", "--to", "2001-01-01 22:00"), "不在服务期限内"),
        (("--system", "oa", "--from", "9999-12-31 20:00", "--to", "9999-12-31 23:59"), "核对起止的年份"),
        (("--from", ago(-60), "--to", ago(-90)), "缺少选项 --system"),
    ])  # fmt: skip
    def test_wrong_input_is_one_sentence(self, home: Path, words: tuple[str, ...], said: str) -> None:
        assert_refused(xunjian(home, "downtime", "request", *words, *WHO), said)

    def test_an_unknown_number(self, home: Path) -> None:
        done = xunjian(home, "downtime", "sign", "T-2026-0009", *WHO, "--document", "x")
        assert_refused(done, "没有 T-2026-0009；已有：还没有任何登记")


class TestSupport:
    def test_a_life_of_a_support_period(self, home: Path, do: Callable[..., str]) -> None:
        assert do("support", "list") == "没有登记过重保\n"
        # When: its plan is there before it starts
        span = ("--system", "oa", "--from", ago(-60), "--to", ago(-600))
        said = do("support", "announce", "国庆保障", "--important", *span, *WHO)
        number = f"B-{TODAY + timedelta(hours=1):%Y}-0001"
        assert said.startswith(f"已登记第 1 号事件：{number} ")
        assert "没有" in do("support", "list")
        do("support", "plan", number, *WHO, "--document", "国庆保障计划〔2026〕1号")
        # Then
        assert re.search(r"│ 重要 │ 有 +│ 国庆保障 │", do("support", "list"))
        # When
        do("support", "cancel", number, *WHO)
        assert "已取消" in do("support", "list")

    def test_a_plan_that_came_too_late(self, do: Callable[..., str]) -> None:
        do("support", "announce", "一般保障", "--system", "oa", "--from", ago(60), "--to", ago(-60), *WHO)
        number = f"B-{TODAY - timedelta(hours=1):%Y}-0001"
        do("support", "plan", number, *WHO, "--document", "计划")
        assert re.search(r"│ 一般 │ 事后才有 │", do("support", "list"))

    @pytest.mark.parametrize(("words", "said"), [
        (("announce", "保障", "--system", "crm", "--from", ago(-60), "--to", ago(-90)), "合同里没有系统 crm"),
        (("announce", "保障", "--system", "oa", "--from", ago(-90), "--to", ago(-60)), "止要晚于起"),
        (("announce", " ", "--system", "oa", "--from", ago(-60), "--to", ago(-90)), "写上保障的名称，例如 国庆保障"),
        (("plan", "B-2026-0009", "--document", "x"), "没有 B-2026-0009；已有：还没有任何登记"),
    ])  # fmt: skip
    def test_wrong_input_is_one_sentence(self, home: Path, words: tuple[str, ...], said: str) -> None:
        assert_refused(xunjian(home, "support", *words, *WHO), said)


class TestAvailability:
    def test_a_caller_who_said_that_all_was_down_counts(self, do: Callable[..., str]) -> None:
        do("incident", "call", "oa", *WHO, "--at", ago(30), "--down")
        do("support", "announce", "国庆保障", "--system", "oa", "--from", ago(40), "--to", ago(-60), *WHO)
        day = f"{TODAY:%Y-%m-%d}"
        said = do("availability", day, code=1, COLUMNS="80")
        assert max(map(cell_len, said.splitlines())) <= 80
        assert "…" not in said
        assert f"可用性 {day}（到 " in said
        assert "国庆保障（一般）" in said
        assert "计划：没有" in said
        assert re.search(r"^协同办公系统：\d\d-\d\d \d\d:\d\d:00 至 .* 中断，00:3", said, re.MULTILINE)
        found = json.loads(do("availability", day, "--format", "json", code=1))
        archive, oa = found["systems"]
        today = (TODAY - TODAY.replace(hour=0, minute=0)).total_seconds()
        assert oa["down"] == pytest.approx(min(30 * 60, today), abs=180)
        assert (archive["up"], archive["down"], archive["low"], archive["high"]) == (0, 0, "0", "1")
        assert found["supports"][0]["system"]["id"] == "oa"

    def test_without_any_probe_all_is_unknown_and_it_says_why(self, do: Callable[..., str]) -> None:
        said = do("availability", month(LAST), code=1, COLUMNS="")
        assert "│ 0.00% 至 100.00% │" in said
        assert "不能确定：从“低于 90%”到“达到 99%”" in said
        assert "综合档案管理系统：没有探测结果，时间都是不明；探测在 xunjian up 运行时进行" in said

    def test_a_month_in_which_the_term_begins_counts_from_there(self, do: Callable[..., str]) -> None:
        said = do("availability", month(LAST), code=1)
        assert f"可用性 {TERM.date()} 至 {LAST.date()}\n" in re.sub(" +\n", "\n", said)
        found = json.loads(do("availability", month(LAST), "--format", "json", code=1))
        assert found["first"] == f"{TERM.date()}"
        assert found["systems"][0]["unknown"] == ((LAST - TERM).days + 1) * 86400

    def test_draws(self, home: Path, do: Callable[..., str]) -> None:
        do("availability", month(LAST), "--picture", "可用性.png", code=1)
        assert (home / "可用性.png").read_bytes().startswith(b"\x89PNG")
        done = xunjian(home, "availability", month(LAST), "--picture", "no/where.png")
        assert (done.returncode, done.stderr) == (
            2,
            "写不进 no/where.png：文件或上级目录不存在；换一个目录，或看权限\n",
        )

    @pytest.mark.parametrize(("period", "said"), [
        (month(TODAY + timedelta(days=32)), "还没有到，没有可用率；到 "),
        (month(TERM - timedelta(days=32)), f"不在服务期限内；写 {TERM.date()} 至 "),
        ("2001", "2001-01-01 至 2001-12-31 不在服务期限内"),
        ("十一月", "看不懂期间“十一月”"),
        ("2026-13", "月份从 01 到 12"),
    ])  # fmt: skip
    def test_a_period_of_which_nothing_can_be_said(self, home: Path, period: str, said: str) -> None:
        assert_refused(xunjian(home, "availability", period), said)


class TestNotify:
    def test_what_arrives_what_does_not_and_what_lacks_its_secret(self, home: Path, helpers: Any) -> None:
        # Given
        with SmtpSink() as gone:
            closed = gone.port  # from now on nobody listens there
        with SmtpSink() as mail, WebhookSink() as hook:
            letters = {"kind": "smtp", "host": "127.0.0.1", "security": "none", "sender": "a@b.cn", "to": ["c@b.cn"]}
            channels = [
                {"id": "bot", "title": "值班群", "kind": "wecom", "key": "wecom.key", "url": f"{hook.url}{hook.WECOM}"},
                {"id": "mail", "title": "值班邮箱", "port": mail.port, **letters},
                {"id": "old", "title": "旧邮箱", "port": closed, **letters},
            ]
            _add(home, channels=channels, escalation=[{"who": "驻场工程师", "channels": ["mail"]}])
            # When: a secret is missing, the others are tried all the same
            done = xunjian(home, "notify-test")
            assert done.returncode == 2
            assert done.stderr.startswith("bot（值班群）：没有发出，缺少口令 wecom.key；新建：")
            assert re.search(r"^mail（值班邮箱）：对方已收下，\d", done.stdout, re.MULTILINE)
            assert re.search(r"^old（旧邮箱）：没有发出，\d", done.stdout, re.MULTILINE)
            [letter] = mail.received
            assert "测试消息" in letter.text
            # When: it is there
            helpers.write_secret(home / "var/secrets", "wecom.key", "7d21f0aa-0b5e-4c6f-8e1c-1f6f0c9d2b3a")
            hook.wecom = {"7d21f0aa-0b5e-4c6f-8e1c-1f6f0c9d2b3a"}
            done = xunjian(home, "notify-test", "--channel", "bot")
            assert (done.returncode, done.stderr, len(hook.received)) == (0, "", 1)
            # When: only what does not listen
            assert xunjian(home, "notify-test", "--channel", "old").returncode == 1
            # When
            assert_refused(
                xunjian(home, "notify-test", "--channel", "sms"), "合同里没有通知渠道 sms；可选：bot、mail、old"
            )

    def test_a_contract_without_channels(self, home: Path) -> None:
        assert_refused(xunjian(home, "notify-test"), "合同里没有通知渠道；在 contract.yaml 里写 channels")


EVERY = [
    ("availability",),
    ("incident", "list"),
    ("report", "note", "incident/G-2026-0001", "--section", "原因", "--text", "连接数用尽", "--who", "值班员甲"),
    ("incident", "call", "oa", *WHO),
    ("downtime", "approve", "T-2026-0001", *WHO),
    ("support", "list"),
]


class TestBeforeAnything:
    @pytest.mark.parametrize("words", EVERY, ids=" ".join)
    def test_without_a_ledger_nothing_is_begun_in_a_wrong_place(self, home: Path, words: tuple[str, ...]) -> None:
        done = xunjian(home, *words, XUNJIAN_HOME="elsewhere")
        assert_refused(done, f"没有台账：{home}/elsewhere/ledger.db；新装的先启动 xunjian up", code=3)
        assert not (home / "elsewhere").exists()

    @pytest.mark.parametrize("words", [EVERY[0], EVERY[2], EVERY[4], ("notify-test",)], ids=" ".join)
    def test_a_broken_contract_is_said_with_its_place(self, home: Path, words: tuple[str, ...]) -> None:
        _add(home, deadlines={"response": "半小时"})
        done = xunjian(home, *words)
        assert done.returncode == 2
        assert re.match(r"contract/contract\.yaml:\d+  deadlines\.response\n", done.stdout)
        assert done.stderr == "合同目录有 1 处错误；用 xunjian validate 再查\n"

    def test_what_is_no_ledger(self, home: Path) -> None:
        (home / "var/ledger.db").write_bytes(b"no database" * 100)
        assert_refused(xunjian(home, "incident", "list"), "文件已损坏或不是台账。请从备份恢复", code=3)
