# shellcheck shell=bash disable=SC2154  # sourced; command: command-line.sh
# Everything but starting is one file each in scripts/docker/commands/.

# A file that the caller named from another folder than this one, absolute: it is mounted into a container.
from_caller() { # PATH
    local path=$1
    if [[ $path != /* ]]; then path=$called_from/$path; fi
    echo "$(cd "$(dirname "$path")" && pwd)/$(basename "$path")"
}

if [[ $command != start ]]; then
    # shellcheck source=/dev/null
    source "scripts/docker/commands/$command.sh"
    exit 0
fi
