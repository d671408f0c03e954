"""What every host runs: cron, rsyslog, and a stand-in for an agent against malware: a process of its name, no more."""

from rehearsal.hosts.daemons.service import Service, kill, wait_for

SERVICES = (
    Service("rsyslog", "rm -f /run/rsyslogd.pid\nrsyslogd -i /run/rsyslogd.pid\n"
            + wait_for("test -e /run/rsyslogd.pid"), kill("/run/rsyslogd.pid")),
    Service("clamd", 'case $(readlink -f "$(command -v sleep)") in */busybox) exit 0 ;; esac\n'
            'cp "$(command -v sleep)" /usr/local/lib/practice/clamd\n'
            "/usr/local/lib/practice/clamd infinity </dev/null >/dev/null 2>&1 &\necho $! >/run/clamd.pid\n",
            kill("/run/clamd.pid")),
    Service("cron", "rm -f /run/crond.pid\ncron\n" + wait_for("test -s /run/crond.pid"), kill("/run/crond.pid")),
)  # fmt: skip
