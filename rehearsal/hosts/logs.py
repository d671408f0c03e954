"""What stands in a host's logs before anyone looks: ordinary days, recurrent warnings, and canaries."""

import datetime as dt
import random

from rehearsal.canary import LOG_PASSWORD, LOG_PHONE, PERSON_ID
from rehearsal.hosts.roster import Host

APP_LOG = "/var/log/app/app.log"
_MODULES = ("TodoService", "FlowEngine", "AttachmentStore", "SessionFilter", "NoticeJob")
_INFO = ("completed in {} ms", "loaded {} records", "cache refreshed, {} entries", "heartbeat ok, {} workers")
_WARN = ("slow query took {} ms", "connection pool almost used up: {}/50", "retry {} of 3 calling gateway")


def files(host: Host) -> list[tuple[str, str, str, str]]:
    """Logs of the host, as (path, text, mode, owner)."""
    dice = random.Random(host.name)  # noqa: S311
    now = dt.datetime.now(dt.UTC).astimezone()
    found = [(APP_LOG, _app(dice, now), "644", "")]
    if "nginx" in host.services:
        found += [("/var/log/nginx/access.log", _access(dice, now), "644", ""),
                  ("/var/log/nginx/error.log", _error(dice, now), "644", "")]  # fmt: skip
    return found


def _moments(dice: random.Random, now: dt.datetime, count: int) -> list[dt.datetime]:
    return sorted(now - dt.timedelta(seconds=dice.randrange(60, 20 * 3600)) for _ in range(count))


def _app(dice: random.Random, now: dt.datetime) -> str:
    lines = []
    for moment in _moments(dice, now, 300):
        level, text = ("WARN", dice.choice(_WARN)) if dice.random() < 0.04 else ("INFO", dice.choice(_INFO))
        words = text.format(dice.randrange(2, 4000))
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S},{dice.randrange(1000):03d} {level} [{dice.choice(_MODULES)}] {words}")
    careless = f"ERROR [LdapSync] bind failed: user=sync password={LOG_PASSWORD} phone={LOG_PHONE} id={PERSON_ID}"
    lines.append(f"{now - dt.timedelta(seconds=50):%Y-%m-%d %H:%M:%S},000 {careless}")
    return "\n".join(lines) + "\n"


def _access(dice: random.Random, now: dt.datetime) -> str:
    paths = ("/", "/todo", "/api/todo", "/static/app.css", "/notices")
    return "".join(
        f'127.0.0.1 - - [{moment:%d/%b/%Y:%H:%M:%S %z}] "GET {dice.choice(paths)} HTTP/1.1" '
        f'{dice.choice((200, 200, 200, 304))} {dice.randrange(200, 9000)} "-" "Mozilla/5.0"\n'
        for moment in _moments(dice, now, 400)
    )


def _error(dice: random.Random, now: dt.datetime) -> str:
    return "".join(
        f"{moment:%Y/%m/%d %H:%M:%S} [warn] 31#31: *{dice.randrange(9999)} an upstream response is buffered to a "
        f"temporary file /var/lib/nginx/proxy/{dice.randrange(99):02d} while reading upstream\n"
        for moment in _moments(dice, now, 12)
    )
