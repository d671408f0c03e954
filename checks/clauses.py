"""The clauses of 等保二级 that are checked, as data: GB/T 22239-2019, level 2, 7.1.4 安全计算环境.

Numbers were recalled, not copied from the standard, and the texts are in our own words: whoever has the standard at
hand mends them here, and raises the version. Nothing else knows a number. Remedies: `checks.hardening`.
"""

from typing import NamedTuple

BASELINE_VERSION = "2026-11.1"

GROUPS = {
    "7.1.4.1": "身份鉴别",
    "7.1.4.2": "访问控制",
    "7.1.4.3": "安全审计",
    "7.1.4.4": "入侵防范",
    "7.1.4.5": "恶意代码防范",
    "7.1.4.6": "可信验证",
    "7.1.4.7": "数据完整性",
    "7.1.4.8": "数据备份恢复",
}


class Clause(NamedTuple):
    """One item of the baseline.

    number: of the clause it belongs to. text: what is wanted. how: how it is looked at and when it passes. maps: ids
    of Lynis (AUTH-9262) and of the SCAP Security Guide (sshd_use_strong_ciphers) that look at the same. manual: only
    a person can tell. probes: ids of safe probes, which are turned on a system's address; all other items are about
    hosts. tls: an address without HTTPS fails.
    """

    id: str
    title: str
    number: str
    text: str
    how: str
    maps: tuple[str, ...] = ()
    manual: bool = False
    probes: tuple[str, ...] = ()
    tls: bool = False

    @property
    def group(self) -> str:
        """The requirement's own number: 7.1.4.1."""
        return self.number.partition(" ")[0]


_ALL = (
    Clause("B01", "账号唯一", "7.1.4.1 a)", "每个使用者有自己的账号，标识不重复",
           "UID 不重复，除 root 外没有 UID 为 0 的账号", ("AUTH-9204", "AUTH-9208")),
    Clause("B02", "空口令", "7.1.4.1 a)", "登录要鉴别身份", "没有空口令的账号", ("AUTH-9283",)),
    Clause("B03", "口令复杂度", "7.1.4.1 a)", "口令不易被猜到",
           "新口令至少 8 位，至少 3 类字符（pam_pwquality 或 pam_cracklib）", ("AUTH-9262",)),
    Clause("B04", "口令更换", "7.1.4.1 a)", "口令定期更换",
           "PASS_MAX_DAYS 和每个有口令的账号都不超过 90 天", ("AUTH-9286",)),
    Clause("B05", "口令历史", "7.1.4.1 a)", "不重复使用旧口令",
           "至少记住 5 个旧口令", ("accounts_password_pam_unix_remember",)),
    Clause("B06", "登录失败锁定", "7.1.4.1 b)", "登录失败有处理",
           "失败 5 次以内锁定，至少 300 秒（pam_faillock 或 pam_tally2）", ("accounts_passwords_pam_faillock_deny",)),
    Clause("B07", "登录超时", "7.1.4.1 b)", "空闲的登录自动断开",
           "TMOUT 在 1 到 900 秒之间，ClientAliveInterval 大于 0", ("SSH-7408",)),
    Clause("B08", "明文远程管理", "7.1.4.1 c)", "远程管理时鉴别信息不被窃听",
           "没有 telnet、rsh、ftp 在监听", ("INSE-8312",)),
    Clause("B09", "SSH 算法", "7.1.4.1 c)", "远程管理时鉴别信息不被窃听",
           "sshd -T 的加密、校验、密钥交换里没有弱算法", ("sshd_use_strong_ciphers",)),
    Clause("B10", "文件权限", "7.1.4.2 a)", "按账号分配权限",
           "shadow 不宽于 640，passwd、group 不宽于 644，umask 不宽于 027", ("AUTH-9328",)),
    Clause("B11", "默认账号", "7.1.4.2 b)", "默认账号改名、停用或改口令",
           "PermitRootLogin no；系统账号不能登录", ("sshd_disable_root_login",)),
    Clause("B12", "多余账号", "7.1.4.2 c)", "多余、过期、共享的账号及时停用",
           "人工：对照人员名册，停用超过 90 天没有登录的和名册上没有的账号", (), True),
    Clause("B13", "最小权限", "7.1.4.2 d)", "管理者只有所需的最小权限",
           "没有 NOPASSWD: ALL；su 只限 wheel 组", ("AUTH-9252",)),
    Clause("B14", "安全审计", "7.1.4.3 a)", "审计覆盖到每个使用者", "auditd 在运行，并且有规则",
           ("ACCT-9628", "ACCT-9630")),
    Clause("B15", "审计记录", "7.1.4.3 b)", "记录有时间、使用者、事件和结果",
           "日志服务在运行，时间已同步", ("TIME-3104", "LOGG-2130")),
    Clause("B16", "日志保护", "7.1.4.3 c)", "记录受保护，定期备份",
           "日志不宽于 640，送到别处，保留至少 180 天", ("LOGG-2154", "LOGG-2146")),
    Clause("B17", "最小安装", "7.1.4.4 a)", "只装需要的组件", "没有装清单里的软件包", ("INSE-8322",)),
    Clause("B18", "高危端口", "7.1.4.4 b)", "关闭不需要的服务和高危端口",
           "21、23、111、135、139、445、512–514、2049 没有对外监听", ("NETW-3012",)),
    Clause("B19", "管理来源", "7.1.4.4 c)", "限定管理终端的地址",
           "AllowUsers 带来源地址，或 hosts.allow、主机防火墙限定 SSH 的来源", ("SSH-7440",)),
    Clause("B20", "输入校验", "7.1.4.4 d)", "人机接口和通信接口校验输入",
           "人工：看最近一次渗透测试的结论", (), True),
    Clause("B21", "漏洞修补", "7.1.4.4 e)", "发现漏洞，评估后及时修补",
           "合同里列出的安全公告，装着的版本都不低于修复版本", ("PKGS-7386",)),
    Clause("B22", "恶意代码防范", "7.1.4.5", "有防恶意代码的措施，及时更新",
           "防护程序在运行，特征库 7 天内更新过", ("HRDN-7230",)),
    Clause("B23", "可信验证", "7.1.4.6", "可基于可信根验证引导程序和系统",
           "人工：看有无可信根、验证结果送到哪里", (), True),
    Clause("B24", "HTTPS", "7.1.4.7", "重要数据在传输中不被篡改", "用 HTTPS，只有 TLS 1.2 以上，没有弱加密套件",
           ("HTTP-6710",), probes=("tls-min-version", "tls-ciphers"), tls=True),
    Clause("B25", "备份恢复", "7.1.4.8 a)", "重要数据本地备份与恢复",
           "台账里最近的备份检查没有问题，92 天内恢复演练通过"),
    Clause("B26", "异地备份", "7.1.4.8 b)", "重要数据定时传到异地", "台账里最近的备份检查，异地副本没有问题"),
    Clause("B28", "MySQL", "7.1.4.1 a)", "数据库登录要鉴别，传输受保护",
           "没有空口令和 root@%，启用口令校验和 require_secure_transport"),
    Clause("B29", "达梦", "7.1.4.1 a)", "数据库口令有复杂度，操作有审计",
           "PWD_POLICY 含长度、大小写、数字的位，ENABLE_AUDIT 不为 0"),
    Clause("B30", "PostgreSQL", "7.1.4.1 a)", "数据库登录要鉴别，连接有记录",
           "pg_hba.conf 里没有 trust，log_connections 开着", ("DBS-1828",)),
    Clause("B31", "Redis", "7.1.4.1 a)", "缓存登录要鉴别",
           "没有口令不能访问，不监听全部地址", ("DBS-1884", "DBS-1888")),
    Clause("W01", "网站证书", "7.1.4.7", "重要数据在传输中不被篡改", "证书有效、可信，名称相符",
           probes=("certificate",), tls=True),
    Clause("W02", "安全响应头", "7.1.4.4 d)", "人机接口校验输入", "HSTS 180 天以上、nosniff、防嵌套、Referrer-Policy",
           probes=("http-headers",)),
    Clause("W03", "Cookie", "7.1.4.1 b)", "登录的会话受保护", "Secure、HttpOnly、SameSite", probes=("cookie-flags",)),
    Clause("W04", "目录列表", "7.1.4.2 a)", "按账号分配权限", "不列出目录", probes=("directory-listing",)),
    Clause("W05", "错误页", "7.1.4.4 a)", "只提供需要的组件", "随机网址的 404 不显示版本和调用栈",
           probes=("error-page",)),
    Clause("W06", "版本暴露", "7.1.4.4 a)", "只提供需要的组件", "Server、X-Powered-By 里没有版本",
           probes=("version-disclosure",)),
    Clause("W07", "管理控制台", "7.1.4.4 c)", "限定管理终端的地址", "各种管理台在业务网址上打不开",
           probes=("actuator", "druid", "nacos", "swagger", "tomcat-manager", "weblogic-console")),
    Clause("W08", "HTTP 方法", "7.1.4.4 b)", "关闭不需要的服务", "OPTIONS 里没有 PUT、DELETE、TRACE（只问，不试）",
           probes=("http-methods",)),
)  # fmt: skip

CLAUSES: dict[str, Clause] = {one.id: one for one in _ALL}
"""By id, in order."""

ON_HOSTS = tuple(one for one in _ALL if not one.probes)
ON_SITES = tuple(one for one in _ALL if one.probes)
"""Looked at from the network: at the address of a system, not on a host."""
