"""The documents of a contract: what an operator writes, and what is refused."""

from datetime import date, time
from itertools import pairwise
from typing import Any

import pytest
from document_book import CONTRACT, contract
from pydantic import ValidationError

from checks.contract import as_it_was, problems
from checks.documents import DocumentDuty, Rule
from checks.secrecy import Grade

WEEKLY = {"id": "weekly", "title": "周报", "rule": "week", "due": 1}


def test_without_a_word_it_is_annex_4() -> None:
    said = {one.title: (one.rule, CONTRACT.working_days_for(one)) for one in CONTRACT.documents}
    assert said == {
        "周报": (Rule.WEEK, 1), "月报": (Rule.MONTH, 3), "季报": (Rule.QUARTER, 5), "半年报": (Rule.HALF_YEAR, 5),
        "年报": (Rule.YEAR, None), "故障报告": (Rule.INCIDENT, 3), "安全整改报告": (Rule.AGREED, None),
        "演练报告": (Rule.AGREED, None),
    }  # fmt: skip
    assert {one.until for one in CONTRACT.documents} == {None}, "a day ends at 24:00"
    assert {one.grade for one in CONTRACT.documents} == {Grade.MEDIUM}, "they name hosts"
    assert list(problems(CONTRACT)) == []


def test_what_is_written_goes_before_the_defaults() -> None:
    [one] = contract(documents=[{**WEEKLY, "until": "17:30", "grade": 1, "required": ["备份"]}]).documents
    assert (one.until, one.grade, one.required, one.remind) == (time(17, 30), Grade.LEAST, ["备份"], 2)


def test_an_incident_s_report_has_one_source_of_its_term() -> None:
    """Given `deadlines.document`, when the duty names another number, then the contract is refused."""
    report = {"id": "incident", "title": "故障报告", "rule": "incident"}
    four = {"deadlines": {"document": 4}}
    assert contract(documents=[report], **four).working_days_for(DocumentDuty(**report)) == 4  # type: ignore[arg-type]
    assert list(problems(contract(documents=[{**report, "due": 4}], **four))) == []
    [problem] = problems(contract(documents=[{**report, "due": 5}], **four))
    assert problem.where == ("documents", 0, "due")
    assert problem.what == "故障报告的期限写了两处：这里 5，deadlines.document 4"
    assert "deadlines.document" in problem.remedy


@pytest.mark.parametrize(
    ("documents", "where", "what"),
    [
        ([WEEKLY, {**WEEKLY, "title": "另一份"}], ("documents", 1, "id"), "文档编号 weekly 重复"),
        ([WEEKLY, {**WEEKLY, "id": "other"}], ("documents", 1, "title"), "文档名称 周报 重复"),
        ([{**WEEKLY, "id": "oa"}], ("documents", 0, "id"), "文档编号 oa 也是系统的编号"),
    ],
)
def test_what_cannot_be_told_apart_is_a_mistake(documents: list[Any], where: tuple[Any, ...], what: str) -> None:
    [problem] = problems(contract(documents=documents))
    assert (problem.where, problem.what) == (where, what)
    assert problem.remedy


@pytest.mark.parametrize(
    "wrong",
    [{"due": 0}, {"due": 251}, {"rule": "fortnight"}, {"until": "25:00"}, {"grade": 4}, {"remind": -1}, {"days": 3},
     {"rule": "agreed"}, {"title": ""}, {"title": "a/b"}, {"id": "Weekly"}, {"receiver": ""}, {"required": [""]}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DocumentDuty.model_validate({**WEEKLY, **wrong})


def test_a_contract_of_before_there_were_documents_has_the_defaults() -> None:
    old = CONTRACT.model_dump(mode="json")
    del old["documents"]
    assert as_it_was(old).documents == CONTRACT.documents
    assert as_it_was(CONTRACT.model_dump(mode="json")) == CONTRACT


@pytest.mark.parametrize(
    ("rule", "day", "name", "first", "last"),
    [
        ("week", "2026-11-22", "2026-W47", "2026-11-16", "2026-11-22"),
        ("week", "2027-01-03", "2026-W53", "2026-12-28", "2027-01-03"),
        ("month", "2028-02-11", "2028-02", "2028-02-01", "2028-02-29"),
        ("quarter", "2026-09-30", "2026-Q3", "2026-07-01", "2026-09-30"),
        ("half-year", "2026-07-01", "2026-H2", "2026-07-01", "2026-12-31"),
        ("year", "2026-07-01", "2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_periods_have_names(rule: str, day: str, name: str, first: str, last: str) -> None:
    duty = DocumentDuty.model_validate({**WEEKLY, "rule": rule})
    [one] = duty.periods(date.fromisoformat(day), date.fromisoformat(day))
    assert one == (name, date.fromisoformat(first), date.fromisoformat(last))
    # they follow each other without a gap
    known = list(duty.periods(date(2024, 1, 1), date(2028, 12, 31)))
    assert all(before.last.toordinal() + 1 == after.first.toordinal() for before, after in pairwise(known))
    assert list(DocumentDuty(id="x", title="x", rule=Rule.AGREED).periods(date(2026, 1, 1), date(2026, 12, 31))) == []
