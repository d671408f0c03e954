"""Weaknesses for the retest. Consoles, MongoDB and Elasticsearch are FAKES, see `consoles` and `daemons.stores`.

`caught_by`: (what the probe is turned on, its id, the verdict). Each touches files of its own, so that several may be
on at once; what is seen on the host itself is in `broken_probes`.
"""

from rehearsal.hosts.broken_probes import PROBE_FAULTS
from rehearsal.hosts.broken_services import TOMCAT_UP
from rehearsal.hosts.consoles import CONSOLES
from rehearsal.hosts.daemons import nginx, redis, stores
from rehearsal.hosts.daemons.service import wait_for
from rehearsal.hosts.fault import HostFault
from rehearsal.hosts.mirror import SHUT

_SSHD, _KEY = "/etc/ssh/sshd_config", "/etc/ssh/ssh_host_ed25519_key"


def _fault(name: str, title: str, verdict: str, on: str, off: str) -> HostFault:
    """`verdict`: target, probe and state; several are separated by commas."""
    caught = tuple(tuple(one.split()) for one in verdict.split(",") if one)
    return HostFault(name, title, caught, on, off)  # type: ignore[arg-type]


def _nginx(name: str, title: str, verdict: str, part: str, text: str) -> HostFault:
    """Another text for one of nginx's parts."""
    file = f"{nginx.PARTS}/{part}.conf"
    return _fault(name, title, verdict, f"weaken {file} <<'EOF'\n{text}EOF\nagain nginx", f"mend {file}; again nginx")


def _certificate(name: str, title: str, verdict: str, kind: str) -> HostFault:
    on = f"weaken {nginx.PEM} <$L/{kind}.pem; weaken {nginx.KEY} <$L/{kind}.key; again nginx"
    return _fault(name, title, verdict, on, f"mend {nginx.PEM}; mend {nginx.KEY}; again nginx")


def _console(name: str) -> HostFault:
    title, locations = CONSOLES[name]
    file = f"{nginx.PARTS}/more/{name}.conf"
    on = f"mkdir -p {nginx.PARTS}/more\ncat >{file} <<'EOF'\n{locations}EOF\nagain nginx"
    verdict = f"https://archive-app-01/ {name} CRIT"
    return _fault(f"archive-app-01:{name}", title, verdict, on, f"rm -f {file}; again nginx")


def _tomcat(name: str, title: str, verdict: str, file: str, change: str) -> HostFault:
    on = f"sed '{change}' {file} | weaken {file}\nstop tomcat; {TOMCAT_UP}"
    return _fault(name, title, verdict, on, f"mend {file}; stop tomcat; {TOMCAT_UP}")


def _store(name: str, title: str, target: str) -> HostFault:
    file = f"{stores.OPEN}{name}"
    return _fault(f"archive-app-01:{name}", title, f"{target} {name}-no-login CRIT", f": >{file}", f"rm -f {file}")


# TLS 1.0 needs SHA-1 and MD5, which OpenSSL 3 has at its level 0 only; suites that do not encrypt are there too.
_OLD = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\nssl_ciphers ALL:@SECLEVEL=0;\n"
_WEAK = "ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0;\n"
_COOKIE = "add_header Set-Cookie 'SESSION=example; Path=/' always;\n"
_TRACE = """\
error_page 404 @trace;
location @trace {
    default_type text/html;
    return 404 '<pre>java.lang.NullPointerException: id
    at com.example.oa.DocumentController.show(DocumentController.java:42)
    at org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1064)</pre>';
}
"""
_WEAK_SSH = (
    "sed '/^KexAlg/s/$/,diffie-hellman-group1-sha1/; /^Ciphers/s/$/,aes128-cbc,3des-cbc/;"
    f" /^MACs/s/$/,hmac-sha1,hmac-md5/' {_SSHD} | weaken {_SSHD}"
)
_TELNET = (
    "cat >$L/telnet.pl <<'EOF'\n"
    + stores.LISTEN.replace("PORT", "23")
    + r"""
sub answer { my $line = shift; print $line "\r\nDebian GNU/Linux 12\r\nlogin: "; $line->flush; <$line> }
EOF
beside perl $L/telnet.pl
"""
    + wait_for("grep -q ':0017 0*:0000 0A' /proc/net/tcp")
)

SECURITY_FAULTS: tuple[HostFault, ...] = (
    # --- TLS and certificates -------------------------------------------------------------------------------
    _nginx("oa-web-01:tls-old", "还接受 TLS 1.0 和 1.1", "https://oa-web-01/ tls-min-version CRIT", "tls", _OLD),
    _nginx("mobile-gw-01:tls-weak", "接受匿名的、不加密的套件", "https://mobile-gw-01/ tls-ciphers CRIT",
           "tls", _WEAK),
    _certificate("oa-web-01:certificate-self-signed", "证书是自签名的", "https://oa-web-01/ certificate CRIT",
                 "self-signed"),
    # --- what a web server answers --------------------------------------------------------------------------
    _nginx("oa-web-01:headers-missing", "没有安全响应头", "https://oa-web-01/login http-headers CRIT", "headers", ""),
    _nginx("oa-web-01:cookie-bare", "Cookie 没有 Secure、HttpOnly", "https://oa-web-01/login cookie-flags CRIT",
           "cookie", _COOKIE),
    _nginx("oa-web-01:version-told", "响应头里有 nginx 的版本", "https://oa-web-01/ version-disclosure CRIT", "tokens",
           "server_tokens on;\n"),
    _nginx("oa-web-01:directory-listed", "目录可以列出", "https://oa-web-01/files/ directory-listing CRIT", "listing",
           "autoindex on;\n"),
    _nginx("mobile-gw-01:trace-shown", "错误页显示堆栈", "https://mobile-gw-01/ error-page CRIT", "errors", _TRACE),
    _tomcat("oa-app-01:tomcat-version", "Tomcat 的错误页有版本", "http://oa-app-01:8080/ error-page CRIT",
            "/opt/tomcat/conf/server.xml", 's/showServerInfo="false"/showServerInfo="true"/'),
    _tomcat("oa-app-01:put-allowed", "Tomcat 允许 PUT、DELETE", "http://oa-app-01:8080/ http-methods CRIT",
            "/opt/tomcat/conf/web.xml", "/readonly/s/true/false/"),
    # --- consoles, and what wants no login ------------------------------------------------------------------
    *map(_console, CONSOLES),
    _store("elasticsearch", "Elasticsearch 不用登录", "http://archive-app-01:9200/"),
    _store("mongodb", "MongoDB 不用登录", "archive-app-01:27017"),
    _fault("mobile-cache-01:redis-open", "Redis 没有口令，也不限于本机", "mobile-cache-01:6379 redis-no-login CRIT",
           f"{redis.CLIENT} config set requirepass '' protected-mode no",
           f'redis-cli config set requirepass "$(cat {redis.AUTH})" protected-mode yes'),
    # --- ports and SSH --------------------------------------------------------------------------------------
    _fault("oa-app-02:telnet-open", "telnet 端口开着", "oa-app-02:23 port-closed CRIT", _TELNET, "end_beside"),
    _fault("mobile-db-01:ssh-weak", "SSH 接受弱算法", "mobile-db-01:22 ssh-algorithms CRIT", _WEAK_SSH,
           f"mend {_SSHD}"),
)  # fmt: skip

_HOSTS = dict.fromkeys(one.host for one in (*SECURITY_FAULTS, *PROBE_FAULTS))
CUT_OFF: dict[str, HostFault] = {
    host: _fault(f"{host}:cut-off", "主机断网，什么端口都连不上", "", f": >{SHUT}", f"rm -f {SHUT}") for host in _HOSTS
}
REPLACED: dict[str, HostFault] = {
    host: _fault(f"{host}:replaced", "同一地址上换了一台主机（SSH 密钥不同）", "", f"weaken {_KEY} </etc/ssh/other_key",
                 f"mend {_KEY}") for host in _HOSTS
}  # fmt: skip
"""By host: what must not pass for a repair. Of any probe there a retest says 无法复测."""
