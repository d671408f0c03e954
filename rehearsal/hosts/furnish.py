"""What a host is given once it stands: its people's keys, its logs and backups, its daemons."""

import subprocess
from pathlib import Path

from rehearsal.hosts import daemons, keys, logs
from rehearsal.hosts.daemons.service import Supplies
from rehearsal.hosts.roster import BASTION, BY_NAME, INSPECTOR, JUMP
from rehearsal.hosts.wire import Wire

FORCED = "/usr/local/lib/xunjian/inspect"
_NO_SCRIPT = "#!/bin/sh\n# Nothing is installed here yet.\necho 'no inspection script' >&2\nexit 1\n"


async def furnish(wire: Wire, name: str, secrets: Path, supplies: Supplies) -> None:
    """Make the host ready for its visitors; its daemons start beside."""
    if name == BASTION:
        await _bastion(wire, (secrets / keys.JUMP_PASSWORD).read_text(encoding="utf-8").strip())
        return
    host = BY_NAME[name]
    await _inspector(wire, secrets)
    for path, text, mode, owner in (*logs.files(host), *daemons.files(host, supplies)):
        await wire.write(path, text, mode, owner)
    await wire.ask("boot", script=daemons.boot(host))


async def _bastion(wire: Wire, password: str) -> None:
    words = ["openssl", "passwd", "-6", "-stdin"]
    crypted = subprocess.run(words, input=password, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    shadow = await wire.must("cat /etc/shadow")
    await wire.write("/etc/shadow", shadow.replace(f"{JUMP}:*:", f"{JUMP}:{crypted}:"), "600")
    await wire.must(f"mkdir -p /run/sshd /home/{JUMP}")


async def _inspector(wire: Wire, secrets: Path) -> None:
    """Two keys: one with a shell, one that runs the inspection script and nothing else."""
    lines = [keys.public_line(secrets / keys.KEY)]
    lines.append(f'restrict,command="{FORCED}" {keys.public_line(secrets / keys.RESTRICTED_KEY)}')
    home = f"/home/{INSPECTOR}"
    await wire.must(f"mkdir -p -m 755 /run/sshd {home}/.ssh /etc/xunjian\n"
                    "chgrp shadow /etc/shadow 2>/dev/null || true\n"
                    f"chmod 640 /etc/shadow; [ $MODE = user ] || chown -R {INSPECTOR}: {home} /etc/xunjian\n"
                    "ln -sfn /run /var/run; : > /var/log/btmp; : > /var/log/wtmp; : > /var/log/lastlog\n"
                    "chgrp utmp /var/log/btmp 2>/dev/null || true; chmod 640 /var/log/btmp\n"
                    ": > /run/practice/failed-units; : > /run/practice/dmesg\n"
                    "[ ! -e /usr/bin/systemctl ] || mkdir -p /run/systemd/system")  # fmt: skip
    await wire.write(f"{home}/.ssh/authorized_keys", "\n".join(lines) + "\n", "600", INSPECTOR)
    await wire.write(FORCED, _NO_SCRIPT, "755")
