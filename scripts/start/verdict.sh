# shellcheck shell=bash disable=SC2154  # sourced; failures: check-tools.sh
# All failures have been listed; with one of them, nothing has been changed.

if ((failures)); then
    say ""
    say "${RED}Not started${PLAIN}: $failures of the checks failed, nothing was changed. Mend them and run ./start.sh again."
    exit 1
fi
