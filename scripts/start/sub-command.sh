# shellcheck shell=bash disable=SC2154  # command: command-line.sh
# Everything but starting is one file each in scripts/commands/.

# A file that the caller named from another folder than this one.
from_caller() { # PATH
    if [[ $1 != /* && $called_from != "$REPO" ]]; then echo "$called_from/$1"; else echo "$1"; fi
}

if [[ $command != start ]]; then
    # shellcheck source=/dev/null
    source "scripts/commands/$command.sh"
    exit 0
fi
