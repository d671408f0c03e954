"""Tomcat at port 8080, of the machine's packages, with a folder of its own: /opt/tomcat. Sound by default.

It runs as the inspector, since jstat answers a JVM's owner only. A JVM takes a while: nobody waits for it.
"""

from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill
from rehearsal.hosts.roster import Host

_SERVER = """\
<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="8080" address="0.0.0.0" protocol="HTTP/1.1" maxThreads="8" minSpareThreads="1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false">
        <Valve className="org.apache.catalina.valves.ErrorReportValve" showReport="false" showServerInfo="false"/>
      </Host>
    </Engine>
  </Service>
</Server>
"""
_WEB = """\
<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0" metadata-complete="true">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <init-param><param-name>readonly</param-name><param-value>true</param-value></init-param>
    <init-param><param-name>listings</param-name><param-value>false</param-value></init-param>
    <init-param><param-name>showServerInfo</param-name><param-value>false</param-value></init-param>
  </servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
  <filter>
    <filter-name>headers</filter-name>
    <filter-class>org.apache.catalina.filters.HttpHeaderSecurityFilter</filter-class>
    <init-param><param-name>antiClickJackingOption</param-name><param-value>SAMEORIGIN</param-value></init-param>
  </filter>
  <filter-mapping><filter-name>headers</filter-name><url-pattern>/*</url-pattern></filter-mapping>
  <welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>
</web-app>
"""
_LOGGING = """\
handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = INFO
java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter
"""


def _files(host: Host, _supplies: Supplies) -> Files:
    return [
        ("/opt/tomcat/conf/server.xml", _SERVER, "644", ""),
        ("/opt/tomcat/conf/web.xml", _WEB, "644", ""),
        ("/opt/tomcat/conf/logging.properties", _LOGGING, "644", ""),
        ("/opt/tomcat/webapps/ROOT/index.html", f"<!doctype html><title>{host.name}</title>\n", "644", ""),
        ("/opt/tomcat/webapps/ROOT/files/readme.txt", "这里放可以公开下载的文件。\n", "644", ""),
    ]


_START = """\
mkdir -p /opt/tomcat/logs /opt/tomcat/temp /opt/tomcat/work
[ "$MODE" = user ] || chown -R inspector:inspector /opt/tomcat
share=/usr/share/tomcat10
[ -e $share/bin/bootstrap.jar ] || share=/usr/share/tomcat9
cd /opt/tomcat
$AS_INSPECTOR java -Xms16m -Xmx64m -Xss256k -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \\
    -Djava.util.logging.config.file=/opt/tomcat/conf/logging.properties \\
    -Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager \\
    -Dcatalina.home=$share -Dcatalina.base=/opt/tomcat -Djava.io.tmpdir=/opt/tomcat/temp \\
    -cp $share/bin/bootstrap.jar:$share/bin/tomcat-juli.jar org.apache.catalina.startup.Bootstrap start \\
    >>/opt/tomcat/logs/catalina.out 2>&1 </dev/null &
echo $! >/run/tomcat.pid
"""
TOMCAT = Service("tomcat", _START, kill("/run/tomcat.pid"), _files)
