import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.oom import CHECK, Kills

BOOT, EARLIER = "3a18f3e6-5d91-4be6-9b10-994082fd0f9b", "00000000-5d91-4be6-9b10-994082fd0f9b"

# written from documentation: CentOS 7, kernel 3.10.0-1160, systemd 219, journalctl -o short-unix
CENTOS_7 = f"""{BOOT}
journal
1795300000.123456 db01 kernel: Out of memory: Kill process 21945 (java) score 956 or sacrifice child
1795300000.123460 db01 kernel: Killed process 21945 (java), UID 1000, total-vm:33027492kB, anon-rss:31303276kB
1795300009.000001 db01 kernel: Memory cgroup out of memory: Kill process 18286 (java) score 933 or sacrifice child
"""


def test_first_time_is_the_baseline():
    finding = see(CHECK, f"{BOOT}\noom_kill 3\n")
    assert finding.state is State.OK
    assert "首次巡检" in finding.summary


@pytest.mark.parametrize(
    ("boot", "now", "state", "said"),
    [
        (BOOT, 3, State.OK, "新增 0 次"),
        (BOOT, 4, State.CRIT, "新增 1 次"),
        (EARLIER, 0, State.OK, "新增 0 次"),
        (EARLIER, 3, State.CRIT, "新增 3 次"),  # rebooted, and as many again
    ],
)
def test_what_the_counter_gained(boot, now, state, said):
    finding = see(CHECK, f"{BOOT}\noom_kill {now}\n", past=[(1, Kills(boot=boot, counted=3))])
    assert finding.state is state
    assert said in finding.summary


def test_old_kernels_are_counted_from_their_log():
    assert see(CHECK, CENTOS_7).summary == "新增 2 次，期望 0 次"
    assert see(CHECK, f"{BOOT}\njournal\n").state is State.OK


@pytest.mark.parametrize("out", ["", "nonsense", f"{BOOT}\n", f"{BOOT}\noom_kill x\n"])
def test_what_is_not_understood_is_unknown(out):
    assert see(CHECK, out, status=1).reason is Reason.UNSUPPORTED


def test_a_log_that_needs_root_is_unknown():
    assert see(CHECK, f"{BOOT}\njournal\n", status=77).reason is Reason.PERMISSION
