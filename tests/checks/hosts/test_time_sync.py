"""OS02 时间同步."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.finding import Reason, State
from checks.host_check import Look, NotTaken, Section
from checks.hosts.time_sync import Params, Sync, evaluate, parse

NOW = datetime(2026, 11, 22, 23, tzinfo=UTC)
RUNNING = "== running\nvisible\n"


def output(name: str) -> str:
    folder = Path(__file__).parent / "outputs"
    return (folder / f"time_sync-{name}.txt").read_text(encoding="utf-8").partition("\n")[2]


CHRONY, CENTOS_7, RHEL_8 = output("debian-synchronised"), output("centos7-timedatectl"), output("rhel8-timedatectl")
NTPQ = output("centos6-ntpq")
DEAD = "== chronyc\n506 Cannot talk to daemon\n"


@pytest.mark.parametrize(
    ("out", "state", "said"),
    [
        pytest.param(
            f"== chronyc\n{CHRONY}", State.OK, "chronyd 偏差 0.0 毫秒，期望小于 200 毫秒，层级 3", id="chrony"
        ),
        pytest.param(
            f"{DEAD}{CHRONY}", State.OK, "chronyd 偏差 0.0 毫秒，期望小于 200 毫秒，层级 3", id="chrony by root"
        ),
        pytest.param(
            "== chronyc\n" + output("debian-no-source"),
            State.CRIT,
            "chronyd 没有同步到任何时间源，期望已同步",
            id="no source",
        ),
        pytest.param(
            "== chronyc\n" + output("debian-local"), State.CRIT, "chronyd 只跟着本机时钟走，期望已同步", id="local"
        ),
        pytest.param(
            f"{DEAD}{RUNNING}", State.CRIT, "chronyd 没有运行，期望已同步", id="chronyd is down, no timedatectl"
        ),
        pytest.param(
            f"== ntpq\n{NTPQ}{RUNNING}ntpd\n",
            State.WARN,
            "ntpd 偏差 200.0 毫秒，期望小于 200 毫秒，层级 3",
            id="ntpd, exactly at the threshold",
        ),
        pytest.param(
            f"== ntpq\n{NTPQ.replace('*', ' ').replace(' 127.127', '*127.127')}{RUNNING}ntpd\n",
            State.CRIT,
            "ntpd 只跟着本机时钟走，期望已同步",
            id="ntpd, local",
        ),
        pytest.param(
            f"== ntpq\n{NTPQ.replace('*', ' ')}{RUNNING}ntpd\n",
            State.CRIT,
            "ntpd 没有同步到任何时间源，期望已同步",
            id="ntpd, no source",
        ),
        pytest.param(
            f"== ntpq\nntpq: read: Connection refused\n{RUNNING}",
            State.CRIT,
            "ntpd 没有运行，期望已同步",
            id="ntpd is down",
        ),
        pytest.param(
            f"{DEAD}== timedatectl\n{RHEL_8}{RUNNING}",
            State.OK,
            "系统时钟已同步（timedatectl 不给出偏差），期望已同步",
            id="chronyc is there, but timesyncd does it",
        ),
        pytest.param(
            f"== timedatectl\n{CENTOS_7}{RUNNING}",
            State.OK,
            "系统时钟已同步（timedatectl 不给出偏差），期望已同步",
            id="CentOS 7",
        ),
        *[
            pytest.param(
                f"== timedatectl\n{text.replace('synchronized: yes', 'synchronized: no')}{RUNNING}",
                State.CRIT,
                "已启用时间同步，但系统时钟没有同步，期望已同步",
                id=f"switched on in vain {number}",
            )
            for number, text in enumerate((CENTOS_7, RHEL_8))
        ],
        *[
            pytest.param(out, State.WARN, "没有发现启用的时间同步（chrony、ntpd、timesyncd），期望有一个", id=case)
            for case, out in {
                "nothing": RUNNING,
                "switched off": "== timedatectl\nSystem clock synchronized: no\n  NTP service: inactive\n" + RUNNING,
            }.items()
        ],
    ],
)
def test_judged(out: str, state: State, said: str) -> None:
    verdict = evaluate(parse(Section(out, "", 0)), Look(NOW), Params())
    assert (verdict.state, verdict.summary) == (state, said)


@pytest.mark.parametrize(
    ("out", "reason", "said"),
    [
        pytest.param(
            f"{DEAD}{RUNNING}chronyd\n", Reason.PERMISSION, "chronyd 在运行，但问不到它的同步状态", id="not for us"
        ),
        pytest.param(
            f"{DEAD}== timedatectl\nSystem clock synchronized: no\n NTP service: active\n{RUNNING}chronyd\n",
            Reason.PERMISSION,
            "chronyd 在运行，但问不到它的同步状态",
            id="chrony without rtcsync leaves the kernel's flag alone",
        ),
        pytest.param(
            f"== ntpq\nlocalhost: timed out, nothing received\n***Request timed out\n{RUNNING}ntpd\n",
            Reason.PERMISSION,
            "ntpd 在运行，但问不到它的同步状态",
            id="restrict noquery",
        ),
        pytest.param(
            f"{DEAD}== running\n", Reason.PERMISSION, "问不到 chronyd，也看不到它是否在运行", id="hidepid hides chronyd"
        ),
        pytest.param(
            f"== timedatectl\nFailed to connect to bus: Host is down\n{RUNNING}",
            Reason.UNSUPPORTED,
            "timedatectl 没有回答：Failed to connect to bus: Host is down",
            id="a container without systemd",
        ),
        pytest.param(
            f"== timedatectl\n{RUNNING}", Reason.UNSUPPORTED, "timedatectl 没有回答：没有输出", id="D-Bus hangs"
        ),
    ],
)
def test_could_not_look(out: str, reason: Reason, said: str) -> None:
    with pytest.raises(NotTaken, match=said) as not_taken:
        parse(Section(out, "", 0))
    assert not_taken.value.reason is reason


@pytest.mark.parametrize("out", ["", "rubbish", "== chronyc\nLeap status : Normal\n", f"== ntpq\n{NTPQ[:79]}\n*1 2\n"])
def test_not_understood(out: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(out, "", 0))


@pytest.mark.parametrize(
    ("sync", "state"),
    [
        (Sync(by="chronyd", stratum=9, offset=199.9), State.OK),
        (Sync(by="chronyd", stratum=9, offset=200), State.WARN),
        (Sync(by="chronyd", stratum=9, offset=500), State.CRIT),
        (Sync(by="chronyd", stratum=10, offset=0), State.CRIT),
        (Sync(by="chronyd", stratum=3, offset=0, heard=NOW - timedelta(hours=2)), State.OK),
        (Sync(by="chronyd", stratum=3, offset=0, heard=NOW - timedelta(hours=3)), State.WARN),
    ],
)
def test_thresholds(sync: Sync, state: State) -> None:
    assert evaluate(sync, Look(NOW), Params()).state is state
