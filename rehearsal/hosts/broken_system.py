"""Faults of the operating system."""

from rehearsal.hosts.fault import fault

_FILL = """\
free=$(df -Pk / | awk 'END { print $4 }') size=$(df -Pk / | awk 'END { print $2 }')
fallocate -l $(( free - size * (100 - SHARE) / 100 ))k /var/tmp/core.dump
"""
_FAKE_DATE = """\
cat >$L/date <<'EOF'
#!/bin/sh
# A FAKE for the rehearsal: a clock that is wrong by OFF seconds. Only one clock can be had on a machine.
exec /bin/busybox date -d "@$(( $(/bin/busybox date +%s) + OFF ))" "$@"
EOF
cover $L/date /usr/bin/date
"""
# a process that forks in the manner of vfork waits in state D until its child is gone
_BLOCKED = """\
case $(uname -m) in x86_64) clone=56 ;; *) clone=220 ;; esac
beside perl -e "syscall($clone, 0x4000 | 17, 0, 0, 0, 0); sleep 86400"
"""
_END_BLOCKED = "pkill -9 -x perl || true; end_beside"
_LOGINS = """\
now=$(date -u +%Y-%m-%dT%H:%M:%S,000000+00:00)
for n in $(seq 10 69); do
    echo "[6] [0${n}01] [    ] [admin   ] [ssh:notty   ] [127.0.9.$n           ] [127.0.9.$n       ] [$now]"
done | utmpdump -r >>/var/log/btmp 2>/dev/null
"""
_DMESG = """\
up=$(cut -d. -f1 /proc/uptime)
printf '<3>[%s.110000] blk_update_request: I/O error, dev vdb, sector 20480 op 0x0:(READ) flags 0x0\\n' "$up" >>/run/practice/dmesg
printf '<3>[%s.120000] EXT4-fs error (device vdb1): ext4_find_entry:1455: inode #2: comm java: reading directory lblock 0\\n' "$up" >>/run/practice/dmesg
sed 's/^<3>/kernel: /' /run/practice/dmesg >>/var/log/kern.log
"""  # noqa: E501
_UNIT = "nginx.service loaded failed failed A high performance web server and a reverse proxy server"
_SCAN = "/srv/scan data"
_CHANGE_DATE = 'sed "s/^inspector:\\([^:]*\\):[0-9]*:/inspector:\\1:$(( $(date +%s) / 86400 - AGO )):/" /etc/shadow'
_AGE = _CHANGE_DATE + " >/run/practice/told; cat /run/practice/told >/etc/shadow; rm /run/practice/told"
_KEEP, _BACK = "keep /var/backups/db; cd /var/backups/db", "back /var/backups/db"

SYSTEM_FAULTS = (
    fault("mobile-gw-01:clock-skew", "时钟快了 95 秒", "OS01 CRIT",
          _FAKE_DATE.replace("OFF", "95", 1).replace("OFF", "95"), "uncover /usr/bin/date"),
    fault("oa-app-01:time-sync-lost", "与时间源相差 0.731 秒", "OS02 CRIT",
          "echo 'offset=0.731000 stratum=3 leap=Normal id=7F000001' >/run/practice/chrony",
          "rm -f /run/practice/chrony"),
    fault("archive-db-01:rebooted", "主机刚刚重启过，没有登记", "OS03 WARN",
          "echo '0.50 2.00' >/run/practice/uptime; mount --bind /run/practice/uptime /proc/uptime",
          "uncover /proc/uptime"),
    fault("oa-app-02:cpu-busy", "CPU 一直满负荷", "OS04 CRIT",
          "echo 1 >/run/practice/busy; echo '4.10 1.90 0.70 5/212 9001' >$P/loadavg",
          "rm -f /run/practice/busy; untell loadavg"),
    fault("oa-app-01:load-high", "15 分钟负载达到每核 6", "OS05 WARN",
          "echo '26.10 25.20 24.40 9/412 9001' >$P/loadavg", "untell loadavg"),
    fault("oa-web-01:load-very-high", "15 分钟负载达到每核 15", "OS05 CRIT",
          "echo '66.10 64.20 61.40 19/512 9001' >$P/loadavg", "untell loadavg"),
    fault("mobile-app-01:memory-low", "可用内存只剩 5%", "OS06 CRIT",
          "tell meminfo 's/^\\(MemAvailable: *\\).*/\\1407000 kB/'", "untell meminfo"),
    fault("oa-cache-01:swapping", "交换空间已用 70%", "OS07 CRIT",
          "tell meminfo 's/^\\(SwapFree: *\\).*/\\1629000 kB/'", "untell meminfo"),
    fault("oa-db-01:disk-full", "根分区写到 98%", "OS08 CRIT", _FILL.replace("SHARE", "98"),
          "rm -f /var/tmp/core.dump"),
    fault("oa-web-01:disk-filling", "根分区写到 85%", "OS08 WARN",
          _FILL.replace("SHARE", "85"), "rm -f /var/tmp/core.dump"),
    fault("archive-app-01:inodes-full", "/data 的 inode 快用完（几千个小文件）", "OS09 CRIT",
          "mkdir -p /data/sessions; cd /data/sessions; seq 1 4720 | xargs touch", "rm -rf /data/sessions"),
    fault("oa-app-01:read-only", "/data 变成只读", "OS10 CRIT",
          "mount -o remount,bind,ro,nosuid,nodev /data", "mount -o remount,bind,rw,nosuid,nodev /data"),
    fault("archive-app-01:mount-missing", f"{_SCAN} 没有挂载", "OS10 CRIT", f"umount -l '{_SCAN}'",
          f"mountpoint -q '{_SCAN}' || mount -i -t tmpfs -o size=16m,nr_inodes=2000,mode=755,nosuid,nodev /dev/vdc1 '{_SCAN}'"),  # noqa: E501
    fault("mobile-cache-01:file-handles", "文件句柄用掉 96%", "OS11 CRIT",
          "printf '780000\\t0\\t811242\\n' >$P/sys/fs/file-nr", "untell sys/fs/file-nr"),
    fault("oa-app-02:zombies", "7 个僵尸进程（父进程不回收）", "OS12 WARN",
          "beside sh -c 'for n in 1 2 3 4 5 6 7; do sh -c : & done; exec sleep 86400'; sleep 0.1", "end_beside"),
    fault("mobile-gw-01:blocked", "有进程停在 D 状态", "OS13 WARN", _BLOCKED + "sleep 0.2", _END_BLOCKED),
    fault("mobile-app-01:oom", "内核杀过进程（内存不足）", "OS14 CRIT",
          "n=$(sed -n 's/^oom_kill //p' $P/vmstat); tell vmstat \"s/^oom_kill .*/oom_kill $((n + 2))/\"", ":"),
    fault("oa-web-01:failed-unit", "一个 systemd 服务启动失败", "OS15 WARN",
          f"echo '{_UNIT}' >/run/practice/failed-units", ": >/run/practice/failed-units"),
    fault("archive-db-01:strange-port", "多了一个没有登记的监听端口 4444", "OS16 WARN",
          "beside busybox nc -l -p 4444; sleep 0.1", "end_beside"),
    fault("archive-app-01:kernel-error", "内核报告磁盘 I/O 错误和文件系统错误", "OS18 CRIT",
          _DMESG, ": >/run/practice/dmesg"),
    fault("mobile-gw-01:failed-logins", "60 次登录失败", "OS19 WARN", _LOGINS, ": >/var/log/btmp"),
    fault("mobile-cache-01:cron-stopped", "cron 没有运行", "OS20 CRIT", "stop cron", "start cron"),
    fault("archive-db-01:syslog-stopped", "rsyslogd 没有运行", "OS21 CRIT", "stop rsyslog", "start rsyslog"),
    fault("oa-web-01:password-expiring", "巡检账号的口令 5 天后到期", "OS22 WARN",
          _AGE.replace("AGO", "85"), _AGE.replace("AGO", "40")),
    fault("mobile-db-01:reboot-required", "装了更新，等待重启", "OS23 WARN",
          "touch /run/reboot-required", "rm -f /run/reboot-required"),
    fault("oa-db-02:backup-stale", "最新的备份是四天前的", "OS24 CRIT",
          f"{_KEEP}; touch -d '-4 days' *", _BACK),
    fault("mobile-db-01:backup-shrunk", "最新的备份只有上一份的十分之一", "OS24 WARN",
          f"{_KEEP}; newest=$(ls -t | head -n 1); truncate -s 2000 $newest; touch -d '-6 hours' $newest", _BACK),
    fault("mobile-gw-01:certificate-expired", "证书文件已过期", "OS25 CRIT",
          "cat $L/expired.pem >/etc/ssl/xunjian/web.pem", "cat $L/valid.pem >/etc/ssl/xunjian/web.pem"),
    fault("archive-app-01:certificate-expiring", "证书文件 5 天后到期", "OS25 CRIT",
          "cat $L/expiring.pem >/etc/ssl/xunjian/web.pem", "cat $L/valid.pem >/etc/ssl/xunjian/web.pem"),
)  # fmt: skip
