#!/usr/bin/env bash
# How supervisord starts each program: scripts/run.sh NAME COMMAND... It becomes the program (exec), so that the pid
# which supervisord, status and `kill` see is the program's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/start/leftovers.sh

name=$1
shift
mkdir -p "$GPUSTREAM_RUN_DIR/pids" "$GPUSTREAM_RUN_DIR/starts"

# The last starts, one line each: ordinal and second. supervisord forgets; status wants to tell a restart from a loop.
starts=$GPUSTREAM_RUN_DIR/starts/$name
ordinal=0 before=0
if [[ -f $starts ]]; then read -r ordinal before < <(tail -n 1 "$starts"); fi
now=$(date +%s)
{
    if [[ -f $starts ]]; then tail -n 19 "$starts"; fi
    echo "$((ordinal + 1)) $now"
} >"$starts.new"
mv "$starts.new" "$starts"

end_left_over "$name" 5

# supervisord restarts at once and for ever; a program that dies at once must not eat a core meanwhile.
if ((now - before < 5)); then sleep 2; fi

# With the time at which this pid began: a pid alone may be somebody else's by the time it is read.
echo "$$ $(ps -o lstart= -p $$)" >"$GPUSTREAM_RUN_DIR/pids/$name"

# shellcheck disable=SC1091  # made by scripts/venv.sh
source .venv/bin/activate
export PYTHONUNBUFFERED=1
# Else the C library keeps a pool of memory for each of many threads, in the JVMs above all.
export MALLOC_ARENA_MAX=2
exec "$@"
