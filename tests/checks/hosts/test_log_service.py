import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.log_service import CHECK, LogServices


@pytest.mark.parametrize(
    ("running", "said"),
    [
        ("rsyslogd", "rsyslogd 在运行"),
        ("systemd-journal", "systemd-journald 在运行"),
        ("systemd-journal\nrsyslogd", "rsyslogd、systemd-journald 在运行"),
        ("busybox\nsyslogd", "syslogd 在运行"),
    ],
)
def test_any_is_enough(running, said):
    finding = see(CHECK, f"systemd\n{running}\n")
    assert finding.state is State.OK
    assert finding.summary.startswith(said)


def test_none_runs():
    assert see(CHECK, "systemd\nsshd\n").state is State.CRIT


def test_one_fewer_than_last_time():
    last = LogServices(names=("rsyslogd", "systemd-journald"))
    finding = see(CHECK, "systemd\nsystemd-journal\n", past=[(1, last)])
    assert finding.state is State.WARN
    assert "rsyslogd 停了" in finding.summary
    assert see(CHECK, "systemd\nsystemd-journal\nrsyslogd\n", past=[(1, last)]).state is State.OK


def test_could_not_look():
    assert see(CHECK, "", status=3).reason is Reason.PERMISSION
    assert see(CHECK, "").reason is Reason.UNSUPPORTED
