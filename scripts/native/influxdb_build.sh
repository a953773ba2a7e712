# shellcheck shell=bash
# influxd from source: Go for the server, Rust for its query language Flux. About 4 minutes on 2 cores.

GO_NEEDED=1.25

_missing_for_influxd() { # prints what is missing, one per line
    local found
    if found=$(go env GOVERSION 2>/dev/null); then
        [[ $(printf '%s\n' "$GO_NEEDED" "${found#go}" | sort -V | head -n 1) == "$GO_NEEDED" ]] ||
            echo "Go $GO_NEEDED or newer (found ${found#go})"
    else
        echo "Go $GO_NEEDED or newer"
    fi
    command -v cargo >/dev/null || echo "cargo (Rust)"
    command -v cc >/dev/null || echo "a C compiler"
}

build_influxd() { # DIR
    local dir=$1 missing
    missing=$(_missing_for_influxd)
    if [[ -n $missing ]]; then
        say "  cannot build influxd: missing $(paste -sd ';' <<<"$missing")"
        return 1
    fi
    local work=$dir/.building
    mkdir -p "$work"
    # A plain require: InfluxData's pkg-config cannot read a `tool` line, and it finds Flux through this file.
    printf 'module gpustream/influxd\n\ngo %s\n\nrequire github.com/influxdata/influxdb/v2 v%s\n' \
        "$GO_NEEDED" "$INFLUXDB_VERSION" >"$work/go.mod"
    step "fetching the build helper of Flux" env GOBIN="$work/bin" \
        go install "github.com/influxdata/pkg-config@$INFLUXDB_PKG_CONFIG_VERSION" || return 1
    # Flux pins an old Rust, which rustup would try to download; the installed one does.
    local toolchain=${RUSTUP_TOOLCHAIN:-}
    if [[ -z $toolchain ]] && command -v rustup >/dev/null; then
        toolchain=$(rustup default 2>/dev/null | cut -d ' ' -f 1) || true
    fi
    step "building influxd $INFLUXDB_VERSION (about 4 minutes on 2 cores)" \
        env -C "$work" PKG_CONFIG="$work/bin/pkg-config" ${toolchain:+RUSTUP_TOOLCHAIN="$toolchain"} \
        go build -mod=mod -trimpath -tags sqlite_foreign_keys,sqlite_json \
        -ldflags "-s -w -X main.version=v$INFLUXDB_VERSION" \
        -o "$dir/influxd" github.com/influxdata/influxdb/v2/cmd/influxd || return 1
    rm -rf "$work"
}
