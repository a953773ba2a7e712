# shellcheck shell=bash
# Official archives: asked for briefly, checked before they are unpacked.

# A server that does not answer must cost seconds, not minutes: this is the whole time it gets to answer.
ANSWER_SECONDS=3

# The digest in a published checksum file, in any of the forms in use: `hex  name`, `SHA512 (name) = hex`, and
# gpg's `name: AB12 CD34 ...` over several lines. DIGITS is 64 for SHA-256, 128 for SHA-512.
published_digest() { # FILE NAME DIGITS
    local text
    text=$(<"$1")
    text=${text//"$2"/ : }
    tr -d '[:space:]' <<<"$text" | grep -oiE "[0-9a-f]{$3}" | head -n 1 | tr 'A-F' 'a-f'
}

# unpack_official URL PINNED DIR [PUBLISHED]: fills DIR with the archive's content, without its top folder. PINNED is the
# SHA-256 to find, or empty to take what is published beside the archive, sha512 or as PUBLISHED says. Returns 1, with
# the reason said once, when the archive cannot be had; nothing unverified is ever unpacked.
unpack_official() {
    local url=$1 expected=$2 dir=$3 kind=${4:-sha512} name=${1##*/} archive=$3/.download checksum=$3/.checksum found
    local quick=(curl -fsSL --connect-timeout "$ANSWER_SECONDS" --max-time "$ANSWER_SECONDS")
    if [[ -n $expected ]]; then
        "${quick[@]}" --head -o /dev/null "$url" 2>>"$STEP_LOG" || { _unreachable "$url"; return 1; }
    else
        "${quick[@]}" -o "$checksum" "$url.$kind" 2>>"$STEP_LOG" || { _unreachable "$url"; return 1; }
        expected=$(published_digest "$checksum" "$name" $((${kind#sha} / 4))) || true
        rm -f "$checksum"
        if [[ -z $expected ]]; then
            say "  $url.$kind holds no SHA-${kind#sha}: not used"
            return 1
        fi
    fi
    # 10 kB/s for 20 s is a stalled server, not a slow line.
    step "downloading $name" curl -fL --connect-timeout "$ANSWER_SECONDS" --speed-limit 10000 --speed-time 20 \
        -o "$archive" "$url" || { rm -f "$archive"; return 1; }
    found=$("sha$((${#expected} * 4))sum" "$archive" | cut -d ' ' -f 1)
    if [[ $found != "$expected" ]]; then
        rm -f "$archive"
        say "  REFUSED $url: wrong checksum"
        say "    found:    $found"
        say "    expected: $expected"
        return 1
    fi
    if ! step "unpacking $name" tar -xzf "$archive" -C "$dir" --strip-components 1 --no-same-owner; then
        rm -rf "${dir:?}"/*
        return 1
    fi
    rm -f "$archive"
}

_unreachable() {
    echo "no answer within $ANSWER_SECONDS s, or no such file: $1" >>"$STEP_LOG"
    say "  no official download from $(cut -d / -f 3 <<<"$1"): trying the next way"
}
