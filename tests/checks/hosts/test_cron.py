import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.cron import CHECK


@pytest.mark.parametrize("name", ["cron", "crond", "fcron"])
def test_a_scheduler_runs(name):
    finding = see(CHECK, f"systemd\nsystemd\nkthreadd\n{name}\n")
    assert (finding.state, finding.summary) == (State.OK, f"{name} 在运行，期望在运行")


def test_none_runs():
    assert see(CHECK, "systemd\nsystemd\ncrontab\nsshd\n").state is State.CRIT


def test_hidden_processes_are_not_absent():
    finding = see(CHECK, "", status=3)
    assert finding.reason is Reason.PERMISSION
    assert "hidepid" in finding.summary


@pytest.mark.parametrize(("out", "status"), [("", 0), ("\n", 0), ("cron\n", 2)])
def test_no_list_is_unknown(out, status):
    assert see(CHECK, out, status=status).reason is Reason.UNSUPPORTED
