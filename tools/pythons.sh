#!/bin/sh
# Run a command of Python (`-m pytest …`, `tools/x.py …`) on every CPython from 3.11 that can be
# found, each in an environment of its own.
set -u

tested= failed=
for minor in 11 12 13 14; do
    for python in "python3.$minor" "$(pyenv root 2>/dev/null || echo /nonexistent)"/versions/3.$minor.*/bin/python; do
        "$python" -c "import sys, ensurepip, venv; assert sys.version_info[:2] == (3, $minor)" 2>/dev/null || continue
        printf '\n== Python 3.%s\n' $minor
        tested="$tested 3.$minor"
        PYTHON=$python sh tools/venv.sh ".venv-3.$minor" requirements/dev.txt &&
            ".venv-3.$minor/bin/python" "$@" || failed="$failed 3.$minor"
        break
    done
done
printf '\nRun on:%s\n' "${tested:- nothing}"
[ -z "$failed" ] || { printf 'Failed on:%s\n' "$failed"; exit 1; }
[ -n "$tested" ]
