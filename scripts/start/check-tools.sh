# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from environment.sh and terminal.sh
# Programs that must be there before anything can be made: Python, Java, small tools, compilers where they are needed.

source scripts/native/versions.sh
source scripts/native/influxdb_build.sh # for what it needs: _missing_for_influxd

failures=0
passed() { say "  ${GREEN}ok${PLAIN}    $1"; }
failed() { # WHAT FOUND EXPECTED DO
    say "  ${RED}FAIL${PLAIN}  $1; found: $2; expected: $3; do: $4"
    failures=$((failures + 1))
}

check_python() {
    local found
    if ! found=$("$PYTHON" -c 'import platform; print(platform.python_version())' 2>/dev/null); then
        failed "Python" "no $PYTHON on PATH" "3.11 or newer" "apt-get install python3 python3-venv, or name it: PYTHON=python3.11 ./start.sh"
    elif ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        failed "Python" "$found ($PYTHON)" "3.11 or newer" "install it and name it: PYTHON=python3.11 ./start.sh"
    elif [[ ! -x $VENV/bin/python ]] && ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then
        failed "Python's venv" "$PYTHON has no module venv or ensurepip" "both" "apt-get install python3-venv"
    else
        passed "Python $found"
    fi
}

check_java() {
    local java=${JAVA_HOME:+$JAVA_HOME/bin/java} text found
    if [[ ! -x ${java:-} ]]; then java=$(type -P java) || java=; fi
    if [[ -z $java ]]; then
        failed "Java" "none: JAVA_HOME is ${JAVA_HOME:-not set}, no java on PATH" "17 or newer" \
            "apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
        return
    fi
    text=$("$java" -version 2>&1) || true
    found=$(sed -nE 's/.*version "([0-9]+).*/\1/p' <<<"$text" | head -n 1)
    if ((${found:-0} < 17)); then
        failed "Java" "${found:-unknown version} ($java)" "17 or newer" "apt-get install openjdk-17-jre-headless, or set JAVA_HOME to one"
    else
        passed "Java $(sed -nE 's/.*version "([^"]+)".*/\1/p' <<<"$text" | head -n 1)"
    fi
}

check_small_tools() {
    local tool missing=()
    for tool in curl tar flock setsid ps sha256sum awk; do
        if ! type -P "$tool" >/dev/null; then missing+=("$tool"); fi
    done
    if ((${#missing[@]})); then
        failed "small tools" "no ${missing[*]} on PATH" "all of them" "apt-get install curl tar util-linux procps coreutils gawk"
    else
        passed "curl, tar, flock, setsid, ps, sha256sum, awk"
    fi
}

# InfluxDB is the one engine that may have to be compiled: only then its compilers are asked for.
check_compilers() {
    local missing
    if [[ -x $CACHE/influxdb-$INFLUXDB_VERSION/influxd ]]; then
        passed "InfluxDB $INFLUXDB_VERSION: built before, in $CACHE"
    elif [[ -n ${INFLUXD:-} ]] || type -P influxd >/dev/null; then
        passed "InfluxDB: ${INFLUXD:-$(type -P influxd)}"
    elif [[ " $INSTALL_FROM " == *" download "* ]] && curl -sI --max-time 3 -o /dev/null "$INFLUXDATA_DOWNLOADS" 2>/dev/null; then
        passed "InfluxDB $INFLUXDB_VERSION: can be downloaded"
    else
        missing=$(_missing_for_influxd | paste -sd ,)
        if [[ -n $missing ]]; then
            failed "InfluxDB's compilers, as its download cannot be reached" "missing: $missing" "all of Go, cargo, cc" \
                "install them (https://go.dev/dl, https://rustup.rs, apt-get install gcc), or put an influxd 2 on PATH"
        else
            passed "InfluxDB $INFLUXDB_VERSION: Go, cargo and cc are there to build it once (about 4 minutes)"
        fi
    fi
}

check_observers() {
    local missing
    if ! profile_is_on observability; then return; fi
    missing=$(scripts/native/prometheus.sh missing | paste -sd ' ')
    if gateway_is_on && ! type -P prometheus-nginx-exporter >/dev/null; then missing+=${missing:+ }prometheus-nginx-exporter; fi
    if [[ -n $missing ]]; then
        failed "the profile observability" "not installed: $missing" "Debian's packages" "apt-get install $missing"
    else
        passed "Prometheus, Alertmanager and their exporters"
    fi
}

check_gateway() {
    local missing
    case $GATEWAY in
        off) return ;;
        on) ;;
        *)
            failed "GATEWAY" "$GATEWAY" "on or off" "set it in .env"
            return
            ;;
    esac
    missing=$(scripts/native/gateway.sh missing | paste -sd ' ')
    if [[ -n $missing ]]; then
        failed "the gateway" "not installed: $missing" "Debian's packages" "apt-get install $missing, or GATEWAY=off"
    else
        passed "nginx"
    fi
}

say "Checks (nothing is changed before all pass)"
check_python
check_java
check_small_tools
check_compilers
check_observers
check_gateway
