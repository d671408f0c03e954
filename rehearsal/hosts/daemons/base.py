"""What every host runs: cron and rsyslog."""

from rehearsal.hosts.daemons.service import Service, kill, wait_for

SERVICES = (
    Service("rsyslog", "rm -f /run/rsyslogd.pid\nrsyslogd -i /run/rsyslogd.pid\n"
            + wait_for("test -e /run/rsyslogd.pid"), kill("/run/rsyslogd.pid")),
    Service("cron", "rm -f /run/crond.pid\ncron\n" + wait_for("test -s /run/crond.pid"), kill("/run/crond.pid")),
)  # fmt: skip
