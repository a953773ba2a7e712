# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# Deletes what was recorded: containers, volumes and the run folder. Never data/, never .env, never the images.

if [[ ${#arguments[@]} -gt 1 || ! ${arguments[0]:---yes} =~ ^(--yes|-y)$ ]]; then
    fail "reset" "${arguments[*]}" "./start.sh reset [--yes]" "./start.sh --help"
fi
need_engine
if [[ -e $RUN_DIR && ( ! -f $RUN_DIR/.gpustream || $REPO/ == "$RUN_DIR"/* ) ]]; then
    fail "reset" "$RUN_DIR, which start.sh did not make" "a run folder of gpustream" "look at GPUSTREAM_RUN_DIR"
fi
if ((${#arguments[@]} == 0)); then
    say "This ends every container and deletes their volumes and $RUN_DIR: readings, lake, reports, secrets, logs."
    say "data/ and .env stay."
    answer=
    read -r -p "Type yes to go on: " answer || true
    if [[ $answer != yes ]]; then
        say "Nothing was changed."
        exit 1
    fi
fi
compose --profile '*' down --volumes --remove-orphans
rm -rf "$RUN_DIR"
say "Deleted. The next ./start.sh begins anew."
