# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# Passwords and tokens: generated once, readable by one user alone.

# One per role of the console and the API.
CONSOLE_SECRETS=(console-viewer-token console-operator-token console-admin-token)

make_secret() { # NAME
    local file=$SECRETS/$1
    if [[ -f $file ]]; then return; fi
    (umask 077 && mkdir -p "$SECRETS" && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$file.new")
    mv "$file.new" "$file"
}
