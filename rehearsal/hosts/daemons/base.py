"""What every host runs: cron and rsyslog."""

from rehearsal.hosts.daemons.service import Service, kill, wait_for

# of db hosts: tonight's backup and last night's
_BACKUPS = """\
case $(hostname) in *-db-*) ;; *) exit 0 ;; esac
mkdir -p /var/backups/db
for age in 30 6; do
    file=/var/backups/db/app-$(date -d "-$age hours" +%Y%m%d%H).sql.gz
    head -c $((210000 - age * 100)) /dev/zero >$file
    touch -d "-$age hours" $file
done
"""

SERVICES = (
    Service("backups", _BACKUPS, ""),
    Service("rsyslog", "rm -f /run/rsyslogd.pid\nrsyslogd -i /run/rsyslogd.pid\n"
            + wait_for("test -e /run/rsyslogd.pid"), kill("/run/rsyslogd.pid")),
    Service("cron", "rm -f /run/crond.pid\ncron\n" + wait_for("test -s /run/crond.pid"), kill("/run/crond.pid")),
)  # fmt: skip
