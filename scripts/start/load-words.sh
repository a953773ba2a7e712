# shellcheck shell=bash  # sourced by load.sh and chaos.sh
# What `kafka-producer load --json` and `dashboard audit` say, as numbers for people.

load_number() { sed ':a; s/\B[0-9]\{3\}\>/,&/; ta' <<<"$1"; } # 60000 -> 60,000
load_sent() { sed -n '$s/.*"acknowledged": \([0-9]*\).*/\1/p' "$1"; } # FILE OF LINES: readings that Kafka has taken
load_within() { sed -n '$s/.*"within": "\([^"]*\)".*/\1/p' "$1"; } # FILE OF LINES: p50 and p99 of that
load_found() { # STORE VERDICT
    local found
    found=$(sed -n "s/^$1: *.*found \([0-9,]*[0-9]\).*/\1/p" <<<"$2")
    echo "${found:-?}" # it does not answer, just now
}
