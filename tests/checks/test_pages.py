"""Every item of the page inspection, judged from facts as plain data: each state, each reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.contract import Contract, System
from checks.finding import Finding, Reason, State
from checks.page_check import (
    MANUAL,
    PageCheck,
    Part,
    Verdict,
    deserves_retry,
    held_up,
    is_manual,
    judge,
    manual_targets,
    not_looked,
    page_checks,
    planned,
)
from checks.pages.right_page import error_trait
from checks.visit import Attachment, Certificate, Document, Expectation, Obstacle, Step, Visit

EXPECT = {"expect": {"text": "待办"}}
DOWNLOAD = {"download": {"click": {"text": "附件"}, "magic": "pdf"}}
PDF = Attachment(name="a.pdf", size=5000, sha256="a" * 64, magic="pdf", complete=True, expected_magic="pdf")
MET = Expectation(what="页面的文字", expected="含“待办”", actual="有", met=True)


def system(**more: Any) -> System:
    journeys = [
        {"id": "todo", "title": "待办", "steps": [EXPECT, DOWNLOAD]},
        {"id": "logout", "title": "退出", "steps": [EXPECT], "logs_out": True},
        {"id": "public", "title": "公开", "steps": [EXPECT], "login": False},
        {"id": "recorded", "title": "录制", "recorded": "a.py"},
        {"id": "look", "title": "人看", "semi_manual": True},
    ]
    login = {"steps": [{"fill": {"label": "密码", "secret": "oa.password"}}, EXPECT]}
    base = {"id": "oa", "name": "OA", "url": "https://127.0.0.1/", "account": "oa", "login": login}
    return System.model_validate({**base, "journeys": journeys, **more})


OA = system()
PARTS: dict[str, Part] = {part.id: part for part in OA.targets()}


def visit(**facts: Any) -> Visit:
    """A visit in which all was well, but for `facts`."""
    well = {
        "target": "oa/todo",
        "attempt": 1,
        "started_at": datetime(2026, 11, 22, tzinfo=UTC),
        "seconds": 2.0,
        "documents": [Document(url="https://127.0.0.1/todo", status=200, title="待办")],
        "steps": [Step(what="打开 /todo", seconds=0.5)],
        "expectations": [MET],
        "attachments": [PDF],
        "pictures": 1,
        "certificate": Certificate(days_left=200.0, trusted=True, self_signed=False),
    }
    return Visit.model_validate({**well, **facts})


def obstacle(kind: str, reason: Reason | None = None) -> Obstacle:
    return Obstacle(kind=kind, step="打开 /todo", message="说明", reason=reason)


def verdict(check: str, part: str = "todo", of: System = OA, **facts: Any) -> Verdict:
    item = next(one for one in page_checks() if one.id == check)
    return Verdict(*item.evaluate(visit(**facts), of, PARTS[part]))


def documents(*statuses: int | None) -> list[Document]:
    return [Document(url=f"https://127.0.0.1/{number}", status=status) for number, status in enumerate(statuses)]


def steps(*seconds: float) -> list[Step]:
    return [Step(what=f"第 {number} 步", seconds=one) for number, one in enumerate(seconds)]


def certificate(days: float, trusted: bool = True, self_signed: bool = False) -> Certificate:
    problem = "" if trusted else "unable to get local issuer certificate"
    return Certificate(days_left=days, trusted=trusted, self_signed=self_signed, problem=problem)


@pytest.mark.parametrize("check", [check.id for check in page_checks()])
def test_all_is_well(check: str) -> None:
    assert verdict(check).state is State.OK


@pytest.mark.parametrize(
    ("check", "facts", "state", "said"),
    [
        # 可达
        ("PG01", {"documents": documents(200, 302)}, State.OK, "状态码 302"),
        ("PG01", {"documents": documents(200, 399)}, State.OK, "399"),
        ("PG01", {"documents": documents(200, 400)}, State.CRIT, "实际 400（https://127.0.0.1/1）"),
        ("PG01", {"documents": documents(502, 200)}, State.CRIT, "实际 502"),
        ("PG01", {"obstacle": obstacle("down")}, State.CRIT, "实际：说明"),
        ("PG01", {"obstacle": obstacle("redirect-loop")}, State.CRIT, "期望页面能打开"),
        ("PG01", {"documents": documents(None), "obstacle": obstacle("certificate")}, State.UNKNOWN, "受阻：说明"),
        # 响应时间: a limit that is reached is over
        ("PG02", {"steps": steps(0.1, 2.99)}, State.OK, "2.99 秒（第 1 步），期望小于 3 秒"),
        ("PG02", {"steps": steps(3.0, 0.1)}, State.WARN, "3.00 秒（第 0 步）"),
        ("PG02", {"steps": steps(9.999)}, State.WARN, "秒"),
        ("PG02", {"steps": steps(10.0)}, State.CRIT, "10.00 秒"),
        ("PG02", {"steps": [], "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        # 证书
        ("PG03", {"certificate": certificate(30.1)}, State.OK, "剩余 30.1 天，期望多于 30 天"),
        ("PG03", {"certificate": certificate(30.0)}, State.WARN, "期望多于 30 天"),
        ("PG03", {"certificate": certificate(14.0)}, State.CRIT, "剩余 14.0 天"),
        ("PG03", {"certificate": certificate(0)}, State.CRIT, "已过期 0.0 天"),
        ("PG03", {"certificate": certificate(-3, trusted=False)}, State.CRIT, "已过期 3.0 天"),
        ("PG03", {"certificate": certificate(200, trusted=False)}, State.CRIT, "unable to get local issuer"),
        ("PG03", {"certificate": certificate(200, trusted=False, self_signed=True)}, State.CRIT, "不受信任"),
        ("PG03", {"certificate": None, "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        # 错误页或登录页
        ("PG04", {"error_text": "系统错误"}, State.CRIT, "出现“系统错误”"),
        ("PG04", {"password_field": True}, State.CRIT, "回到了登录页"),
        ("PG04", {"obstacle": obstacle("login-page")}, State.CRIT, "回到了登录页"),
        ("PG04", {"documents": [], "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        # 功能
        ("PG05", {"expectations": []}, State.OK, "1 个步骤全部符合"),
        ("PG05", {"expectations": [MET, MET.model_copy(update={"met": False, "actual": "没有"})]}, State.CRIT,
         "页面的文字：期望含“待办”，实际没有"),
        ("PG05", {"obstacle": obstacle("not-found")}, State.CRIT, "期望能完成，实际 说明"),
        ("PG05", {"obstacle": obstacle("failed")}, State.CRIT, "打开 /todo"),
        ("PG05", {"obstacle": obstacle("no-download")}, State.CRIT, "实际 说明"),
        ("PG05", {"obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        ("PG05", {"obstacle": obstacle("login-page")}, State.UNKNOWN, "受阻"),
        ("PG05", {"documents": []}, State.UNKNOWN, "没有取到数据"),
        # 脚本错误, 失败请求
        ("PG06", {"script_errors": ["x is not defined", "y"]}, State.WARN, "实际 2 个：x is not defined"),
        ("PG06", {"documents": [], "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        ("PG07", {"failed_requests": ["502 GET https://127.0.0.1/a"]}, State.WARN, "实际 1 个：502 GET"),
        ("PG07", {"documents": [], "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        # 附件
        ("PG08", {"attachments": [PDF, PDF]}, State.OK, "2 个附件完整"),
        ("PG08", {"attachments": [PDF.model_copy(update={"magic": "html"})]}, State.CRIT, "期望 pdf 文件，实际 html"),
        ("PG08", {"attachments": [PDF.model_copy(update={"min_bytes": 5001})]}, State.CRIT, "期望至少 5001 字节"),
        ("PG08", {"attachments": [PDF.model_copy(update={"min_bytes": 5000})]}, State.OK, "完整"),
        ("PG08", {"attachments": [PDF.model_copy(update={"complete": False})]}, State.CRIT, "在 5000 字节处中断"),
        ("PG08", {"attachments": [PDF.model_copy(update={"expected_sha256": "b" * 64})]}, State.CRIT, "SHA-256 bbbb"),
        ("PG08", {"attachments": [], "obstacle": obstacle("no-download")}, State.CRIT, "期望取得附件，实际 说明"),
        ("PG08", {"attachments": [], "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
        # 截图
        ("PG09", {"pictures": 3}, State.OK, "3 张"),
        ("PG09", {"pictures": 0}, State.UNKNOWN, "实际 0 张"),
        ("PG09", {"pictures": 0, "obstacle": obstacle("down")}, State.UNKNOWN, "受阻"),
    ],
)  # fmt: skip
def test_verdicts(check: str, facts: dict[str, Any], state: State, said: str) -> None:
    # When
    found = verdict(check, **facts)
    # Then
    assert found.state is state
    assert said in found.summary
    Finding(check=check, state=found.state, summary=found.summary, reason=found.reason)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("check", [check.id for check in page_checks()])
def test_what_could_not_be_looked_at_says_why(check: str, reason: Reason) -> None:
    """Nothing was seen: no item is ever OK then."""
    # When
    nothing = {"documents": [], "steps": [], "expectations": [], "attachments": [], "pictures": 0, "certificate": None}
    found = verdict(check, **nothing, obstacle=obstacle("unknown", reason))
    # Then
    assert (found.state, found.reason) == (State.UNKNOWN, reason)
    assert reason.label in found.summary


def test_nothing_and_no_obstacle_is_a_bug_of_ours() -> None:
    assert held_up(visit()).reason is Reason.BUG


class TestExceptions:
    def test_a_self_signed_certificate_that_the_contract_accepts_is_a_warning(self) -> None:
        # Given
        accepting = system(certificate={"allow_self_signed": True})
        # Then
        assert verdict("PG03", of=accepting, certificate=certificate(200, False, True)).state is State.WARN
        assert verdict("PG03", of=accepting, certificate=certificate(10, False, True)).state is State.CRIT
        assert verdict("PG03", of=accepting, certificate=certificate(200, False, False)).state is State.CRIT

    @pytest.mark.parametrize("part", ["login", "logout", "public"])
    def test_who_is_not_logged_in_may_see_a_login_page(self, part: str) -> None:
        assert verdict("PG04", part, password_field=True).state is State.OK

    def test_a_journey_may_have_its_own_limits(self) -> None:
        journeys = [{"id": "todo", "title": "待办", "steps": [EXPECT], "limits": {"warn": 1, "crit": 2}}]
        of = system(journeys=journeys)
        item = next(one for one in page_checks() if one.id == "PG02")
        assert item.evaluate(visit(steps=steps(1.5)), of, of.journeys[0]).state is State.WARN


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("一切正常", ""),
        ("HTTP Status 404 – Not Found", "HTTP Status 4"),
        ("java.lang.IllegalStateException", "java.lang."),
        ("Traceback (most recent call last):", "Traceback (most recent call last)"),
        ("锟斤拷锟斤拷", "锟斤拷"),
        ("一个\ufffd字坏了", ""),
        ("\ufffd\ufffd\ufffd", "乱码"),
        ("本单位维护中", "维护中"),
    ],
)
def test_traits_of_error_pages(text: str, trait: str) -> None:
    assert error_trait(text, ["维护中"]) == trait


class TestPlan:
    def test_items_follow_from_the_contract(self) -> None:
        ids = {name: {check.id for check in planned(OA, part)} for name, part in PARTS.items()}
        every = {check.id for check in page_checks()}
        assert ids["todo"] == every
        assert ids["login"] == ids["recorded"] == every - {"PG08"}
        assert ids["look"] == {"PG00"}
        plain = system(url="http://127.0.0.1/")
        assert {check.id for check in planned(plain, PARTS["todo"])} == every - {"PG03"}

    def test_behind_a_captcha_a_person_looks(self) -> None:
        # Given
        captcha = system(login={"steps": [EXPECT], "semi_manual": True})
        # Then
        waiting = [part.id for part in captcha.targets() if is_manual(captcha, part)]
        assert waiting == ["login", "todo", "logout", "recorded", "look"]  # and not the public page
        head = {"name": "x", "client": {"name": "x"}, "contractor": {"name": "x"}}
        term = {"start": "2026-03-01", "end": "2027-02-28"}
        contract = Contract.model_validate({**head, "term": term, "systems": [captcha]})
        assert manual_targets(contract) == [f"oa/{one}" for one in waiting]

    def test_not_looked_speaks_for_every_item(self) -> None:
        found = list(not_looked(OA, PARTS["todo"], Reason.NO_BROWSER, "没有浏览器"))
        assert len(found) == len(page_checks())
        assert {(one.state, one.reason) for one in found} == {(State.UNKNOWN, Reason.NO_BROWSER)}


class TestJudge:
    def test_a_bug_in_one_item_costs_only_that_item(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Given
        def broken(visit: Visit, system: System, part: Part) -> Verdict:
            raise KeyError("the page's own words")

        items = (PageCheck("PG98", "坏", broken), *page_checks())
        monkeypatch.setattr("checks.page_check.page_checks", lambda: items)
        # When
        found = list(judge(visit(), OA, PARTS["todo"]))
        # Then
        assert (found[0].state, found[0].reason) == (State.UNKNOWN, Reason.BUG)
        assert "KeyError" in found[0].summary
        assert "words" not in found[0].summary
        assert {one.state for one in found[1:]} == {State.OK}

    def test_manual(self) -> None:
        [found] = judge(visit(), OA, PARTS["look"])
        assert (found.check, found.reason) == (MANUAL.id, Reason.MANUAL)


@pytest.mark.parametrize(
    ("check", "state", "reason", "again"),
    [
        ("PG01", State.OK, None, False),
        ("PG01", State.CRIT, None, True),
        ("PG01", State.UNKNOWN, Reason.TIMEOUT, True),
        ("PG01", State.UNKNOWN, Reason.CONFIGURATION, False),
        ("PG05", State.UNKNOWN, Reason.AUTHENTICATION, False),
        ("PG02", State.WARN, None, True),
        ("PG03", State.CRIT, None, False),
        ("PG06", State.WARN, None, False),
        ("PG00", State.UNKNOWN, Reason.MANUAL, False),
    ],
)
def test_what_deserves_a_second_attempt(check: str, state: State, reason: Reason | None, again: bool) -> None:
    well = Finding(check="PG05", state=State.OK, summary="x")
    assert deserves_retry([well, Finding(check=check, state=state, summary="x", reason=reason)]) is again
