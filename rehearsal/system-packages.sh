#!/usr/bin/env bash
# Sees that the system has what is named:
# python browser fonts ocr postgresql hosts services backups mariabackup tracer lynis rpm office.
# What counts is that a thing works, not which package it came from: a machine without apt is fine once it has all.
set -euo pipefail

every() {
    local program PATH=$PATH:/usr/sbin:/sbin
    for program in "$@"; do command -v "$program" || return 1; done
}

has() {
    case $1 in
        python) "$python" -c 'import ensurepip, venv' ;;
        # the names that tasks/browser/launch.py looks for; and Playwright's driver, a node, wants libatomic
        browser)
            { [[ ${XUNJIAN_BROWSER-} ]] || command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable; } &&
                "$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")'
            ;;
        fonts) fc-list :lang=zh family | grep . ;;
        ocr) tesseract --list-langs | grep -x chi_sim ;;
        postgresql) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ;;
        # what the practice hosts are made of, and what runs on them
        # (a static BusyBox's shell runs its own applets whatever stands in PATH: none for a practice host)
        hosts) every sshd ssh unshare setpriv busybox cron rsyslogd openssl ss pkill utmpdump && busybox sh -c 'command -v df' | grep / ;;
        services)
            every nginx redis-server mariadbd mariadb mariadb-install-db java jstat &&
                ls /usr/share/tomcat*/bin/bootstrap.jar && { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }
            ;;
        # what makes the practice hosts' backups, reads them and restores them
        backups) every mariadb-dump restic borg zstd gzip bzip2 xz ;;
        mariabackup) command -v mariabackup ;;
        tracer) command -v strace ;;
        rpm) every rpm rpmbuild ;;
        lynis) every lynis ;;
        # a second reader of our Word files
        office) every soffice ;;
        *) false ;;
    esac >/dev/null 2>&1
}

packages() {
    case $1 in
        # Debian names it after the interpreter; for one from elsewhere this is a guess that is checked afterwards
        python) case ${python##*/} in python3.*) echo "${python##*/}-venv" ;; *) echo python3-venv ;; esac ;;
        browser) echo chromium libatomic1 ;;
        fonts) echo fontconfig fonts-noto-cjk ;;
        ocr) echo tesseract-ocr tesseract-ocr-chi-sim ;;
        postgresql) echo postgresql ;;
        mariabackup) echo mariadb-backup ;;
        tracer) echo strace ;;
        rpm) echo rpm ;;
        lynis) echo lynis ;;
        office) echo libreoffice-writer-nogui ;;
        hosts) echo openssh-server openssh-client util-linux busybox cron rsyslog openssl iproute2 procps sudo ;;
        services) echo nginx redis-server mariadb-server-core mariadb-client-core tomcat10-common openjdk-17-jdk-headless postgresql ;;
        backups) echo mariadb-client restic borgbackup zstd gzip bzip2 xz-utils ;;
    esac
}

stop() {
    printf '%s\n' "$@" >&2
    exit 2
}

install() {
    # Debian would start a database server for all to use; the tests make one of their own and throw it away.
    # Where PostgreSQL is configured already it is somebody's, and left alone.
    if [[ " $* " == *" postgresql "* && ! -e $no_server && ! -e /etc/postgresql-common/createcluster.conf ]]; then
        mkdir -p "${no_server%/*}"
        echo "create_main_cluster = false" >"$no_server"
        leftovers+=("$no_server")
    fi
    # The practice hosts start daemons of their own; the machine is to have none, neither now nor after its next boot.
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        leftovers+=(/usr/sbin/policy-rc.d)
    fi
    local daemon new=()
    for daemon in ssh nginx redis-server cron rsyslog; do unit "$daemon" || new+=("$daemon"); done
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update || true # an older list may do
    # A machine just started may be updating itself: wait for it.
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
    command -v systemctl >/dev/null || return 0
    for daemon in "${new[@]}"; do ! unit "$daemon" || systemctl disable "$daemon.service" || true; done
    # Lynis would look through the machine every day.
    [[ " $* " != *" lynis "* ]] || systemctl disable lynis.timer || true
}

unit() {
    [[ -e /lib/systemd/system/$1.service ]]
}

python=${PYTHON:-python3}
# Without any python3, apt brings Debian's; one that is too old, or a name that leads nowhere, is not for apt to mend.
if command -v "$python" >/dev/null || [[ $python != python3 ]]; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        stop "需要 Python 3.11 或更高版本；$python：$("$python" -V 2>/dev/null || echo 找不到，或不能运行)。请用 make PYTHON=/路径/python3.11 指明一个。"
fi

missing=() wanted=()
for need in "$@"; do
    has "$need" || { missing+=("$need"); wanted+=($(packages "$need")); }
done
((${#missing[@]})) || exit 0

command="apt-get update && apt-get install -y --no-install-recommends ${wanted[*]}"
command -v apt-get >/dev/null ||
    stop "缺少系统软件（Debian 的包名：${wanted[*]}）。本机没有 apt-get，请用本系统的软件包工具装好同类软件后重做。"
((EUID == 0)) || stop "缺少系统软件：${wanted[*]}。请让管理员执行下面的命令，然后重做：" "  sudo sh -c '$command'"

echo "安装系统软件：${wanted[*]} ……"
log=$(mktemp)
no_server=/etc/postgresql-common/createcluster.d/xunjian.conf
leftovers=("$log")
trap 'rm -f "${leftovers[@]}"' EXIT
install "${wanted[@]}" >"$log" 2>&1 || { tail -n 20 "$log" >&2; stop "系统软件没有装上，原因见上。请检查网络和软件源，或自行执行：" "  $command"; }
for need in "${missing[@]}"; do
    has "$need" || stop "装了 $(packages "$need")，仍然不能用：$need（python=$(command -v "$python" || echo 无)）。请检查后重做。"
done
