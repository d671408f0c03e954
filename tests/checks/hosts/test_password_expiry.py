import pytest
from host_answers import NOW, see

from checks.finding import Reason, State
from checks.host_check import Section
from checks.hosts.password_expiry import CHECK, COMMAND

TODAY = int(NOW.timestamp() // 86400)
PASSWD = "root:/bin/bash\ndaemon:/usr/sbin/nologin\nsync:/bin/sync\noracle:/bin/bash\nguest:\n"


def answer(*shadow: str) -> str:
    return PASSWD + "::\n" + "\n".join(("daemon:17000:90:", "root:17000:99999:", *shadow)) + "\n"


def test_passwords_that_never_expire():
    finding = see(CHECK, answer("oracle:17000::", "guest:::"))
    assert (finding.state, finding.summary) == (State.OK, "3 个可登录账号，口令不过期")


@pytest.mark.parametrize(
    ("left", "state", "said"),
    [
        (90, State.OK, "还有 90 天"),
        (14, State.OK, "还有 14 天"),
        (13, State.WARN, "还有 13 天"),
        (1, State.WARN, "还有 1 天"),
        (0, State.CRIT, "已到期"),
        (-400, State.CRIT, "已到期"),
    ],
)
def test_days_left(left, state, said):
    finding = see(CHECK, answer(f"oracle:{TODAY - 90 + left}:90:"))
    assert finding.state is state
    assert finding.summary.startswith(f"or* 的口令{said}")


def test_a_forced_change_is_an_expired_password():
    assert see(CHECK, answer("oracle:0:90:")).state is State.CRIT


def test_the_soonest_is_named_and_the_others_counted():
    finding = see(CHECK, answer(f"oracle:{TODAY - 85}:90:", f"guest:{TODAY}:99999:{TODAY + 3}"))
    assert finding.summary == "gu* 的账号还有 3 天到期，期望不少于 14 天；另有 1 项"


@pytest.mark.parametrize(("ago", "state"), [(0, State.CRIT), (30, State.CRIT), (31, State.OK)])
def test_an_account_that_expired_long_ago_was_closed(ago, state):
    assert see(CHECK, answer(f"oracle:17000:90:{TODAY - ago}")).state is state


def test_no_name_is_kept_whole_and_the_password_is_never_read():
    facts = CHECK.parse(Section(answer(f"oracle:{TODAY}:90:"), "", 0))
    assert "oracle" not in facts.model_dump_json()
    assert "-f1,3,5,8 /etc/shadow" in COMMAND


@pytest.mark.parametrize(
    ("out", "status", "reason"),
    [
        (PASSWD + "::\n", 77, Reason.PERMISSION),
        (PASSWD + "::\n", 0, Reason.UNSUPPORTED),
        (PASSWD + "::\nroot:x\n", 0, Reason.UNSUPPORTED),
        (PASSWD + "::\nroot:a:b:c\n", 0, Reason.UNSUPPORTED),
        ("", 0, Reason.UNSUPPORTED),
    ],
)
def test_could_not_look(out, status, reason):
    assert see(CHECK, out, status=status).reason is reason
