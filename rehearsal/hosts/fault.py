"""What a fault of a practice host is, and the shell words its scripts share."""

from dataclasses import dataclass

from rehearsal.faults import Caught

PRELUDE = """\
P=/run/practice/proc L=/usr/local/lib/practice
mkdir -p /run/practice
logged() { "$L/$1" >"/run/practice/$1.log" 2>&1 </dev/null || { tail -n 5 "/run/practice/$1.log"; return 1; }; }
start() { logged "start-$1"; }
stop() { logged "stop-$1"; }
tell() { sed "$2" "$P/$1" >/run/practice/told && cat /run/practice/told >"$P/$1"; }
untell() { cat "/run/practice/proc.orig/$1" >"$P/$1"; }
cover() { chmod 755 "$1"; mount --bind "$1" "$2"; }
again() { stop "$1"; start "$1"; }
weaken() {
    [ ! -e "$1.sound" ] || { echo "$1: another fault is on"; exit 1; }
    cat >/run/practice/told
    cp -p "$1" "$1.sound"
    cat /run/practice/told >"$1"
}
mend() { [ ! -e "$1.sound" ] || { cat "$1.sound" >"$1"; rm -f "$1.sound"; }; }
uncover() { umount -l "$1" 2>/dev/null || true; }
beside() { "$@" >/dev/null 2>&1 </dev/null & echo $! >>/run/practice/beside; }
end_beside() {
    [ ! -e /run/practice/beside ] || for p in $(cat /run/practice/beside); do
        kill -9 "$p" 2>/dev/null || true
        while grep -qs ') [^ZX] ' /proc/$p/task/*/stat; do sleep 0.02; done
    done
    rm -f /run/practice/beside
}
keep() {
    [ ! -e "/run/practice/kept$1" ] || { echo "$1: another fault is on"; exit 1; }
    mkdir -p "/run/practice/kept${1%/*}"
    cp -a "$1" "/run/practice/kept$1"
}
back() {
    [ -e "/run/practice/kept$1" ] || return 0
    find "$1" -mindepth 1 -delete
    cp -a "/run/practice/kept$1/." "$1/"
    rm -rf "/run/practice/kept$1"
}
"""


@dataclass(frozen=True)
class HostFault:
    """`on` and `off` are scripts; `caught_by` says what must be reported: (target, item, state); the target is a
    host, a backup of the contract, or what a probe is turned on."""

    name: str
    title: str
    caught_by: tuple[Caught, ...]
    on: str
    off: str

    @property
    def host(self) -> str:
        return self.name.partition(":")[0]


def fault(name: str, title: str, verdict: str, on: str, off: str) -> HostFault:
    """`verdict` names items and states, "OS08 CRIT, OS09 WARN", all of the host itself."""
    host = name.partition(":")[0]
    caught = tuple((host, *pair.split()) for pair in verdict.split(","))
    return HostFault(name, title, caught, on, off)  # type: ignore[arg-type]
