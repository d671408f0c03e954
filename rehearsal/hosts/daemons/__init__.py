"""The daemons of the practice hosts: one file each, with their configuration and how to start and stop them."""

from rehearsal.hosts.daemons import backups, base, mariadb, nginx, postgresql, redis, stores, tomcat
from rehearsal.hosts.daemons.service import Files, Service, Supplies
from rehearsal.hosts.roster import Host

SERVICES = {
    one.name: one for one in (*base.SERVICES, nginx.NGINX, redis.REDIS, mariadb.PRIMARY, mariadb.REPLICA,
                              postgresql.POSTGRESQL, tomcat.TOMCAT, *stores.SERVICES, *backups.SERVICES)
}  # fmt: skip


def of(host: Host) -> list[Service]:
    """In the order of their start."""
    return [*base.SERVICES, *(SERVICES[name] for name in host.services)]


def files(host: Host, supplies: Supplies) -> Files:
    """The configuration of all its daemons, and the scripts that start and stop them."""
    found: Files = []
    for service in of(host):
        found += service.files(host, supplies)
        for word, script in (("start", service.start), ("stop", service.stop)):
            found.append((f"/usr/local/lib/practice/{word}-{service.name}", f"#!/bin/sh\nset -e\n{script}", "755", ""))
    return found


def boot(host: Host) -> str:
    """What a host does when it has been switched on."""
    return "set -e\n" + "\n".join(f"/usr/local/lib/practice/start-{service.name}" for service in of(host))
