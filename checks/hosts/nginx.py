"""NG1 Nginx: is there a master process, and how many answers since the last inspection were 5xx?

`nginx -t` is not asked: it opens, and so creates, the log files. Rates: field practice.
"""

from datetime import datetime, timedelta
from math import floor

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import Band, HostCheck, Look, Section
from checks.host_check import Params as Common
from checks.visit import Facts

# The log is summed by hour where it is: "hour zone answers 5xx". In the combined format the second quoted field is
# the referrer, so that the status follows the first; nginx escapes quotes within a request.
COMMAND = r"""
master=
for comm in /proc/[0-9]*/comm; do
    read -r name 2>/dev/null <"$comm" || continue
    [ "$name" = nginx ] || continue
    grep -qF 'nginx: master process' "${comm%comm}cmdline" 2>/dev/null && master=yes
done
[ -n "$master" ] || { echo down; exit 0; }
echo up
[ -n "$1" ] || exit 0
{
    if [ -r "$1" ]; then limit 20 tail -n 20000 "$1"
    elif [ -e "$1" ] || [ ! -x "${1%/*}" ]; then as_root tail -n 20000 "$1"
    else echo "没有访问日志 $1" >&2; false
    fi
    echo "=== $?"
} | awk -F'"' '
/^=== [0-9]+$/ { split($0, end, " "); next }
{
    start = index($1, "["); split($3, field, " ")
    if (start && field[1] ~ /^[1-5][0-9][0-9]$/) {
        hour = substr($1, start + 1, 14) " " substr($1, start + 22, 5)
        answers[hour]++
        if (field[1] >= 500) bad[hour]++
    } else odd++
}
END {
    for (hour in answers) print hour, answers[hour], bad[hour] + 0
    print "odd", odd + 0
    exit end[2]
}'
"""


class Params(Common):
    """Per cent of the answers. `access_log`: in the combined format, or one that begins like it."""

    access_log: str = Field("/var/log/nginx/access.log", pattern="^(/.*)?$", title="访问日志", description="空为不看")
    errors: Band = Field(Band(warn=1, crit=5), title="5xx 占比（%）")


class Hour(Facts):
    """One hour of the log."""

    begins: datetime
    answers: int
    bad: int


class Nginx(Facts):
    """`hours`: of the last 20000 lines, at most two days; None: the log is not looked at."""

    up: bool
    hours: tuple[Hour, ...] | None = None


def parse(section: Section) -> Nginx:
    """Lines that are in another format are not counted, but there must not be more of them than of the others."""
    state, *lines = section.out.splitlines()
    if section.status or state not in ("up", "down"):
        raise ValueError(section.err)
    if not lines:
        return Nginx(up=state == "up")
    *rows, odd = lines
    hours = sorted((_hour(row) for row in rows), key=lambda hour: hour.begins)
    if int(odd.removeprefix("odd ")) > sum(hour.answers for hour in hours):
        raise ValueError("访问日志不是 combined 格式")
    recent = [hour for hour in hours if hour.begins > hours[-1].begins - timedelta(days=2)]
    return Nginx(up=True, hours=tuple(recent))


def _hour(row: str) -> Hour:
    begins, zone, answers, bad = row.split()
    at = datetime.strptime(f"{begins} {zone}", "%d/%b/%Y:%H %z")
    return Hour(begins=at, answers=int(answers), bad=int(bad))


def evaluate(facts: Nginx, look: Look[Nginx], params: Params) -> Verdict:
    """Since the last inspection; the first looks back one day."""
    if not facts.up:
        return Verdict(State.CRIT, "Nginx 没有运行，期望有主进程")
    if facts.hours is None:
        return Verdict(State.OK, "Nginx 在运行；合同没有指定访问日志")
    since = look.last.at if look.last else look.now - timedelta(days=1)
    hours = [hour for hour in facts.hours if hour.begins + timedelta(hours=1) > since]
    answers, bad = sum(hour.answers for hour in hours), sum(hour.bad for hour in hours)
    if not answers:
        return Verdict(State.OK, "Nginx 在运行，上次巡检以来没有访问")
    percent = 100 * bad / answers
    share = f"{floor(10 * percent) / 10}%"  # cut off: what is below the bound is printed below it
    said = f"Nginx 在运行，{answers} 次访问中 5xx {bad} 次，占 {share}，期望小于 {params.errors.warn:g}%"
    return Verdict(params.errors.state(percent), said)


CHECK = HostCheck("NG1", "Nginx", COMMAND, parse, evaluate, Nginx, Params, "nginx", lambda params: (params.access_log,))
