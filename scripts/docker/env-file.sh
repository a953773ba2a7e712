# shellcheck shell=bash  # sourced
# What start.sh itself writes for the containers: into .env, and the settings that its own environment has.

put_setting() { # NAME VALUE: into .env, unless it says so already
    export "$1=$2"
    if grep -qxF "$1=$2" .env; then return; fi
    {
        grep -v "^$1=" .env || true
        echo "$1=$2"
    } >.env.new
    mv .env.new .env
}

choose_profiles() { # GRAFANA, yes or no: in .env, so that `docker compose up` by itself does the same
    local profiles
    profiles=$(
        if [[ $1 == yes ]]; then echo grafana; fi
        if [[ ${POSTGRES_READINGS:-off} == on ]]; then echo timescale; fi
        tr , '\n' <<<"${COMPOSE_PROFILES:-}" | grep -vxE 'grafana|timescale|' || true
    )
    profiles=${profiles//$'\n'/,}
    if [[ ${COMPOSE_PROFILES:-} != "$profiles" ]]; then put_setting COMPOSE_PROFILES "$profiles"; fi
}

add_profiles() { # those of PROFILES and --profile: for this start, so not in .env
    local all
    all=$({ tr , '\n' <<<"${COMPOSE_PROFILES:-}" && profiles_wanted; } | grep . | awk '!seen[$0]++' | paste -sd ,) || true
    export COMPOSE_PROFILES=$all
}

fleet_is_on() { [[ ,${COMPOSE_PROFILES:-}, == *,fleet,* ]]; }

write_environment() { # FILE
    local name
    (
        umask 077
        while read -r name; do
            if [[ -n ${!name:-} ]]; then printf "%s='%s'\n" "$name" "${!name}"; fi
        done < <(sed -nE 's/^#([A-Z][A-Z0-9_]*)=.*/\1/p' .env.example) >"$1.new"
    )
    mv "$1.new" "$1"
}
