# shellcheck shell=bash
# Processes of this instance that nobody watches: kill -9 of supervisord leaves its children, kill -9 of Spark's Python
# its JVM. A second copy beside them would fight over ports and data, so they are ended first.

# The process group that NAME was last started in, if it still runs. supervisord gives each program a group of its own.
left_over() { # NAME -> prints the group's id
    local pid began now_began
    read -r pid began 2>/dev/null <"$GPUSTREAM_RUN_DIR/pids/$1" || return 1
    # Not us: run.sh asks this about its own name, and a pid can come round again.
    if ((pid == $$)) || ! kill -0 -- "-$pid" 2>/dev/null; then return 1; fi
    # A living leader that began at another time is somebody else; a group without leader keeps its id reserved.
    read -r now_began < <(ps -o lstart= -p "$pid") || true
    if [[ -n $now_began && $now_began != "$began" ]]; then return 1; fi
    echo "$pid"
}

end_left_over() { # NAME SECONDS: politely, then not
    local group deadline=$((SECONDS + $2))
    group=$(left_over "$1") || return 0
    kill -TERM -- "-$group" 2>/dev/null || true
    while kill -0 -- "-$group" 2>/dev/null; do
        if ((SECONDS >= deadline)); then kill -KILL -- "-$group" 2>/dev/null || true; fi
        sleep 0.1
    done
}
