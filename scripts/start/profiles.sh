# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# What runs beside the core: PROFILES of .env, and those of --profile for this start.

PROFILES_KNOWN=(fleet observability)

profiles_wanted() { # one a line
    tr ', ' '\n' <<<"${PROFILES:-}" | grep . || true
    printf '%s\n' "${profiles_given[@]}" | grep . || true
}

profile_is_on() { # NAME
    profiles_wanted | grep -qxF "$1"
}

check_profiles() {
    local name
    while read -r name; do
        if [[ " ${PROFILES_KNOWN[*]} " != *" $name "* ]]; then
            fail "PROFILES" "$name" "${PROFILES_KNOWN[*]}, or nothing" "set it in .env"
        fi
    done < <(profiles_wanted)
}
