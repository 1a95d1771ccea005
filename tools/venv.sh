#!/bin/sh
# Make or mend a virtual environment with everything locked and the project itself in it.
#
#   venv.sh DIRECTORY LOCK      $PYTHON may name the Python to make it with
#   venv.sh --sound DIRECTORY   exit 0 if the environment there can be used as it is
set -eu
trap 'exit 130' INT

say() { printf '%s\n' "$*" >&2; }
version() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }
suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

sound() {
    [ "$(sed -n 2p "$1/.locked" 2>/dev/null)" = "$(pwd -P)" ] && [ -x "$1/bin/python" ] || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version "$PYTHON")" = "$(version "$1/bin/python")" ]
}

choose() {
    seen= bare=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        found=$(version "$candidate") || continue
        seen="$seen $candidate=$found"
        suits "$candidate" || continue
        if has_venv "$candidate"; then
            echo "$candidate"
            return
        fi
        bare=${bare:-$candidate}
    done
    if [ -n "$bare" ]; then
        say "error: $bare has no venv module. On Debian: sudo apt-get install python3-venv"
    else
        say "error: Python 3.11 or newer is needed${PYTHON:+ as PYTHON=$PYTHON}; found:${seen:- none}." \
            "On Debian 12: sudo apt-get install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3"
    fi
    return 1
}

if [ "$1" = --sound ]; then
    sound "$2"
    exit
fi

venv=$1 lock=$2

# Two makes at once would install into each other's half-made environment.
mkdir -p .asrun
exec 9> ".asrun/$venv.lock"
if command -v flock > /dev/null; then
    flock 9
fi

pip() {
    PIP_USER=0 "$venv/bin/python" -m pip --no-input --disable-pip-version-check -qq "$@"
}

# The lock, the folder: what an environment is good for. Written last, so an interrupted
# installation is never taken for a whole one.
stamp() { printf '%s\n%s\n' "$(cksum < "$lock")" "$(pwd -P)"; }

if ! sound "$venv" || [ "$(cat "$venv/.locked")" != "$(stamp)" ]; then
    python=$(choose)
    say "$venv: Python $(version "$python")"
    rm -rf "$venv"
    if ! output=$("$python" -m venv "$venv" 2>&1); then
        say "error: $python -m venv failed: $(printf '%s' "$output" | tail -n 1)"
        exit 1
    fi
    say "$venv: installing the $(grep -c '==' "$lock") packages of $lock; this takes about half a minute"
    if ! pip install --no-deps --require-hashes --no-warn-script-location -r "$lock"; then
        say "error: the packages could not be installed (see above). Is the network up? Try again with the same command."
        exit 1
    fi
    stamp > "$venv/.locked"
fi
if ! pip install --no-deps --no-build-isolation -e .; then
    say "error: the project itself could not be installed (see above)."
    exit 1
fi
touch "$venv/.made"
say "$venv: ready"
