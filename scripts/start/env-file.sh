# shellcheck shell=bash  # sourced
# The first .env: the example, with the zone of this machine's clock.

machine_zone() { # its name, such as Europe/Berlin; nothing where the machine does not tell
    local zone
    # Its own link alone: behind it a zone may be a link to another one.
    zone=$(readlink "${1:-/etc/localtime}") || return 0
    zone=${zone#*/zoneinfo/}
    if [[ $zone =~ ^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$ ]]; then echo "$zone"; fi
}

# Logs without a zone, and what a day is in a report: by the clock on the wall, unless somebody has said otherwise.
put_zone() { # FILE ZONE
    local name
    if [[ -z $2 || $2 =~ ^(Etc/)?(UTC|UCT|Universal|Zulu|GMT)$ ]]; then return; fi
    for name in TIME_ZONE REPORT_TIMEZONE; do
        if [[ -v $name ]]; then continue; fi
        sed "s|^#$name=.*|$name=$2|" "$1" >"$1.zone"
        mv "$1.zone" "$1"
        export "$name=$2"
    done
}

make_env_file() { # EXAMPLE FILE
    cp "$1" "$2.new"
    put_zone "$2.new" "$(machine_zone)"
    mv "$2.new" "$2"
}
