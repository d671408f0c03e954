"""Programs of a practice host that are not the machine's: stand-ins for what cannot run here, and BusyBox's applets.

Each stand-in says in its second line that it is one.
"""

import shutil
import subprocess

from rehearsal.hosts.roster import BASTION, Host

_SYSTEMCTL = """\
#!/bin/sh
# A FAKE for the rehearsal: a practice host has no systemd. Failed units stand in /run/practice/failed-units, what
# `show` says of a unit in /run/practice/units/NAME.
show() {
    for word in "$@"; do
        case $word in
            *.service|*.socket)
                if [ -e "/run/practice/units/$word" ]; then cat "/run/practice/units/$word"
                else printf 'Id=%s\\nLoadState=not-found\\nActiveState=inactive\\nUnitFileState=\\n\\n' "$word"; fi ;;
        esac
    done
}
case " $* " in
    *" --state=failed "*|*" --failed "*) cat /run/practice/failed-units 2>/dev/null ;;
    *" show "*) show "$@" ;;
    *" is-active "*|*" is-system-running "*) [ -s /run/practice/failed-units ] && echo degraded || echo running ;;
esac
exit 0
"""
_CHRONYC = """\
#!/bin/sh
# A FAKE for the rehearsal: a practice host sets no clock. What it answers stands in /run/practice/chrony.
case " $* " in *" -c "*) fields=1 ;; *) fields= ;; esac
if [ -e /run/practice/chrony ]; then . /run/practice/chrony; else offset=0.000021 stratum=3 leap=Normal id=7F000001; fi
if [ "$fields" ]; then
    echo "$id,127.0.0.1,$stratum,1700000000.0,$offset,$offset,0.000012,-11.2,0.001,0.03,0.0009,0.0002,64.2,$leap"
    exit 0
fi
cat <<EOF
Reference ID    : $id (127.0.0.1)
Stratum         : $stratum
Ref time (UTC)  : $(date -u '+%a %b %d %H:%M:%S %Y')
System time     : $offset seconds slow of NTP time
Last offset     : -$offset seconds
RMS offset      : 0.000012000 seconds
Frequency       : 11.200 ppm slow
Residual freq   : -0.001 ppm
Skew            : 0.030 ppm
Root delay      : 0.000900000 seconds
Root dispersion : 0.000200000 seconds
Update interval : 64.2 seconds
Leap status     : $leap
EOF
"""
_DMESG = """\
#!/bin/sh
# A FAKE for the rehearsal: the kernel's log is the machine's. What is shown here stands in /run/practice/dmesg.
[ -r /run/practice/dmesg ] && case " $* " in
    *" -r "*) cat /run/practice/dmesg ;;
    *) sed 's/^<[0-9]*>//' /run/practice/dmesg ;;
esac
exit 0
"""
_TIMEDATECTL = """\
#!/bin/sh
# A FAKE for the rehearsal: a practice host has no systemd. It agrees with chronyc's stand-in.
grep -qs 'leap="*Not' /run/practice/chrony && synced=no || synced=yes
case " $* " in
    *" show "*) printf 'Timezone=Asia/Shanghai\\nNTP=yes\\nNTPSynchronized=%s\\n' "$synced" ;;
    *) printf 'System clock synchronized: %s\\n              NTP service: active\\n' "$synced" ;;
esac
"""
_NTPQ = """\
#!/bin/sh
# A FAKE for the rehearsal: a practice host sets no clock.
cat <<'EOF'
     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
*127.0.0.1       127.0.1.1        2 u   17   64  377    0.412    0.021   0.012
EOF
"""
# the machine's journal is not a practice host's
NOWHERE = ("bin/journalctl",)
# BusyBox has these too, but a host's own daemons and our start-up want the real ones
_KEEP = {"unshare", "setpriv", "mount", "umount", "nsenter", "busybox", "openssl"}


def programs(host: Host) -> dict[str, str]:
    """Stand-ins, by path under /usr."""
    if host.name == BASTION:
        return {}
    found = {"bin/dmesg": _DMESG}
    found |= {"bin/ntpq": _NTPQ} if "bin/chronyc" in host.hidden else {"bin/chronyc": _CHRONYC}
    if not host.busybox and "bin/systemctl" not in host.hidden:
        found |= {"bin/systemctl": _SYSTEMCTL, "bin/timedatectl": _TIMEDATECTL}
    return found


def links(host: Host) -> dict[str, str]:
    """Symbolic links, by path under /usr: on a BusyBox host every applet is BusyBox's."""
    if not host.busybox:
        return {}
    box = shutil.which("busybox") or "/bin/busybox"
    listed = subprocess.run([box, "--list-full"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    applets = [path for path in listed.split() if path.rpartition("/")[2] not in _KEEP]
    inside = [path.removeprefix("usr/") for path in applets]
    return {path: "/bin/busybox" for path in inside if path.startswith(("bin/", "sbin/"))}
