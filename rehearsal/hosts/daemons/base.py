"""What every host runs: cron, rsyslog, and stand-ins for auditd and an agent against malware."""

from rehearsal.hosts.daemons.service import Service, kill, wait_for


def _stand_in(name: str) -> Service:
    """A FAKE: a process of that name that does nothing; none on a BusyBox host, whose `sleep` goes by its own name."""
    here = f"/usr/local/lib/practice/{name}"
    start = (
        'case $(readlink -f "$(command -v sleep)") in */busybox) exit 0 ;; esac\n'
        f'[ -e {here} ] || cp "$(command -v sleep)" {here}\n'
        f"{here} infinity </dev/null >/dev/null 2>&1 &\necho $! >/run/{name}.pid\n"
    )
    return Service(name, start, kill(f"/run/{name}.pid"))


SERVICES = (
    Service("rsyslog", "rm -f /run/rsyslogd.pid\nrsyslogd -i /run/rsyslogd.pid\n"
            + wait_for("test -e /run/rsyslogd.pid"), kill("/run/rsyslogd.pid")),
    _stand_in("clamd"),
    _stand_in("auditd"),
    Service("cron", "rm -f /run/crond.pid\ncron\n" + wait_for("test -s /run/crond.pid"), kill("/run/crond.pid")),
)  # fmt: skip
