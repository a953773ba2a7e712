# shellcheck shell=bash  # sourced by start.sh; names come from scripts/
# Not there yet with Docker: it must say so, and not look like success.

fail "backup" "the platform in containers" "native mode: backup and restore are not there yet with Docker" \
    "stop the containers and copy their volumes (docs/backup.md), or ./start.sh --native"
