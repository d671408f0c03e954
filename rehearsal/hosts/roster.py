"""Who the practice hosts are: names, addresses, shells, services, and what is peculiar about each."""

from dataclasses import dataclass, field

from rehearsal.errors import RehearsalError

BASTION = "bastion"
JUMP, INSPECTOR = "jump", "inspector"
BASTION_PORT_AFTER = 22  # the bastion listens on the base port plus this


@dataclass(frozen=True)
class Host:
    """One practice host. `root_mb` and `data_mb` are the sizes of its two file systems, `hidden` programs it lacks."""

    name: str
    address: str
    services: tuple[str, ...] = ()
    login_shell: str = "/bin/bash"
    root_mb: int = 24
    data_mb: int = 24
    hidden: tuple[str, ...] = ()
    busybox: bool = False
    mounts: dict[str, str] = field(default_factory=dict)  # more file systems: mount point → device
    certificate: bool = False
    environment: str = ""


HOSTS: tuple[Host, ...] = (
    Host("oa-web-01", "127.0.1.11", ("nginx",), certificate=True),
    Host("oa-app-01", "127.0.1.12", ("tomcat", "attachment-backups"), root_mb=48),
    Host("oa-app-02", "127.0.1.13", login_shell="/bin/sh", hidden=("bin/ss", "bin/systemctl", "bin/timedatectl",
                                                               "bin/chronyc")),
    Host("oa-db-01", "127.0.1.14", ("mariadb", "mariadb-backups"), data_mb=256),
    Host("oa-db-02", "127.0.1.15", ("mariadb-replica", "mariadb-replica-backups"), data_mb=256),
    Host("oa-cache-01", "127.0.1.16", ("redis", "redis-backups"), login_shell="/bin/sh"),
    Host("mobile-gw-01", "127.0.1.21", ("nginx", "borg-backups"), certificate=True),
    Host("mobile-app-01", "127.0.1.22", login_shell="/bin/ash", busybox=True, hidden=(
        "bin/bash", "bin/ss", "bin/perl", "bin/python3", "bin/systemctl", "bin/timedatectl")),
    Host("mobile-cache-01", "127.0.1.23", ("redis",)),
    Host("mobile-db-01", "127.0.1.24", ("postgresql", "postgresql-backups"), data_mb=192),
    Host("archive-app-01", "127.0.1.31", ("nginx", "elasticsearch", "mongodb", "restic-backups"), certificate=True,
         mounts={"/srv/scan data": "/dev/vdc1"}, environment="LANG=zh_CN.UTF-8"),
    Host("archive-db-01", "127.0.1.32", ("postgresql", "postgresql-custom-backups"), data_mb=192),
)  # fmt: skip

BY_NAME = {host.name: host for host in HOSTS}
GATE = Host(BASTION, "127.0.0.1", root_mb=8, data_mb=4)


def host_named(name: str) -> Host:
    """The host of this name; one that is not there raises."""
    if name not in BY_NAME:
        raise RehearsalError(f"演练环境没有主机“{name}”。有：{'、'.join(BY_NAME)}")
    return BY_NAME[name]


def bastion_port(base_port: int) -> int:
    """Where the bastion listens on the machine's own loopback: the only door to the hosts."""
    return base_port + BASTION_PORT_AFTER
