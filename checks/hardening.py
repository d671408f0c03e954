"""How each item of the baseline is mended, and the way back: for a person to review and adapt, never run by us.

Commands are for root, Debian's way first where systems differ. Every file is copied before it is changed, so that the
way back is to copy it over again.
"""

from typing import NamedTuple


class Remedy(NamedTuple):
    """In words; commands to review; the way back."""

    text: str
    commands: tuple[str, ...]
    undo: tuple[str, ...]


def _file(path: str, text: str, *commands: str, then: str = "") -> Remedy:
    """A change of one file, with a copy beside it."""
    after = (then,) if then else ()
    return Remedy(text, (f"cp -p {path} {path}.before", *commands, *after), (f"cp -p {path}.before {path}", *after))


_SSHD = "/etc/ssh/sshd_config"
_RELOAD = "sshd -t && systemctl reload ssh || systemctl reload sshd"
_KEEP_A_SESSION = "先另开一个已登录的会话，改完用新会话试登录，再关旧会话。"

REMEDIES: dict[str, Remedy] = {
    "B01": Remedy("给重复的账号换 UID，并改它的文件的属主；删去 root 以外 UID 为 0 的账号。",
                  ("awk -F: 'seen[$3]++ || ($3 == 0 && $1 != \"root\")' /etc/passwd", "usermod -u 新UID 账号",
                   "find / -xdev -uid 旧UID -user 账号 -exec chown -h 新UID {} +"),
                  ("usermod -u 旧UID 账号", "find / -xdev -uid 新UID -exec chown -h 旧UID {} +")),
    "B02": Remedy("给空口令的账号设口令，不用的锁定。",
                  ("awk -F: '$2 == \"\" { print $1 }' /etc/shadow", "passwd 账号", "passwd -l 账号"),
                  ("passwd -u 账号",)),
    "B03": _file("/etc/security/pwquality.conf", "装 libpam-pwquality（RHEL 系为 libpwquality），写明长度和字符种类。",
                 "apt-get install libpam-pwquality",
                 "printf 'minlen = 8\\nminclass = 3\\n' >>/etc/security/pwquality.conf"),
    "B04": _file("/etc/login.defs", "改缺省期限，再逐个改已有的账号；程序用的账号先与使用者商定换口令的时间。",
                 "sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 90/' /etc/login.defs", "chage -M 90 账号"),
    "B05": _file("/etc/pam.d/common-password",
                 "在 pam_unix 之前加一行（RHEL 系：authselect enable-feature with-pwhistory）。",
                 "sed -i '/pam_unix.so/i password required pam_pwhistory.so remember=5 use_authtok'"
                 " /etc/pam.d/common-password"),
    "B06": _file("/etc/security/faillock.conf",
                 "写明次数和时间，并在 PAM 里启用 pam_faillock（RHEL 系：authselect enable-feature with-faillock）。"
                 + _KEEP_A_SESSION,
                 "printf 'deny = 5\\nunlock_time = 600\\n' >>/etc/security/faillock.conf"),
    "B07": _file(_SSHD, "设命令行和 SSH 的空闲超时。" + _KEEP_A_SESSION,
                 "printf 'TMOUT=600\\nreadonly TMOUT\\nexport TMOUT\\n' >/etc/profile.d/tmout.sh",
                 f"sed -i '1i ClientAliveInterval 300' {_SSHD}", then=_RELOAD),
    "B08": Remedy("停掉并卸载 telnet、rsh、ftp，改用 SSH、SFTP。",
                  ("ss -lntp '( sport = :21 or sport = :23 or sport = :512 or sport = :513 or sport = :514 )'",
                   "systemctl disable --now 服务名"),
                  ("systemctl enable --now 服务名",)),
    "B09": _file(_SSHD, "去掉弱算法；很旧的客户端会连不上，先与使用者核对。" + _KEEP_A_SESSION,
                 f"sed -i '1i Ciphers -*-cbc,arcfour*' {_SSHD}",
                 f"sed -i '1i MACs -hmac-sha1*,hmac-md5*,umac-64*' {_SSHD}",
                 f"sed -i '1i KexAlgorithms -*-sha1' {_SSHD}", then=_RELOAD),
    "B10": Remedy("改回应有的权限，umask 写进 login.defs 和 profile；先记下现在的权限。",
                  ("stat -c '%a %n' /etc/shadow /etc/passwd /etc/group", "chmod 640 /etc/shadow",
                   "chmod 644 /etc/passwd /etc/group", "echo 'umask 027' >/etc/profile.d/umask.sh"),
                  ("chmod 原权限 /etc/shadow", "rm /etc/profile.d/umask.sh")),
    "B11": _file(_SSHD, "禁止 root 直接登录，先确认另有能提权的账号；系统账号改为不能登录。" + _KEEP_A_SESSION,
                 f"sed -i 's/^#\\?PermitRootLogin.*/PermitRootLogin no/' {_SSHD}",
                 "usermod -s /usr/sbin/nologin 系统账号", then=_RELOAD),
    "B12": Remedy("对照名册，锁定多余的账号，一个月后无人用再删。",
                  ("lastlog -b 90", "usermod -L -e 1 账号"), ("usermod -U -e '' 账号",)),
    "B13": _file("/etc/sudoers", "把 NOPASSWD: ALL 换成列明的命令；su 只许 wheel 组。",
                 "visudo", "groupadd -f wheel",
                 "sed -i '1i auth required pam_wheel.so use_uid group=wheel' /etc/pam.d/su",
                 then="visudo -c"),
    "B14": Remedy("装 auditd，写规则并启用。",
                  ("apt-get install auditd",
                   "echo '-w /etc/passwd -p wa -k identity' >/etc/audit/rules.d/identity.rules",
                   "augenrules --load", "systemctl enable --now auditd"),
                  ("rm /etc/audit/rules.d/identity.rules", "augenrules --load", "systemctl disable --now auditd")),
    "B15": Remedy("启用日志服务，配好时间源。",
                  ("systemctl enable --now rsyslog", "systemctl enable --now chrony"),
                  ("systemctl disable --now chrony",)),
    "B16": _file("/etc/logrotate.d/rsyslog", "日志收紧权限、送到日志服务器、保留半年以上。",
                 "chmod 640 /var/log/syslog /var/log/auth.log",
                 "echo '*.* @@日志服务器:6514' >/etc/rsyslog.d/90-forward.conf",
                 "sed -i 's/rotate .*/rotate 26/' /etc/logrotate.d/rsyslog", then="systemctl restart rsyslog"),
    "B17": Remedy("卸载不需要的软件包；先确认没有业务在用。",
                  ("apt-get remove 软件包",), ("apt-get install 软件包",)),
    "B18": Remedy("停掉不需要的服务；要用的改为只监听管理地址，或在防火墙限定来源。",
                  ("ss -lntup", "systemctl disable --now 服务名", "nft add rule inet filter input tcp dport 端口 drop"),
                  ("systemctl enable --now 服务名", "nft -a list chain inet filter input",
                   "nft delete rule inet filter input handle 编号")),
    "B19": _file(_SSHD, "限定从堡垒机或管理网段登录。" + _KEEP_A_SESSION,
                 f"sed -i 's/^AllowUsers.*/AllowUsers 账号@管理网段/' {_SSHD}", then=_RELOAD),
    "B20": Remedy("按渗透测试报告由开发方修改，另行复测。", (), ()),
    "B21": Remedy("装厂商的修复版本，重启用到它的服务；先记下旧版本。",
                  ("dpkg-query -W 软件包", "apt-get install --only-upgrade 软件包"),
                  ("apt-get install 软件包=旧版本",)),
    "B22": Remedy("装防护程序并开自动更新；占用资源较多，先在一台上试。",
                  ("apt-get install clamav-daemon clamav-freshclam",
                   "systemctl enable --now clamav-freshclam clamav-daemon"),
                  ("systemctl disable --now clamav-daemon clamav-freshclam",)),
    "B23": Remedy("由平台方启用可信根（TPM、TCM）和验证，结果送安全管理中心。", (), ()),
    "B25": Remedy("查备份任务，补做备份后重做备份检查；按合同演练恢复。",
                  ("xunjian run backup-check", "xunjian run restore-drill"), ()),
    "B26": Remedy("查传送任务，补传异地副本；没有的先定地点和办法。", ("xunjian run backup-check",), ()),
    "B28": _file("/etc/mysql/my.cnf", "给空口令账号设口令，删去 root@%，装口令校验，配好证书后强制加密。",
                 "mysql -e \"alter user '账号'@'来源' identified by '新口令'; drop user 'root'@'%'\"",
                 "mysql -e \"install component 'file://component_validate_password'\"",
                 "printf '[mysqld]\\nrequire_secure_transport = ON\\n' >>/etc/mysql/my.cnf"),
    "B29": Remedy("启用口令策略和审计；会让弱口令的账号下次改口令时被拒。",
                  ("SP_SET_PARA_VALUE(1, 'PWD_POLICY', 15);", "SP_SET_ENABLE_AUDIT(1);"),
                  ("SP_SET_PARA_VALUE(1, 'PWD_POLICY', 原值);", "SP_SET_ENABLE_AUDIT(0);")),
    "B30": _file("pg_hba.conf", "把 trust 换成 scram-sha-256，先给各账号设口令；记录连接。",
                 "sed -i 's/\\btrust$/scram-sha-256/' pg_hba.conf", "psql -c \"alter system set log_connections = on\"",
                 then="psql -c 'select pg_reload_conf()'"),
    "B31": _file("/etc/redis/redis.conf", "设口令，只监听需要的地址；先让各应用带上口令。",
                 "sed -i 's/^# *requirepass .*/requirepass 口令/' /etc/redis/redis.conf",
                 "sed -i 's/^bind .*/bind 127.0.0.1 业务地址/' /etc/redis/redis.conf",
                 then="systemctl restart redis-server"),
}  # fmt: skip
"""By item; of every clause."""
