"""The practice computer centre: a network of its own, in it one process per host, and the bastion as its only door."""

import os
import socket
import sys

from rehearsal.hosts import kernel, picture, relay
from rehearsal.hosts.daemons import backups, mariadb
from rehearsal.hosts.holder import hold
from rehearsal.hosts.identity import Identity
from rehearsal.hosts.mirror import Mirror
from rehearsal.hosts.rooms import Rooms
from rehearsal.hosts.roster import BASTION, BY_NAME, GATE, HOSTS, Host

EVERYTHING = kernel.NEW_MOUNTS | kernel.NEW_UTS | kernel.NEW_IPC | kernel.NEW_PIDS
BACKLOG = 128
# folders that two hosts have in common: one with the relay beside the replica, one as a file server would give it
SHARED = {
    mariadb.PRIMARY_HOST: {"/run/mysqld": "mysqld", backups.AWAY: "offsite"},
    "oa-cache-01": {backups.OFFSITE: "offsite"},
}
REMEDY = (
    "本机不允许建立命名空间，演练主机不能启动（{why}）。以 root 运行，或请管理员放开："
    "sysctl -w kernel.unprivileged_userns_clone=1（Debian）、"
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0（Ubuntu）、sysctl -w user.max_user_namespaces=15000；"
    "容器里需要 --privileged 或 --security-opt seccomp=unconfined --cap-add SYS_ADMIN。"
)


def start(
    rooms: Rooms, entrance: socket.socket, channels: dict[str, socket.socket], not_theirs: list[socket.socket]
) -> int:
    """Fork the centre and return its process id. All of it ends with that process, and that one with us."""
    who = Identity.mine()
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    for end in not_theirs:
        end.close()
    try:
        _run(rooms, who, entrance, channels)
    except OSError as error:
        sys.stderr.write(REMEDY.format(why=error) + "\n")
    except BaseException as error:
        sys.stderr.write(f"演练主机没有启动：{type(error).__name__}: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(3)


def _run(rooms: Rooms, who: Identity, entrance: socket.socket, channels: dict[str, socket.socket]) -> None:
    os.setsid()
    os.umask(0o022)  # hosts have accounts of their own, whoever starts them
    kernel.unshare(EVERYTHING | kernel.NEW_NETWORK | (0 if who.is_root else kernel.NEW_USER))
    if not who.is_root:
        kernel.map_one(0, 0, outside=(who.uid, who.gid))
    kernel.die_with_parent()  # only now: taking other rights forgets it
    kernel.fork_and_wait()
    kernel.make_private()
    kernel.mount("proc", "/proc", "proc", kernel.NO_SUID | kernel.NO_DEV | kernel.NO_EXEC)
    kernel.mount("shared", rooms.shared, "tmpfs", kernel.NO_SUID | kernel.NO_DEV, "size=1m,mode=755")
    for name in {name for folders in SHARED.values() for name in folders.values()}:
        (rooms.shared / name).mkdir()
    kernel.loopback_up()
    doors = {host.name: _listen(host.address) for host in HOSTS} | {BASTION: entrance}
    for host in (GATE, *HOSTS):
        if os.fork() == 0:
            kernel.die_with_parent()
            _host(rooms, who, host, doors, channels)
    for line in (*doors.values(), *channels.values()):
        line.close()  # the hosts have theirs
    while True:
        os.wait()


def _host(
    rooms: Rooms, who: Identity, host: Host, doors: dict[str, socket.socket], channels: dict[str, socket.socket]
) -> None:
    """Leave everything that is shared, and be the host."""
    for name in doors.keys() - {host.name}:
        doors[name].close()
    for name in channels.keys() - {host.name}:
        channels[name].close()
    mirror = None if host is GATE else Mirror(host.address)
    kernel.unshare(EVERYTHING | (0 if host is GATE else kernel.NEW_NETWORK))
    kernel.fork_and_wait()
    socket.sethostname(host.name)
    mine = [doors[host.name]]
    if host is not GATE:
        kernel.loopback_up()
        kernel.add_card()
    if host.name == mariadb.REPLICA_HOST:
        relay.start(BY_NAME[mariadb.PRIMARY_HOST].address, mariadb.PORT, str(rooms.shared / "mysqld"), "mysqld.sock")
    if host is not GATE:
        mine.append(_listen("0.0.0.0"))  # noqa: S104 (in a network of one's own)
    shared = {point: rooms.shared / name for point, name in SHARED.get(host.name, {}).items()}
    picture.build(host, who, rooms.mount_point, rooms.keys, shared)
    hold(host, who, channels[host.name], mine, mirror)


def _listen(address: str) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((address, 22))
    door.listen(BACKLOG)
    return door
