"""FAKES for the rehearsal: a MongoDB and an Elasticsearch that want a login, and say what the real ones say, in Perl.

Neither is among the practice hosts' packages. What they answer is written from the documentation: MongoDB's wire
protocol (OP_MSG) and `listDatabases`, Elasticsearch 7.17's root document and its security. Everybody may list where the
file `OPEN` plus the name is there.
"""

from rehearsal.hosts.daemons.service import Files, Service, kill, wait_for
from rehearsal.hosts.roster import Host

OPEN = "/etc/practice-open-"
LISTEN = """\
#!/usr/bin/perl
# A FAKE for the rehearsal.
use strict; use warnings; use IO::Socket::INET;
my $door = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => PORT, Listen => 16, ReuseAddr => 1) or die $!;
$SIG{CHLD} = 'IGNORE';
while (1) {
    my $line = $door->accept or next;
    if (fork) { close $line; next }
    close $door;
    answer($line);
    exit;
}
"""
_ELASTICSEARCH = r"""
sub answer {
    my $line = shift;
    my $request = <$line> or return;
    while (my $header = <$line>) { last if $header =~ /^\r?\n$/ }
    my ($status, $more, $body) = ('401 Unauthorized', "WWW-Authenticate: Basic realm=\"security\"\r\n",
        '{"error":{"type":"security_exception","reason":"missing authentication credentials"},"status":401}');
    ($status, $more, $body) = ('200 OK', '', '{"name":"node-1","cluster_name":"rehearsal","cluster_uuid":"example",'
        . '"version":{"number":"7.17.0"},"tagline":"You Know, for Search"}') if -e 'OPENelasticsearch';
    print $line "HTTP/1.1 $status\r\n${more}content-type: application/json; charset=UTF-8\r\ncontent-length: "
        . length($body) . "\r\n\r\n" . ($request =~ /^HEAD/ ? '' : $body);
}
"""
# BSON: a document is its length, its elements and a zero; an element is its kind, its name and its value.
_MONGODB = r"""
sub document { my $inside = join '', @_; return pack('V', length($inside) + 5) . $inside . "\0" }
sub text { my ($name, $value) = @_; return "\2$name\0" . pack('V', length($value) + 1) . "$value\0" }
sub fine { return "\1ok\0" . pack('d<', shift) }
sub answer {
    my $line = shift;
    while (read($line, my $head, 16) == 16) {
        my ($length, $id) = unpack 'V2', $head;
        read($line, my $body, $length - 16) == $length - 16 or return;
        my $reply = document(fine(1));
        if ($body =~ /listDatabases/) {
            my $name = $body =~ /filter/ ? '' : "\3" . "0\0" . document(text('name', 'app'));
            $reply = -e 'OPENmongodb' ? document("\4databases\0" . document($name), fine(1))
                : document(fine(0), text('errmsg', 'command listDatabases requires authentication'),
                           "\20code\0" . pack('V', 13), text('codeName', 'Unauthorized'));
        }
        $reply = pack('V', 0) . "\0$reply";
        print $line pack('V4', 16 + length($reply), 1, $id, 2013) . $reply;
        $line->flush;
    }
}
"""


def _store(name: str, port: int, answer: str) -> Service:
    program = f"/usr/local/lib/practice/{name}.pl"
    text = (LISTEN + answer).replace("PORT", str(port)).replace("OPEN", OPEN)

    def files(_host: Host, _supplies: object) -> Files:
        return [(program, text, "755", "")]

    start = f"$AS_TOMCAT {program} >/dev/null 2>&1 </dev/null &\necho $! >/run/{name}.pid\n"
    up = wait_for(f"grep -q ':{port:04X} 0*:0000 0A' /proc/net/tcp")
    return Service(name, start + up, kill(f"/run/{name}.pid"), files)


SERVICES = (_store("elasticsearch", 9200, _ELASTICSEARCH), _store("mongodb", 27017, _MONGODB))
