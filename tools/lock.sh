#!/bin/sh
# Lock the dependency groups of pyproject.toml, with hashes, for every Python and system.
set -eu

for group in dev bench; do
    constraint=
    [ $group = dev ] || constraint='--constraint requirements/dev.txt'
    # shellcheck disable=SC2086
    .venv/bin/uv pip compile pyproject.toml --group $group $constraint "$@" \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --custom-compile-command 'make lock' --quiet --output-file requirements/$group.txt
    # A mirror's address in a lock would send everybody else to that mirror.
    if grep -n '://\|^-' requirements/$group.txt; then
        echo "error: requirements/$group.txt names a place to install from (above)" >&2
        exit 1
    fi
    echo "requirements/$group.txt: $(grep -c '==' requirements/$group.txt) packages"
done
