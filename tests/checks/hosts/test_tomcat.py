"""TC1–TC3: other JDKs and refusals. See test_middleware_real.py for a real server."""

import pytest
from host_answers import heard

from checks.host_check import Section

# captured here: jstat of OpenJDK 17, the heap's columns
JDK17 = """\
  S0     S1     E      O      M     CCS    YGC     YGCT     FGC    FGCT
  0.00  77.71  73.33   {old}  95.37  79.91      2     0.006     0     0.000
"""
# written from documentation: jstat of JDK 7, with the permanent generation in P
JDK7 = """\
  S0     S1     E      O      P     YGC     YGCT    FGC    FGCT     GCT
  0.00  10.00   5.00  {old}  50.00     10    0.100     0    0.000    0.100
"""


def answer(heap: str, log: str = "7 100 0 0\nstatus 0") -> str:
    return f"=== jvm_7\nbase /opt/oa\n=== heap_7\n{heap}=== log_7\n{log}\n=== end\n"


def state(out: str, check: str, status: int = 0, **params: object) -> str:
    finding = heard(Section(out, "", status), "tomcat", **params)[check]
    return finding.reason or finding.state


@pytest.mark.parametrize("jdk", [JDK17, JDK7, "OpenJDK warning: options ignored\n" + JDK17])
@pytest.mark.parametrize(
    ("old", "expected"), [("79.99", "OK"), ("80.00", "WARN"), ("90.00", "CRIT"), ("-", "unsupported")]
)
def test_heap(jdk: str, old: str, expected: str) -> None:
    assert state(answer(jdk.format(old=old) + "status 0\n"), "TC2") == expected


@pytest.mark.parametrize(
    ("heap", "expected"),
    [
        ("status 77\n", "permission"),
        ("sudo: a password is required\nstatus 1\n", "permission"),
        ("status 137\n", "timeout"),
        ("7 not found\nstatus 1\n", "unsupported"),
        ("status 0\n", "unsupported"),
    ],
)
def test_heap_not_taken_while_the_process_is_there(heap: str, expected: str) -> None:
    assert state(answer(heap), "TC2") == expected
    assert state(answer(heap), "TC1") == "OK"
    assert state(answer(heap), "TC3") == "OK"


@pytest.mark.parametrize(
    ("log", "expected"),
    [("missing\nstatus 0", "configuration"), ("status 77", "permission"), ("what?\nstatus 0", "unsupported")],
)
def test_log_not_taken(log: str, expected: str) -> None:
    assert state(answer("status 0\n", log), "TC3") == expected


def test_one_instance_too_few() -> None:
    assert state(answer("status 0\n"), "TC1", instances=2) == "CRIT"


@pytest.mark.parametrize("out", ["", "what?\n", "=== jvm_7\nbase /opt/oa\n"])
def test_garbage_is_no_outage(out: str) -> None:
    assert {state(out, check) for check in ("TC1", "TC2", "TC3")} == {"unsupported"}
