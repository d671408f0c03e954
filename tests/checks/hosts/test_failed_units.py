import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.failed_units import CHECK

# written from documentation: CentOS 7, systemd 219, which draws the dot in spite of --plain (a star in locale C)
CENTOS_7 = """init systemd
* kdump.service             loaded failed failed Crash recovery kernel arming
"""
# written from documentation: openEuler 22.03 and UOS 20, systemd 249 and 241
LATER = """init systemd
dev-disk-by\\x2duuid-1.swap loaded    failed failed /dev/disk/by-uuid/1
kdump.service               loaded    failed failed Crash recovery kernel arming
tongweb.service             not-found failed failed tongweb.service
nginx.service               loaded    failed failed nginx
"""


@pytest.mark.parametrize("dot", ["*", "●"])
def test_a_failed_unit_warns(dot):
    finding = see(CHECK, CENTOS_7.replace("*", dot))
    assert (finding.state, finding.summary) == (State.WARN, "1 个单元失败：kdump.service，期望 0 个")


def test_three_are_named():
    assert see(CHECK, LATER).summary == (
        "4 个单元失败：dev-disk-by\\x2duuid-1.swap、kdump.service、tongweb.service 等，期望 0 个"
    )


def test_none_failed():
    assert see(CHECK, "init systemd\n").state is State.OK


def test_what_the_contract_ignores_is_said_to_be():
    finding = see(CHECK, CENTOS_7, ignore=["kdump.service"])
    assert finding.state is State.OK
    assert "1 个除外" in finding.summary


def test_without_systemd_nothing_of_it_can_have_failed():
    assert see(CHECK, "init busybox\n").state is State.OK


@pytest.mark.parametrize(
    ("out", "err", "status", "reason"),
    [
        ("init systemd\n", "Failed to list units: Connection timed out", 1, Reason.UNSUPPORTED),
        ("init systemd\n", "", 137, Reason.TIMEOUT),
        ("init systemd\n", "limit: systemctl: not found", 127, Reason.UNSUPPORTED),
        ("init systemd\nsurprise\n", "", 0, Reason.UNSUPPORTED),
        ("", "", 0, Reason.UNSUPPORTED),
    ],
)
def test_could_not_look(out, err, status, reason):
    assert see(CHECK, out, err, status).reason is reason
