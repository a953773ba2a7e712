# shellcheck shell=bash
# The levels of ./test.sh: what each of them runs, and the line that says how it went. Sourced, from the root.

declare -a level_lines=()

# prepare_environment LEVEL...: what these levels need, and no more.
prepare_environment() {
    local started=$SECONDS levels=" $* "
    echo "== set-up: the venv, the engines (from the cache where they are in it)"
    scripts/venv.sh
    # Only what the tests ask for is installed, by the scripts that the product itself uses.
    if [[ $levels == *" unit "* || $levels == *" integration "* || $levels == *" e2e "* || $levels == *" faults "* || $levels == *" long "* ]]; then
        scripts/native/spark-jars.sh install
        scripts/native/spark.sh configure
    fi
    # The stand-ins of images that cannot be pulled are made from the same engines.
    if [[ $levels == *" integration "* || $levels == *" e2e "* || $levels == *" browser "* || $levels == *" compose "* || $levels == *" faults "* || $levels == *" long "* ]]; then
        local engine
        for engine in kafka hdfs influxdb postgres; do
            "scripts/native/$engine.sh" install
        done
    fi
    if [[ $levels == *" browser "* ]] && ! type -P chromium >/dev/null; then install_debian chromium; fi
    # Its promtool judges the rules of dashboard/prometheus.
    if [[ $levels == *" unit "* || $levels == *" integration "* ]] && ! type -P promtool >/dev/null; then
        install_debian prometheus
    fi
    if [[ $levels == *" integration "* || $levels == *" e2e "* ]]; then
        local -a missing
        mapfile -t missing < <(missing_observers)
        if ((${#missing[@]})); then install_debian --no-install-recommends "${missing[@]}"; fi
        scripts/native/jmx.sh install
    fi
    # shellcheck disable=SC1091  # made by scripts/venv.sh
    source .venv/bin/activate
    echo "== set-up took $((SECONDS - started)) s"
}

# Of what start.sh runs for the profile observability and before the console, as it says itself.
missing_observers() {
    scripts/native/prometheus.sh missing
    scripts/native/gateway.sh missing
    type -P prometheus-nginx-exporter >/dev/null || echo prometheus-nginx-exporter
}

# Of the browser, because Playwright's own is a download that not every network allows.
install_debian() { # [OPTION] PACKAGE...
    echo "-- installing Debian's $*"
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/gpustream-debian.XXXXXX")
    if ! without_services apt_install "$@" >"$log" 2>&1; then
        tail "$log"
        echo "FAIL  no $*, and it cannot be installed (expected: root on Debian, or its programs on the PATH)"
        return 1
    fi
    rm -f "$log"
}

apt_install() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; }

# Debian would start its own Prometheus, nginx and the like at once, on ports that others may want.
without_services() { # COMMAND...
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ -e $policy || ! -w ${policy%/*} ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}

run_level() {
    local level=$1 started=$SECONDS
    shift
    echo
    echo "== $level"
    case $level in
        check) run_check ;;
        compose) tests/compose/run.sh -m "not long" "$@" ;;
        unit) in_parallel "$level" "$@" ;;
        # A test's broker lives for a minute: what the second compiler makes is never used, and takes the processor.
        integration)
            KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx256m -Xmn48m -XX:TieredStopAtLevel=1} in_parallel "$level" -m "not long" "$@"
            ;;
        long) run_long "$@" ;;
        *) python -m pytest "tests/$level" "$@" ;;
    esac
    level_lines+=("$level: passed in $((SECONDS - started)) s")
}

# A file is one worker's, so that its servers are started once. One worker more than there are cores: much of integration
# is waiting for processes to start.
in_parallel() {
    local level=$1
    shift
    python -m pytest "tests/$level" --numprocesses="${TEST_WORKERS:-$(($(nproc) + 1))}" --dist=loadfile --no-loadscope-reorder \
        --durations=12 "$@"
}

# What takes minutes a test, and is shown in part by others of its level. One at a time: they load the machine themselves.
run_long() {
    python -m pytest tests/integration -m long "$@"
    tests/compose/run.sh -m long "$@"
}

run_check() {
    step "ruff" ruff check .
    step "ruff format" ruff format --check .
    step "mypy, strict" mypy
    step "shellcheck" shellcheck_all
    step "hadolint" hadolint_all
    step "configuration" telemetry check
    step "alert rules" kafka-consumers alerts --check
    step "health rules" kafka-consumers health --check
    step "generated files" scripts/generate.sh --check
    step "architecture" python -m pytest tests/check
}

step() {
    echo "-- $1"
    shift
    "$@"
}

shellcheck_all() {
    local -a scripts
    mapfile -t scripts < <(git ls-files -- '*.sh' '.ci/run' 'benchmarks/run' | grep -v '^$')
    shellcheck --external-sources --source-path=SCRIPTDIR --source-path=. "${scripts[@]}"
}

hadolint_all() {
    local -a files
    mapfile -t files < <(git ls-files -- 'Dockerfile' '*/Dockerfile')
    hadolint "${files[@]}"
}

summary() {
    echo
    printf '== %s\n' "${level_lines[@]}"
}
