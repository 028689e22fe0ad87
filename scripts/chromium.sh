#!/bin/sh
# See that there is Debian's Chromium, and further packages: scripts/chromium.sh [PACKAGE...]
#
# tests/browser and scripts/screenshots.py drive it; Playwright's own browsers are not downloaded. As root what is missing is
# installed; anybody else is told what to ask for.
set -eu
exec 1>&2
missing=""
command -v chromium >/dev/null || missing=chromium
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "安装 $missing … · Installing $missing …"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # several packages
    { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >"$log" 2>&1 && exit 0
    tail -n 5 "$log"
fi
echo "页面的浏览器测试需要 Debian 的 chromium；请管理员运行：apt-get install $missing"
echo "The pages are tested in Debian's Chromium: ask the administrator to run: apt-get install $missing"
exit 1
