"""The contract's models: what must hold across fields and systems."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from checks.contract import Contract, System, Term, as_it_was, problems
from checks.slots import baseline_slots

EXPECT = [{"expect": {"text": "待办"}}]


def system(**more: Any) -> dict[str, Any]:
    return {
        "id": "oa",
        "name": "协同办公系统",
        "url": "https://127.0.0.1:18401/",
        "journeys": [{"id": "todo", "title": "待办", "steps": EXPECT}],
        **more,
    }


def contract(*systems: dict[str, Any], **more: Any) -> Contract:
    return Contract.model_validate(
        {
            "name": "示例运维合同",
            "client": {"name": "示例单位"},
            "contractor": {"name": "示例公司"},
            "term": {"start": "2026-03-01", "end": "2027-02-28"},
            "systems": list(systems) or [system()],
            **more,
        }
    )


def test_defaults_are_the_contract_s() -> None:
    # When
    made = contract().systems[0]
    # Then
    assert (made.limits.warn, made.limits.crit, made.limits.down) == (3, 10, 15)
    assert (made.certificate.warn, made.certificate.crit) == (30, 14)
    assert made.journeys[0].login
    assert contract().tz.key == "Asia/Shanghai"


def test_term_holds_both_ends() -> None:
    # Given
    term = Term(start=date(2026, 3, 1), end=date(2027, 2, 28))
    # Then
    assert len(list(term.days())) == 365
    assert date(2026, 3, 1) in term
    assert date(2027, 2, 28) in term
    assert date(2027, 3, 1) not in term


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"limits": {"warn": 10, "crit": 5}}, "warn < crit"),
        ({"certificate": {"warn": 5, "crit": 14}}, "crit < warn"),
        ({"login": {"steps": EXPECT}}, "account"),
        ({"journeys": [{"id": "a", "title": "A"}]}, "steps 或 recorded"),
        ({"journeys": [{"id": "a", "title": "A", "steps": EXPECT, "recorded": "a.py"}]}, "只能写一个"),
        ({"journeys": [{"id": "a", "title": "A", "steps": [{"goto": "/"}]}]}, "没有期望"),
        ({"journeys": [{"id": "a", "title": "A", "recorded": "../a.py"}]}, "目录之内"),
        ({"journeys": [{"id": "a", "title": "A", "recorded": "/a.py"}]}, "目录之内"),
        ({"journeys": [{"id": "a", "title": "A", "recorded": "a.txt"}]}, "目录之内"),
    ],
)
def test_what_no_system_may_be(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        System.model_validate(system(**more))


def test_unknown_keys_and_zones_are_mistakes() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        contract(system(colour="red"))
    with pytest.raises(ValidationError, match="没有这个时区"):
        contract(zone="Asia/Peking")
    with pytest.raises(ValidationError, match="早于"):
        contract(term={"start": "2027-03-01", "end": "2026-03-01"})


def test_a_semi_manual_journey_needs_no_steps() -> None:
    made = System.model_validate(system(journeys=[{"id": "a", "title": "A", "semi_manual": True}]))
    assert made.journeys[0].steps == []


def test_targets_and_limits() -> None:
    # Given
    login = {"steps": [{"fill": {"label": "密码", "secret": "oa.password"}}]}
    journeys = [{"id": "todo", "title": "待办", "steps": EXPECT, "limits": {"warn": 1, "crit": 2, "down": 3}}]
    made = System.model_validate(system(account="oa", login=login, journeys=journeys))
    # Then
    assert [made.target(part) for part in made.targets()] == ["oa/login", "oa/todo"]
    assert [made.limits_of(part).down for part in made.targets()] == [15, 3]
    assert made.secret_names() == ["oa.password"]


class TestProblems:
    def test_none(self) -> None:
        assert list(problems(contract(system(), system(id="mobile")))) == []

    def test_ids_twice(self) -> None:
        # Given
        twice = [{"id": "todo", "title": "待办", "steps": EXPECT}] * 2
        # When
        found = list(problems(contract(system(), system(id="mobile", journeys=twice), system())))
        # Then
        assert [problem.where for problem in found] == [("systems", 2, "id"), ("systems", 1, "journeys", 1, "id")]

    def test_login_is_taken(self) -> None:
        journeys = [{"id": "login", "title": "登录页", "steps": EXPECT}]
        made = contract(system(account="oa", login={"steps": EXPECT}, journeys=journeys))
        assert [problem.where for problem in problems(made)] == [("systems", 0, "journeys", 0, "id")]


def test_find_a_system() -> None:
    assert contract().system("oa").name == "协同办公系统"
    with pytest.raises(KeyError):
        contract().system("none")


def as_stored(**changed: Any) -> dict[str, Any]:
    """A contract as the ledger has it, with what another version of the program wrote into its first system."""
    stored = contract().model_dump(mode="json")
    stored["systems"][0] |= changed
    return stored


def test_an_earlier_contract_is_read_by_a_stricter_version() -> None:
    """Given fields that are refused today or are not known any more, then they take their defaults, the rest stays."""
    stored = as_stored(probe={"every": 9999, "text": "登录"}, colour="blue")
    stored["channels"] = [{"id": "group", "title": "群", "kind": "webhook", "url": "http://127.0.0.1:1/", "grade": 9}]
    before = deepcopy(stored)
    made = as_it_was(stored)
    assert (made.systems[0].probe.every, made.systems[0].probe.text) == (60, "登录")
    assert [(one.id, int(one.grade)) for one in made.channels] == [("group", 1)]
    assert stored == before
    assert as_it_was(contract().model_dump(mode="json")) == contract()


def test_nobody_owed_a_baseline_before_the_program_knew_of_one() -> None:
    """Given a contract put on record by an earlier version, then none of its months wants a baseline."""
    hosts = [{"system": "oa", "hosts": [{"name": "oa-app-01"}]}]
    stored = {**contract().model_dump(mode="json"), "hosts": hosts}
    day = as_it_was(stored).term.start
    assert [slot.target for slot in baseline_slots(as_it_was(stored), day)] == ["oa-app-01", "oa.web"]
    del stored["baseline"]
    assert list(baseline_slots(as_it_was(stored), day)) == []


def test_what_has_no_default_is_never_guessed() -> None:
    """A journey that is left out would be a page that nobody expects any more."""
    journey = {"id": "x", "title": "x", "steps": [], "recorded": None}
    for stored in (as_stored(id="Not An Id"), as_stored(journeys=[journey])):
        with pytest.raises(ValidationError):
            as_it_was(stored)


MAIL = {"kind": "smtp", "id": "mail", "title": "邮件", "host": "mail.example.cn", "port": 587,
        "sender": "a@example.cn", "to": ["b@example.cn"]}  # fmt: skip
GROUP = {"kind": "webhook", "id": "group", "title": "群", "url": "https://127.0.0.1:1/"}
MONTHLY = {"id": "monthly", "title": "月报", "rule": "month", "due": 3, "mail_to": ["office@client.example.cn"]}


@pytest.mark.parametrize(
    ("document", "cleared", "told"),
    [
        ({"channel": "mail"}, 2, ""),
        ({"channel": "mail", "grade": 1}, 1, ""),
        ({"channel": "post"}, 2, "没有渠道 post"),
        ({"channel": "group"}, 2, "渠道 group 不是邮件，发不了文件"),
        ({"channel": "mail"}, 1, "渠道 mail 最高可发密级 1（最小敏感性信息），文档密级 2"),
        ({"channel": "mail", "grade": 3}, 3, "密级 3（非常敏感的信息）不经邮件发出"),
    ],
)
def test_a_document_is_mailed_by_a_channel_that_may_carry_it(document: dict[str, Any], cleared: int, told: str) -> None:
    # Given
    channels, contact = [{**MAIL, "grade": cleared}, GROUP], {"who": "驻场工程师", "channels": ["mail"]}
    made = contract(channels=channels, escalation=[contact], documents=[{**MONTHLY, **document}])
    # When
    found = [(one.where, one.what) for one in problems(made) if one.where[0] == "documents"]
    # Then
    assert found == ([(("documents", 0, "channel"), told)] if told else [])
    assert all(one.remedy for one in problems(made))


@pytest.mark.parametrize("document", [{"channel": "mail", "mail_to": []}, {}])
def test_who_mails_says_by_which_way_and_to_whom(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="一起写"):
        contract(channels=[MAIL], documents=[{**MONTHLY, **document}])
