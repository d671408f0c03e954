"""What a sound host has besides: policy for accounts, logs that go elsewhere, a list of packages, signatures.

Nothing here changes how a practice host works: nobody logs in through PAM, and its rsyslogd reads no drop-ins, for
there is nobody to send to.
"""

_PACKAGE = """\
Package: {}
Status: install ok installed
Maintainer: Example <packages@debian.example>
Architecture: amd64
Version: {}
Description: a practice host's

"""
_PACKAGES = {
    "base-files": "12.4+deb12u5", "cron": "3.0pl1-162", "dpkg": "1.21.22", "openssh-server": "1:9.2p1-2+deb12u3",
    "openssl": "3.0.15-1~deb12u1", "rsyslog": "8.2302.0-1", "sudo": "1.9.13p3-1+deb12u1",
}  # fmt: skip

FILES = {
    "/etc/pam.d/common-auth": "auth required pam_faillock.so preauth\n"
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
    "/etc/pam.d/common-password": "password requisite pam_pwquality.so retry=3\n"
    "password required pam_pwhistory.so remember=5 use_authtok\npassword required pam_unix.so use_authtok yescrypt\n",
    "/etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid group=wheel\n",
    "/etc/security/faillock.conf": "deny = 5\nunlock_time = 600\n",
    "/etc/security/pwquality.conf": "minlen = 10\nminclass = 3\n",
    "/etc/audit/audit.rules": "-w /etc/passwd -p wa -k identity\n-w /etc/sudoers -p wa -k privilege\n",
    "/etc/logrotate.d/rsyslog": "/var/log/syslog /var/log/auth.log {\n    rotate 26\n    weekly\n    compress\n}\n",
    "/etc/rsyslog.d/90-forward.conf": "*.* @@log.example:6514\n",
    "/var/lib/clamav/daily.cld": "A FAKE for the rehearsal: signatures of the day the host was started.\n",
    "/var/lib/dpkg/status": "".join(_PACKAGE.format(*one) for one in _PACKAGES.items()),
}
"""Path → content, on every host."""
