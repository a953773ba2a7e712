# shellcheck shell=bash
# What a person sees. All of it goes to stderr, so that stdout stays free for answers another program reads.

say() { echo "$*" >&2; }

# fail WHAT FOUND EXPECTED DO: the four things a person needs, and exit 1.
fail() {
    say "FAIL: $1"
    say "  found:    $2"
    say "  expected: $3"
    say "  do:       $4"
    exit 1
}

trap 'say "FAIL: unexpected error in ${BASH_SOURCE[0]}:$LINENO"' ERR

# Not `usage: ...` alone: a wrong word must not look like success.
usage() {
    say "usage: $(basename "$0") $1"
    exit 2
}
