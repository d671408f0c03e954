from datetime import timedelta

import pytest
from host_answers import NOW, see
from pydantic import ValidationError

from checks.finding import Reason, State
from checks.hosts.certificates import CHECK


def ends(days: float) -> str:
    """As openssl writes it: the day padded with a blank."""
    end = NOW + timedelta(days=days)
    return f"notAfter={end:%b} {end.day:2d} {end:%H:%M:%S %Y} GMT"


def answer(said: str, status: int = 0, path: str = "/a.pem") -> str:
    return f"file {path}\n{said}\nstatus {status}\n"


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        (365, State.OK, "还有 365 天"),
        (30, State.OK, "还有 30 天"),
        (29.99, State.WARN, "还有 29 天"),
        (14, State.WARN, "还有 14 天"),
        (13.99, State.CRIT, "还有 13 天"),
        (-3, State.CRIT, "已过期 3 天"),
    ],
)
def test_days_left(days, state, said):
    finding = see(CHECK, answer(ends(days)), files=["/a.pem"])
    assert finding.state is state
    assert finding.summary == f"/a.pem {said}，期望不少于 30 天"


OPENSSL_1 = """Error opening Certificate /a.pem
140:error:0200100D:system library:fopen:{0}:bss_file.c:402:fopen('/a.pem','r')
unable to load certificate"""  # written from documentation: CentOS 7, openssl 1.0.2k
# captured: Debian 12, openssl 3.0.22
OPENSSL_3 = """Could not open file or uri for loading certificate from /a.pem
4027D199557F0000:error:16000069:STORE routines:ossl_store_get0_loader_int:unregistered scheme:../crypto/store/store_register.c:237:scheme=file
4027D199557F0000:error:80000002:system library:file_open:{0}:../providers/implementations/storemgmt/file_store.c:268:calling stat(/a.pem)
Unable to load certificate"""  # noqa: E501


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        (OPENSSL_1.format("No such file or directory"), 1, Reason.CONFIGURATION),
        (OPENSSL_3.format("No such file or directory"), 1, Reason.CONFIGURATION),
        (OPENSSL_1.format("Permission denied"), 1, Reason.PERMISSION),
        (OPENSSL_3.format("Permission denied"), 1, Reason.PERMISSION),
        ("", 77, Reason.PERMISSION),
        ("sudo: a password is required", 1, Reason.PERMISSION),
        ("unable to load certificate\nno start line", 1, Reason.UNSUPPORTED),
        ("", 137, Reason.TIMEOUT),
        ("notAfter=some day", 0, Reason.UNSUPPORTED),
    ],
)
def test_a_file_that_cannot_be_read(said, status, reason):
    assert see(CHECK, answer(said, status), files=["/a.pem"]).reason is reason


def test_the_worst_file_decides_and_the_soonest_is_named():
    out = answer(ends(20), path="/a.pem") + answer(ends(16), path="/b.pem") + answer(ends(99), path="/c.pem")
    finding = see(CHECK, out, files=["/a.pem", "/b.pem", "/c.pem"])
    assert finding.summary == "/b.pem 还有 16 天，期望不少于 30 天；另有 1 个"


def test_a_fault_outranks_a_file_that_is_not_there():
    out = answer("No such file or directory", 1, path="/a.pem") + answer(ends(1), path="/b.pem")
    assert see(CHECK, out, files=["/a.pem", "/b.pem"]).state is State.CRIT


def test_no_answer_or_not_for_all():
    assert see(CHECK, "", files=["/a.pem"]).reason is Reason.UNSUPPORTED
    assert see(CHECK, answer(ends(99)), files=["/a.pem", "/b.pem"]).reason is Reason.INCOMPLETE
    assert see(CHECK, "", status=127, files=["/a.pem"]).reason is Reason.UNSUPPORTED


def test_due_only_where_the_contract_names_files():
    assert not CHECK.due(CHECK.params())
    with pytest.raises(ValidationError):
        CHECK.params(files=["a.pem"])
