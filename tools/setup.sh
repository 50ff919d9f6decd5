# Sourced by ./run and ./test: makes .venv hold exactly what a lock file names.
# Uses uv when it is there, else nothing but python3 and pip. POSIX sh.

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "Palomar needs Python 3.11 or newer; none was found (set PYTHON=/path/to/python3)." >&2
    return 1
}

install_locked() { # $1: the lock file
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python --require-hashes -r "$1"
    else
        "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check \
            --no-input --no-compile --root-user-action=ignore --require-hashes -r "$1"
    fi
}

# setup_venv NAME: .venv has what requirements/NAME.lock names. Quick when nothing changed.
setup_venv() {
    lock="requirements/$1.lock"
    stamp=".venv/installed-$1"
    if [ -x .venv/bin/python ] && [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then
        return 0
    fi
    python=$(find_python)
    echo "Setting up .venv from $lock (once) ..." >&2
    if [ ! -x .venv/bin/python ]; then
        rm -rf .venv
        "$python" -m venv --without-pip .venv
    fi
    install_locked "$lock" >&2
    cp "$lock" "$stamp"
}

# setup_programs PROGRAM:PACKAGE...: installs Debian's packages of missing programs where we may (as root); elsewhere
# the tests that need them are skipped and say so (in CI they fail).
setup_programs() {
    missing=""
    for pair in "$@"; do
        (PATH="$PATH:/usr/sbin:/sbin:/usr/lib/kannel/test" && command -v "${pair%%:*}" >/dev/null 2>&1) && continue
        case " $missing " in *" ${pair#*:} "*) ;; *) missing="$missing ${pair#*:}" ;; esac
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Debian's packages$missing ..." >&2
        # shellcheck disable=SC2086
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
            >/dev/null 2>&1 && return 0
    fi
    echo "Not installed:$missing. Tests that need them are skipped." >&2
}
