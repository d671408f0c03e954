"""What a look now says beside the look before: nothing but the same seen again is a repair."""

import hashlib
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from checks.finding import Finding, Reason, State
from checks.host_check import Section
from checks.probe_evidence import MOST, clipped, kept
from checks.records import EvidenceRecord, FindingRecord, RunRecord
from checks.retest import VERDICT, Result, Taken, compared, looks, result_of
from checks.safe_probe import Connected, Response
from checks.secrecy import Redactor
from checks.visit import ProbeVisit

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PHONE = "138" + "0" * 8  # nobody's
KEY, OTHER = "ssh-ed25519 SHA256:aaa", "ssh-ed25519 SHA256:bbb"


def taken(state: State, identity: str = KEY, **more: Any) -> Taken:
    visit = {
        "target": "F-2026-012", "attempt": 1, "started_at": AT, "seconds": 1, "probe": "port-closed", "version": 1,
        "asset": "app-01:6379", "vantage": "here", "identity": identity, **more,
    }  # fmt: skip
    reason = Reason.UNREACHABLE if state is State.UNKNOWN else None
    finding = Finding(check="port-closed", state=state, summary=f"看到的是{state.label}", reason=reason)
    return Taken("run", ProbeVisit(**visit), finding, None)


@pytest.mark.parametrize(
    ("before", "now", "result"),
    [
        (State.CRIT, State.OK, Result.REPAIRED),
        (State.WARN, State.OK, Result.REPAIRED),
        (State.CRIT, State.WARN, Result.PARTLY),
        (State.WARN, State.WARN, Result.NOT_REPAIRED),
        (State.CRIT, State.CRIT, Result.NOT_REPAIRED),
        (State.WARN, State.CRIT, Result.NOT_REPAIRED),
        (State.CRIT, State.UNKNOWN, Result.UNTESTABLE),
    ],
)
def test_before_and_now(before: State, now: State, result: Result) -> None:
    found = compared(taken(now), [taken(before)], KEY)
    assert found.result is result
    assert (found.before is None) == (result is Result.UNTESTABLE)
    assert result_of(found.finding) is result


@pytest.mark.parametrize("before", [[], [State.OK], [State.UNKNOWN], [State.UNKNOWN, State.OK]])
def test_without_a_before_that_shows_it_nothing_is_repaired(before: list[State]) -> None:
    earlier = [taken(state) for state in before]
    assert compared(taken(State.OK), earlier, KEY).result is Result.UNTESTABLE
    assert compared(taken(State.CRIT), earlier, KEY).result is Result.NOT_REPAIRED
    assert compared(taken(State.WARN), earlier, KEY).result is Result.NOT_REPAIRED


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"version": 2}, "探测项的版本不同，原来 1，现在 2"),
        ({"probe": "redis-no-login"}, "探测项不同"),
        ({"params": {"a": 1}}, "参数不同"),
        ({"vantage": "bastion", "way": "b1"}, "位置不同，原来 here，现在 bastion b1"),
        ({"asset": "app-02:6379"}, "资产不同"),
    ],
)
def test_only_the_same_question_is_compared(more: dict[str, Any], said: str) -> None:
    found = compared(taken(State.OK, **more), [taken(State.CRIT)], KEY)
    assert found.result is Result.UNTESTABLE
    assert said in found.why
    assert "重新取证" in found.why


def test_the_last_comparable_look_that_showed_it_counts() -> None:
    earlier = [taken(State.CRIT), taken(State.WARN), taken(State.CRIT, version=2), taken(State.OK)]
    found = compared(taken(State.WARN), earlier, KEY)
    assert (found.before, found.result) == (earlier[1], Result.NOT_REPAIRED)


@pytest.mark.parametrize("state", list(State))
def test_another_identity_says_nothing_whatever_it_shows(state: State) -> None:
    found = compared(taken(state, OTHER), [taken(State.CRIT)], KEY)
    assert (found.result, found.reason) == (Result.UNTESTABLE, Reason.HOST_KEY)
    assert "xunjian findings identity F-2026-012" in found.why
    assert compared(taken(State.OK, ""), [taken(State.CRIT)], KEY).result is Result.UNTESTABLE


def test_only_what_was_seen_of_the_same_is_ever_repaired() -> None:
    """Of all that can stand before and now: repaired needs OK now, it shown before, and the identity that is known."""
    for before, now, known, shown in product(State, State, ("", KEY, OTHER), ("", KEY, OTHER)):
        found = compared(taken(now, shown), [taken(before, KEY)], known)
        repaired = now is State.OK and before in (State.CRIT, State.WARN) and shown and shown == (known or KEY)
        assert (found.result is Result.REPAIRED) == bool(repaired), (before, now, known, shown)


def test_looks_of_runs_come_with_their_evidence_and_without_what_was_never_judged() -> None:
    seen = taken(State.CRIT)
    file = EvidenceRecord(
        target="F-2026-012", attempt=1, kind="probe", path="aa/aa.json", sha256="aa", size=2, grade=2, at=AT
    )
    verdicts = (seen.finding, Finding(check=VERDICT, state=State.CRIT, summary="未修复"))
    run = RunRecord(
        id="run", slot="s", flow_run_id="", trigger="cli", who="", why="", started_at=AT, ended_at=AT, outcome="CRIT",
        code_version="", contract_hash="", probe_visits=(seen.visit,), evidence=(file,),
        findings=tuple(FindingRecord(target="F-2026-012", attempt=1, at=AT, finding=one) for one in verdicts),
    )  # fmt: skip
    cut = run.model_copy(update={"findings": ()})
    assert looks([cut, run]) == [seen._replace(evidence=file)]


def test_of_a_page_only_length_and_hash_are_kept() -> None:
    answer = Response(status=200, headers=(("server", "nginx"),), body="张三的公文")
    [one] = kept([answer], Redactor())
    digest = hashlib.sha256("张三的公文".encode()).hexdigest()
    assert one == {"status": 200, "headers": [["server", "nginx"]], "body_length": 15, "body_sha256": digest}


def test_what_a_host_said_is_redacted_line_by_line() -> None:
    section = Section(f"port 22\npassword=hunter2hunter2\n{PHONE}\n", "", 0)
    [one, port] = kept([section, Connected(open=True, how="open")], Redactor(["hunter2hunter2"]))
    assert one["out"].splitlines()[0] == "port 22"
    assert "hunter2" not in one["out"]
    assert PHONE not in one["out"]
    assert port == {"open": True, "how": "open"}


def test_long_answers_are_cut_in_the_ledger() -> None:
    assert clipped({"out": "x" * (MOST + 1), "n": [1, "y"]}) == {"out": "x" * (MOST - 1) + "…", "n": [1, "y"]}
