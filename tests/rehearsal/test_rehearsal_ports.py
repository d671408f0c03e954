"""The practice hosts' service ports, from the bastion's place: open exactly while a daemon listens there."""

import pytest

from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.mirror import PORTS
from rehearsal.hosts.roster import BASTION, HOSTS, host_named

SERVICES = {"nginx": {80, 443}, "redis": {6379}, "mariadb": {3306}, "mariadb-replica": {3306}, "postgresql": {5432}}


def answers(hosts: HostEstate, host: str, port: int, words: str = "") -> str:
    """What comes back at the host's address in the computer centre; "refused" where nothing listens."""
    talk = f"exec 3<>/dev/tcp/{host_named(host).address}/{port} && printf '{words}' >&3 && timeout 5 head -n 1 <&3"
    said = hosts.console(BASTION, f'bash -c "{talk}" 2>&1')[1].strip()
    return "refused" if "Connection refused" in said else said


def open_ports(hosts: HostEstate) -> dict[str, set[int]]:
    scan = f"for p in 22 {' '.join(map(str, PORTS))}; do (exec 3<>/dev/tcp/$1/$p) 2>/dev/null && echo $1 $p; done; true"
    names = {host.address: host.name for host in HOSTS}
    out = hosts.console(BASTION, f"for a in {' '.join(names)}; do bash -c '{scan}' - $a; done")[1]
    found: dict[str, set[int]] = {name: set() for name in names.values()}
    for line in out.splitlines():
        address, port = line.split()
        found[names[address]].add(int(port))
    return found


def test_what_listens_on_a_host_is_open_in_the_centre_and_nothing_else(hosts: HostEstate) -> None:
    expected = {host.name: {22}.union(*(SERVICES.get(name, set()) for name in host.services)) for host in HOSTS}
    expected["oa-app-01"].add(8080)
    hosts.console("oa-app-01", "until grep -q ':1F90 ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done")
    assert open_ports(hosts) == expected


def test_the_daemon_itself_answers_and_does_not_take_the_caller_for_the_host_itself(hosts: HostEstate) -> None:
    assert answers(hosts, "oa-cache-01", 6379, r"PING\r\n").startswith("-NOAUTH")
    assert answers(hosts, "oa-web-01", 80, r"GET / HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK"
    assert answers(hosts, "oa-web-01", 80, r"GET /nginx_status HTTP/1.0\r\n\r\n") == "HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize(("fault", "port"), [("oa-web-01:nginx-stopped", 443), ("mobile-cache-01:redis-stopped", 6379)])
def test_a_service_that_is_off_refuses(hosts: HostEstate, fault: str, port: int) -> None:
    hosts.fault(fault)
    assert answers(hosts, fault.partition(":")[0], port) == "refused"
    hosts.clear(fault)
    assert port in open_ports(hosts)[fault.partition(":")[0]]


def test_what_listens_on_loopback_only_stays_inside(hosts: HostEstate) -> None:
    script = "busybox httpd -f -p {}:21 -h /mnt >/dev/null 2>&1 & echo $! >/run/practice/httpd; sleep 0.2"
    end = "kill $(cat /run/practice/httpd); sleep 0.1"
    hosts.console("oa-app-02", script.format("127.0.0.1"))
    assert 21 not in open_ports(hosts)["oa-app-02"]
    hosts.console("oa-app-02", end)
    hosts.console("oa-app-02", script.format("0.0.0.0"))
    assert 21 in open_ports(hosts)["oa-app-02"]
    hosts.console("oa-app-02", end)
    assert 21 not in open_ports(hosts)["oa-app-02"]
