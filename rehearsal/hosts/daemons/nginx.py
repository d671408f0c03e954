"""nginx with a certificate: ports 80, which only leads to 443, and 443. Sound by default.

What a fault makes weak stands in a file of its own under `PARTS`, so that one may be weak while the others are not.
"""

from rehearsal.certs import KINDS
from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill, wait_for
from rehearsal.hosts.roster import Host

PEM, KEY = "/etc/ssl/xunjian/web.pem", "/etc/ssl/xunjian/web.key"
PARTS = "/etc/nginx/practice"
_CONF = f"""\
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types;
    include {PARTS}/tokens.conf;
    charset utf-8;
    access_log /var/log/nginx/access.log combined;
    client_body_temp_path /var/lib/nginx/body;
    proxy_temp_path /var/lib/nginx/proxy;
    fastcgi_temp_path /var/lib/nginx/fastcgi;
    uwsgi_temp_path /var/lib/nginx/uwsgi;
    scgi_temp_path /var/lib/nginx/scgi;
    include {PARTS}/headers.conf;
    server {{
        listen ADDRESS:80;
        listen 127.0.0.1:80;
        location = /nginx_status {{ stub_status; allow 127.0.0.1; deny all; access_log off; }}
        location / {{ return 301 https://$host$request_uri; }}
    }}
    server {{
        listen ADDRESS:443 ssl;
        ssl_certificate {PEM};
        ssl_certificate_key {KEY};
        include {PARTS}/tls.conf;
        root /var/www/html;
        include {PARTS}/errors.conf;
        location / {{ try_files $uri $uri/ =404; }}
        location /files/ {{ include {PARTS}/listing.conf; }}
        location = /login {{
            include {PARTS}/headers.conf;
            include {PARTS}/cookie.conf;
            default_type text/html;
            return 200 '<!doctype html><title>登录</title><form method="post"><input name="user"></form>';
        }}
        include {PARTS}/more/*.conf;
    }}
}}
"""
_PARTS = {
    "tokens": "server_tokens off;\n",
    "tls": "ssl_protocols TLSv1.2 TLSv1.3;\nssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n",
    "errors": "",
    "listing": "autoindex off;\n",
    # an example, not a session: nobody is logged in by it
    "cookie": "add_header Set-Cookie 'SESSION=example; Path=/; Secure; HttpOnly; SameSite=Lax' always;\n",
    "headers": """\
add_header Strict-Transport-Security 'max-age=31536000; includeSubDomains' always;
add_header X-Content-Type-Options nosniff always;
add_header X-Frame-Options SAMEORIGIN always;
add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'self'" always;
add_header Referrer-Policy same-origin always;
""",
}


def _files(host: Host, supplies: Supplies) -> Files:
    spare = "/usr/local/lib/practice"
    return [
        ("/etc/nginx/nginx.conf", _CONF.replace("ADDRESS", host.address), "644", ""),
        *((f"{PARTS}/{name}.conf", text, "644", "") for name, text in _PARTS.items()),
        (PEM, supplies.certificate("valid.pem"), "644", ""),
        (KEY, supplies.certificate("valid.key"), "600", ""),
        *((f"{spare}/{name}.pem", supplies.certificate(f"{name}.pem"), "644", "") for name in KINDS),
        *((f"{spare}/{name}.key", supplies.certificate(f"{name}.key"), "600", "") for name in KINDS),
        ("/var/www/html/index.html", f"<!doctype html><title>{host.name}</title>\n", "644", ""),
        ("/var/www/html/files/readme.txt", "这里放可以公开下载的文件。\n", "644", ""),
    ]


# An ordinary user's nginx is not root even of its own namespace, but ports below 1024 are free to all there.
_START = """\
mkdir -p /var/lib/nginx /var/log/nginx
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
rm -f /run/nginx.pid
if [ "$MODE" = root ]; then nginx -g 'user www-data www-data;'; else $AS_INSPECTOR nginx; fi
"""
# the workers notice that their master is gone only when they next look
_STOP = "for p in $(pgrep -x nginx || pidof nginx || true); do kill -9 $p 2>/dev/null || true; done\n"

NGINX = Service("nginx", _START + wait_for("test -s /run/nginx.pid"), _STOP + kill("/run/nginx.pid"), _files)
