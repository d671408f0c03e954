"""nginx with a certificate: ports 80 and 443."""

from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill, wait_for
from rehearsal.hosts.roster import Host

PEM = "/etc/ssl/xunjian/web.pem"
_CONF = """\
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
events { worker_connections 64; }
http {
    include /etc/nginx/mime.types;
    server_tokens off;
    access_log /var/log/nginx/access.log combined;
    client_body_temp_path /var/lib/nginx/body;
    proxy_temp_path /var/lib/nginx/proxy;
    fastcgi_temp_path /var/lib/nginx/fastcgi;
    uwsgi_temp_path /var/lib/nginx/uwsgi;
    scgi_temp_path /var/lib/nginx/scgi;
    server {
        listen ADDRESS:80;
        listen 127.0.0.1:80;
        root /var/www/html;
        location = /nginx_status { stub_status; allow 127.0.0.1; deny all; access_log off; }
    }
    server {
        listen ADDRESS:443 ssl;
        ssl_certificate /etc/ssl/xunjian/web.pem;
        ssl_certificate_key /etc/ssl/xunjian/web.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        root /var/www/html;
    }
}
"""


def _files(host: Host, supplies: Supplies) -> Files:
    return [
        ("/etc/nginx/nginx.conf", _CONF.replace("ADDRESS", host.address), "644", ""),
        (PEM, supplies.certificate("valid.pem"), "644", ""),
        ("/etc/ssl/xunjian/web.key", supplies.certificate("valid.key"), "600", ""),
        ("/usr/local/lib/practice/expired.pem", supplies.certificate("expired.pem"), "644", ""),
        ("/usr/local/lib/practice/expiring.pem", supplies.certificate("expiring.pem"), "644", ""),
        ("/usr/local/lib/practice/valid.pem", supplies.certificate("valid.pem"), "644", ""),
        ("/var/www/html/index.html", f"<!doctype html><title>{host.name}</title>\n", "644", ""),
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
