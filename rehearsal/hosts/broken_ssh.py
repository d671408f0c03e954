"""Faults of the way to a host: nothing can be looked at, so everything is UNKNOWN, and nothing else."""

from rehearsal.hosts.fault import HostFault, fault
from rehearsal.hosts.roster import BASTION, HOSTS

_CONFIG = "/etc/ssh/sshd_config"
_ALL = "OS01 UNKNOWN, OS08 UNKNOWN, OS20 UNKNOWN"
_UNFORCE = f"sed '/^ForceCommand/d' {_CONFIG} >/run/practice/told; cat /run/practice/told >{_CONFIG}"


def _forced(script: str) -> str:
    """Script: from now on every session runs this in the place of what it asked for."""
    return f"""\
cat >$L/forced <<'EOF'
#!/bin/sh
{script}
EOF
chmod 755 $L/forced
(cat {_CONFIG}; echo "ForceCommand $L/forced") >/run/practice/told
cat /run/practice/told >{_CONFIG}
"""


_KEY = "/etc/ssh/ssh_host_ed25519_key"
_DOOR = "echo {} >/run/practice/sshd"
_OPEN = "rm -f /run/practice/sshd"
_HANG = """\
printf '#!/bin/sh\\n# A FAKE for the rehearsal: df as it is when a file server is dead.\\nexec sleep 86401\\n' >$L/df
cover $L/df /usr/bin/df
"""

SSH_FAULTS = (
    fault("mobile-app-01:host-key-changed", "主机密钥变了", _ALL,
          f"[ -e {_KEY}.own ] || cp -p {_KEY} {_KEY}.own; cat /etc/ssh/other_key >{_KEY}", f"cat {_KEY}.own >{_KEY}"),
    fault("oa-app-02:df-hangs", "df 一直没有响应（像文件服务器断了）", "OS08 UNKNOWN, OS09 UNKNOWN",
          _HANG, "uncover /usr/bin/df; pkill -9 -f '^sleep 86401' || true"),
    fault("archive-app-01:answer-cut", "回答到一半连接断了", "OS20 UNKNOWN, OS22 UNKNOWN",
          _forced('sh -c "$SSH_ORIGINAL_COMMAND" | head -c 1500\nkill -9 $PPID'), _UNFORCE),
    fault("mobile-cache-01:flood", "回答是没有尽头的垃圾", _ALL,
          _forced("yes 0123456789abcdef | head -c 1073741824"), _UNFORCE),
    fault("archive-db-01:sshd-down", "SSH 端口拒绝连接", _ALL, _DOOR.format("closed"), _OPEN),
    fault("mobile-db-01:sshd-silent", "SSH 端口接受连接后不说话", _ALL, _DOOR.format("silent"), _OPEN),
    fault("oa-cache-01:key-refused", "主机不认巡检账号的密钥", _ALL,
          "cd /home/inspector/.ssh; mv authorized_keys authorized_keys.away",
          "cd /home/inspector/.ssh; [ ! -e authorized_keys.away ] || mv authorized_keys.away authorized_keys"),
    HostFault(f"{BASTION}:down", "堡垒机拒绝连接，十二台主机都够不着",
              tuple((host.name, "OS08", "UNKNOWN") for host in HOSTS), _DOOR.format("closed"), _OPEN),
)  # fmt: skip
