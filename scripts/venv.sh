#!/bin/sh
# Make .venv in the checkout and install a lock file into it: scripts/venv.sh LOCK STAMP
#
# Meant for a machine that has Python 3.11 or later and nothing else: Debian's python3 often comes without ensurepip, so four
# ways are tried. Everything it says goes to stderr, because `make demo ARGS='--once --json'` promises pure JSON on stdout.
set -eu
exec 1>&2
lock=$1 stamp=$2
cd "$(dirname "$0")/.."
here=$(pwd -P)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
fail() {
    printf '%s\n' "$@"
    exit 1
}

find_python() {
    # A pyenv shim exists even when its version is not active, so each candidate has to answer.
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

works() { .venv/bin/python -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null; }
fresh() {
    rm -rf .venv
    "$@" >>"$log" 2>&1 && works
}
debian_venv() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    echo "安装 $version-venv … · Installing $version-venv …"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qy "$version-venv" >>"$log" 2>&1 && return
    apt-get update -q >>"$log" 2>&1 && apt-get install -qy "$version-venv" >>"$log" 2>&1
}

if ! works || [ "$(cat .venv/made-in 2>/dev/null)" != "$here" ]; then
    python=$(find_python)
    [ -n "$python" ] || fail \
        "需要 Python 3.11 或更高版本；请管理员安装（Debian：apt-get install python3 python3-venv），或设置 PYTHON=路径。" \
        "Python 3.11 or later is needed: ask the administrator for it (Debian: apt-get install python3 python3-venv), or set PYTHON=path."
    echo "准备环境 .venv … · Preparing .venv with $python …"
    fresh "$python" -m venv .venv ||
        { debian_venv && fresh "$python" -m venv .venv; } ||
        fresh "$python" -m virtualenv -q .venv ||
        { "$python" -m pip --version >>"$log" 2>&1 && fresh "$python" -m venv --without-pip .venv; } || {
        rm -rf .venv
        tail -n 5 "$log"
        fail "无法创建虚拟环境；请管理员运行：apt-get install python3-venv" \
            "No virtual environment could be made: ask the administrator to run: apt-get install python3-venv"
    }
    printf '%s\n' "$python" >.venv/made-by
    printf '%s\n' "$here" >.venv/made-in
fi

if .venv/bin/python -c 'import pip' 2>/dev/null; then
    set -- .venv/bin/python -m pip
else # made without pip: the pip that made it installs into it from outside
    set -- "$(cat .venv/made-by)" -m pip --python .venv/bin/python
fi
echo "安装依赖（$lock）… · Installing $lock …"
# The lock is complete, so nothing is resolved; only wheels, so no compiler is needed.
if ! "$@" install -q --disable-pip-version-check --no-input --no-deps --only-binary :all: --require-hashes -r "$lock"; then
    fail "依赖安装失败：请检查能否访问 Python 软件包索引（pip config，代理）。" \
        "The dependencies could not be installed: check that the Python package index can be reached (pip config, proxy)."
fi
"$@" install -q --disable-pip-version-check --no-input --no-deps --no-build-isolation --no-index -e .
touch "$stamp"
