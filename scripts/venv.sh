#!/usr/bin/env bash
# Makes .venv, the one Python environment, from exact pins; does nothing when it is already what the pins say.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=${PYTHON:-python3}
STAMP=.venv/made-from.sha256
LOG=${TMPDIR:-/tmp}/gpustream-venv-$(id -u).log

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "FAIL: Python is too old" >&2
    echo "  found:    $("$PYTHON" --version 2>&1)" >&2
    echo "  expected: Python 3.11 or newer" >&2
    echo "  do:       install it, or name it: PYTHON=python3.11 $0" >&2
    exit 1
}

# The projects are installed in place, so only their dependencies and commands (pyproject.toml) can age. The folder
# belongs to it: a venv that was moved still points at where it was made.
wanted=$({
    pwd
    cat constraints.txt requirements-dev.txt ./*/pyproject.toml
} | sha256sum | cut -d ' ' -f 1)
if [[ -f $STAMP && $(<"$STAMP") == "$wanted" ]]; then exit 0; fi

echo "venv: installing the pinned packages into .venv (about two minutes the first time)"
started=$SECONDS
"$PYTHON" -m venv .venv
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt \
    >"$LOG" 2>&1; then
    echo "FAIL: the Python packages could not be installed; the end of $LOG:" >&2
    tail -n 8 "$LOG" | sed 's/^/    | /' >&2
    exit 1
fi
echo "$wanted" >"$STAMP"
echo "venv: done in $((SECONDS - started)) s"
