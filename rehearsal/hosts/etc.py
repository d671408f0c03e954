"""The texts of a host's /etc and the figures it shows in /proc."""

import time

from rehearsal.hosts.identity import ACCOUNTS, Identity
from rehearsal.hosts.roster import BASTION, HOSTS, INSPECTOR, JUMP, Host

KERNEL = "6.1.0-rehearsal"
CPUS = 4

_MEMINFO = """\
MemTotal:        8145432 kB
MemFree:         2214508 kB
MemAvailable:    5306280 kB
Buffers:          188416 kB
Cached:          3120244 kB
SwapCached:            0 kB
Active:          2870012 kB
Inactive:        2410876 kB
Dirty:              1188 kB
Writeback:             0 kB
AnonPages:       1972228 kB
Shmem:             46512 kB
Slab:             301844 kB
SReclaimable:     214320 kB
SwapTotal:       2097148 kB
SwapFree:        2084860 kB
CommitLimit:     6169864 kB
Committed_AS:    3984512 kB
"""
_VMSTAT = "nr_free_pages 553627\npgfault 48120933\npgmajfault 4021\npswpin 0\npswpout 0\noom_kill 0\n"
_SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/vda2                               partition\t2097148\t\t12288\t\t-2\n"  # noqa: E501

PROC = {
    "loadavg": "0.21 0.18 0.15 1/128 4021\n",
    "meminfo": _MEMINFO,
    "swaps": _SWAPS,
    "vmstat": _VMSTAT,
    "sys/fs/file-nr": "1824\t0\t811242\n",
    "stat": "",
    "mounts": "",
    "sys/kernel/dmesg_restrict": "0\n",
}


def stat_text(since: float, now: float, busy: float) -> str:
    """/proc/stat after so many seconds, of which the part `busy` was worked."""
    ticks = int((now - since) * 100 * CPUS) + 40_000_000
    user, system = int(ticks * busy * 0.8), int(ticks * busy * 0.2)
    idle = ticks - user - system
    whole = f"cpu  {user} 0 {system} {idle} 0 0 0 0 0 0\n"
    each = "".join(f"cpu{n} {user // CPUS} 0 {system // CPUS} {idle // CPUS} 0 0 0 0 0 0\n" for n in range(CPUS))
    boot = int(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
    return f"{whole}{each}intr 1\nctxt 90211344\nbtime {boot}\nprocesses 40211\nprocs_running 1\nprocs_blocked 0\n"


def files(host: Host, who: Identity) -> dict[str, str]:
    """Every text file that a host has from the start, path → content."""
    return {
        "/etc/hostname": f"{host.name}\n",
        "/etc/hosts": "127.0.0.1 localhost\n" + "".join(f"{one.address} {one.name}\n" for one in HOSTS),
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
        'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
        "/etc/passwd": _passwd(host, who),
        "/etc/group": _group(host, who),
        "/etc/shadow": _shadow(host),
        "/etc/fstab": _fstab(host),
        "/etc/profile": "PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\numask 027\nTMOUT=600\n",
        "/etc/login.defs": "PASS_MAX_DAYS 90\nPASS_MIN_DAYS 1\nPASS_WARN_AGE 7\nUMASK 027\nENCRYPT_METHOD SHA512\n",
        "/etc/shells": "/bin/sh\n/bin/bash\n/bin/ash\n",
        "/etc/crontab": "SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
        "/etc/rsyslog.conf": ("$FileGroup adm\n" if who.is_root else "") + _RSYSLOG,
        "/etc/sudoers": _SUDOERS,
        "/etc/pam.d/sudo": "auth required pam_deny.so\naccount required pam_permit.so\n"
        "session required pam_permit.so\n",
        "/etc/ssh/sshd_config": _sshd(host),
        "/sys/devices/system/cpu/online": f"0-{CPUS - 1}\n",
    }


def _passwd(host: Host, who: Identity) -> str:
    people = JUMP if host.name == BASTION else INSPECTOR
    shell = "/bin/false" if host.name == BASTION else host.login_shell
    uid, gid = who.uid_of(INSPECTOR), who.gid_of(INSPECTOR)
    lines = [f"{people}:x:{uid}:{gid}:inspection:/home/{people}:{shell}", "root:x:0:0:root:/root:/bin/bash"]
    lines += [f"{name}:x:{number}:{number}::/var/lib/{name}:/usr/sbin/nologin"
              for name, number in ACCOUNTS.items() if name != INSPECTOR]  # fmt: skip
    lines += ["daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin", "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin",
              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _group(host: Host, who: Identity) -> str:
    people = JUMP if host.name == BASTION else INSPECTOR
    lines = [f"{people}:x:{who.gid_of(INSPECTOR)}:", "root:x:0:", "daemon:x:1:", "tty:x:5:"]
    lines += [f"{name}:x:{number}:{people}" for name, number in (("adm", 4), ("shadow", 42), ("utmp", 43))]
    lines += [f"{name}:x:{number}:" for name, number in ACCOUNTS.items() if name != INSPECTOR]
    return "\n".join([*lines, "nogroup:x:65534:"]) + "\n"


def _shadow(host: Host) -> str:
    """The inspector's password changes in time: 40 days old, good for 90. `holder` adds the bastion's."""
    today = int(time.time() // 86400)
    people = JUMP if host.name == BASTION else INSPECTOR
    locked = ["root", "daemon", "sshd", "nobody", *(name for name in ACCOUNTS if name != INSPECTOR)]
    return f"{people}:*:{today - 40}:1:90:7:::\n" + "".join(
        f"{name}:!*:{today - 400}:0:99999:7:::\n" for name in locked
    )


def _fstab(host: Host) -> str:
    disks = {"/": "/dev/vda1", "/data": "/dev/vdb1", **host.mounts}
    lines = [f"{device} {point.replace(' ', chr(92) + '040')} ext4 defaults 0 2" for point, device in disks.items()]
    return "\n".join([*lines, "/dev/vda2 none swap sw 0 0", "overlay /usr overlay ro 0 0"]) + "\n"


def _sshd(host: Host) -> str:
    mine = (
        f"AllowUsers {JUMP}\nPasswordAuthentication yes\nPubkeyAuthentication no\nAllowTcpForwarding local\n"
        f"PermitOpen {' '.join(f'{one.address}:22' for one in HOSTS)}\nPermitTTY no\nMaxSessions 0\n"
        if host.name == BASTION
        else f"AllowUsers {INSPECTOR}\nPasswordAuthentication no\nAllowTcpForwarding no\n"
    )
    words = f"SetEnv {host.environment}\n" if host.environment else ""
    return (
        "HostKey /etc/ssh/ssh_host_ed25519_key\nPidFile none\nUsePAM no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin no\nUseDNS no\nPrintMotd no\nX11Forwarding no\nAllowAgentForwarding no\n"
        "ClientAliveInterval 300\nAcceptEnv LANG LC_*\nLogLevel VERBOSE\nSubsystem sftp internal-sftp\n"
        f"{mine}{words}"
    )


_RSYSLOG = """\
module(load="imuxsock" SysSock.RateLimit.Interval="0")
$WorkDirectory /var/spool/rsyslog
$FileCreateMode 0640
auth,authpriv.* /var/log/auth.log
*.*;auth,authpriv.none -/var/log/syslog
cron.* /var/log/cron.log
kern.* -/var/log/kern.log
"""
_SUDOERS = f"""\
Defaults !syslog
{INSPECTOR} ALL=(root) NOPASSWD: /usr/bin/lastb, /usr/sbin/sshd -T, /usr/bin/cut -d\\: -f1\\,3\\,5\\,8 /etc/shadow, \
/usr/bin/cat /etc/redis/redis.conf
"""
