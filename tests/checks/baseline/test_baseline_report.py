"""The report's figures from verdicts on record: the rate, exemptions and their end, the difference, people's words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from checks.baseline_check import Conformity
from checks.baseline_lines import BaselineReport
from checks.baseline_report import baseline_report
from checks.baseline_verdicts import BASELINE_MANUAL, beside, manual_entry
from checks.clauses import ON_HOSTS, ON_SITES
from checks.contract import Contract, problems
from checks.entries import Who
from checks.finding import Finding, Reason, State
from checks.number import Number
from checks.records import EventRecord, FindingRecord, RunRecord
from checks.slots import RequestError

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)
HOST_ITEMS = [one.id for one in ON_HOSTS if not one.manual and one.id not in ("B25", "B26", "B28", "B29", "B30", "B31")]


def contract(*exemptions: dict[str, Any], backups: Sequence[dict[str, Any]] = ()) -> Contract:
    system = {"id": "oa", "name": "办公", "url": "https://127.0.0.1/",
              "journeys": [{"id": "a", "title": "a", "steps": [{"expect": {"text": "x"}}]}]}  # fmt: skip
    told = {"name": "x", "client": {"name": "x"}, "contractor": {"name": "x"}, "systems": [system],
            "hosts": [{"system": "oa", "hosts": [{"name": "a"}]}], "exemptions": exemptions,
            "backups": [{"system": "oa", "backups": backups}] if backups else [],
            "term": {"start": "2026-03-01", "end": "2027-02-28"}}  # fmt: skip
    return Contract.model_validate(told)


def run(states: dict[str, State], at: datetime = NOW, duty: str = "baseline-check", target: str = "a") -> RunRecord:
    period = f"{at:%Y-%m}"
    why = {State.UNKNOWN: Reason.TIMEOUT}
    findings = [
        Finding(check=item, state=state, summary=f"{item} 实际，期望", reason=why.get(state))
        for item, state in states.items()
    ]
    found = tuple(FindingRecord(target=target, attempt=1, at=at, finding=finding) for finding in findings)
    return RunRecord(
        id=f"run-{target}-{period}", slot=f"{duty}/{target}/{period}", flow_run_id="", trigger="cli", who="", why="",
        started_at=at, ended_at=at, outcome="OK", code_version="", contract_hash="", findings=found,
    )  # fmt: skip


WELL = dict.fromkeys(HOST_ITEMS, State.OK)


def report(made: Contract, *runs: RunRecord, events: Sequence[EventRecord] = (), **more: Any) -> BaselineReport:
    those = beside(made, NOW, more.get("checks", ()), more.get("drills", ()), events)
    return baseline_report(made, DAY, lambda name: [one for one in runs if one.slot.split("/")[1] == name], those)


def test_the_rate_is_of_all_that_applies() -> None:
    """Given 符合, 部分符合, 不符合 and 无法核查, then only the first counts, and all are in the denominator."""
    # Given: three items that are not well, two that people fill in, one site on which nobody looked
    bad = WELL | {"B01": State.CRIT, "B03": State.WARN, "B05": State.UNKNOWN}
    # When
    got = report(contract(), run(bad)).total
    # Then
    met = len(HOST_ITEMS) - 3
    assert (got.met, got.partly, got.not_met, got.unverified, got.not_done) == (met, 1, 1, 1 + 3, len(ON_SITES))
    assert got.not_applicable == 6  # four databases, two items about backups
    assert got.applicable == met + 1 + 1 + 4 + len(ON_SITES)
    assert got.rate.shown == f"{met * 1000 // (met + 6 + len(ON_SITES)) / 10}%"
    assert got.rate_of_verified.shown == f"{met * 1000 // (met + 2) / 10}%"
    assert len(set(got.applicable.rows)) == got.applicable
    assert got.partly.rows == ("slot baseline-check/a/2026-11 B03",)


def test_a_rate_is_never_rounded_up() -> None:
    # Given: 符合 of 10,000 but one
    line = report(contract(), run(WELL)).total.model_copy(
        update={"met": Number(9999), "partly": Number(1), "unverified": Number(0), "not_done": Number(0)}
    )
    assert line.rate.shown == "99.9%"


@pytest.mark.parametrize(
    ("until", "conformity"), [("2026-11-22", Conformity.EXEMPT), ("2026-11-21", Conformity.NOT_MET)]
)
def test_an_exemption_holds_until_its_last_day_and_is_never_conformity(until: str, conformity: Conformity) -> None:
    # Given
    exemption = {"item": "B01", "hosts": ["a"], "why": "等新系统", "approver": "甲方王工", "until": until}
    made = contract(exemption)
    assert not list(problems(made))
    # When
    got = report(made, run(WELL | {"B01": State.CRIT}))
    # Then
    assert got.matrices[0].lines[0].cells == (conformity,)
    assert got.total.met == len(HOST_ITEMS) - 1
    if conformity is Conformity.EXEMPT:
        [line] = got.exemptions
        assert (line.was, line.why, line.approver) == (Conformity.NOT_MET, "等新系统", "甲方王工")
        assert got.failures == ()
    else:
        [failure] = got.failures
        assert failure.note == "豁免已于 2026-11-21 到期（甲方王工 批准）"


def test_what_conforms_needs_no_exemption() -> None:
    exemption = {"item": "B01", "why": "x", "approver": "x", "until": "2027-01-01"}
    assert report(contract(exemption), run(WELL)).exemptions == ()


def test_an_exemption_for_what_is_not_there_is_a_mistake() -> None:
    wrong = {"item": "B01", "hosts": ["nobody", "oa.web"], "why": "x", "approver": "x", "until": "2027-01-01"}
    assert [one.what for one in problems(contract(wrong))] == ["没有主机 nobody"]
    with pytest.raises(ValueError, match="没有检查项 B99"):
        contract(wrong | {"item": "B99"})


def test_the_difference_to_the_month_before() -> None:
    # Given
    october = run(WELL | {"B01": State.CRIT, "B05": State.CRIT}, NOW - timedelta(days=30))
    november = run(WELL | {"B03": State.CRIT, "B05": State.WARN})
    # When
    got = report(contract(), october, november)
    # Then
    assert [(line.kind, line.item[:3]) for line in got.differences] == [
        ("新增", "B03"), ("变化", "B05"), ("已整改", "B01")]  # fmt: skip
    assert report(contract(), november).compared is False


class TestPeople:
    def entry(self, verdict: str, at: datetime, number: int = 1) -> EventRecord:
        event = manual_entry(contract(), "B12", "a", verdict, Who("张三", "对照了名册", "cli"), at)
        return EventRecord(id=number, entered_at=at, **event.model_dump())

    @pytest.mark.parametrize(("days", "conformity"), [(365, Conformity.MET), (366, Conformity.UNVERIFIED)])
    def test_their_word_holds_a_year(self, days: int, conformity: Conformity) -> None:
        got = report(contract(), run(WELL), events=[self.entry("符合", NOW - timedelta(days=days))])
        assert [line.conformity for line in got.manual if line.item.startswith("B12")] == [conformity]

    def test_the_last_word_counts(self) -> None:
        words = [self.entry("符合", NOW - timedelta(days=9)), self.entry("不符合", NOW - timedelta(days=1), 2)]
        assert [line.item[:3] for line in report(contract(), run(WELL), events=words).failures] == ["B12"]
        assert words[0].kind == BASELINE_MANUAL

    @pytest.mark.parametrize(
        ("item", "host", "verdict", "who"),
        [("B01", "a", "符合", "x"), ("B12", "b", "符合", "x"), ("B12", "a", "豁免", "x"), ("B12", "a", "符合", " ")],
    )
    def test_what_makes_no_sense_is_refused(self, item: str, host: str, verdict: str, who: str) -> None:
        with pytest.raises(RequestError):
            manual_entry(contract(), item, host, verdict, Who(who, "x", "cli"), NOW)


DUMP = {"id": "db", "title": "库", "kind": "mysqldump", "at": {"host": "a", "folder": "/b"}, "restore": {}}
FINE = {"BK02": State.OK, "BK10": State.OK}


@pytest.mark.parametrize(
    ("checked", "drilled", "b25", "b26"),
    [
        (FINE, State.OK, "符合", "符合"),
        (FINE, None, "部分符合", "符合"),
        (FINE, State.CRIT, "不符合", "符合"),
        (FINE | {"BK02": State.CRIT}, State.OK, "不符合", "符合"),
        (FINE | {"BK10": State.CRIT}, State.OK, "符合", "不符合"),
        ({"BK02": State.OK}, State.OK, "符合", "不符合"),
        (None, State.OK, "无法核查", "无法核查"),
    ],
)
def test_backups_follow_from_what_is_on_record(
    checked: dict[str, State] | None, drilled: State | None, b25: str, b26: str
) -> None:
    """Given the last backup check and restore drill, then B25 and B26 say what they said; nothing fresh is no word."""
    made = contract(backups=[DUMP])
    checks = [run(checked, NOW - timedelta(days=1), "backup-check", "oa.db")] if checked else []
    drills = [run({"RS01": drilled}, NOW - timedelta(days=20), "restore-drill", "oa.db")] if drilled else []
    got = report(made, run(WELL), checks=checks, drills=drills)
    cells = {line.item[:3]: line.cells[0] for line in got.matrices[0].lines}
    assert (cells["B25"], cells["B26"]) == (b25, b26)
