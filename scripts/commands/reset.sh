# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# Deletes what was recorded: the run folder. Never data/, never .env, never the engines' cache.

if [[ ${#arguments[@]} -gt 1 || ! ${arguments[0]:---yes} =~ ^(--yes|-y)$ ]]; then
    fail "reset" "${arguments[*]}" "./start.sh reset [--yes]" "./start.sh --help"
fi
if [[ ! -d $RUN_DIR ]]; then
    say "Nothing is recorded here (no $RUN_DIR)."
    exit 0
fi
if [[ ! -f $RUN_DIR/.gpustream || $REPO/ == "$RUN_DIR"/* ]]; then
    fail "reset" "$RUN_DIR, which start.sh did not make" "a run folder of gpustream" "look at GPUSTREAM_RUN_DIR"
fi
if ((${#arguments[@]} == 0)); then
    say "This stops everything and deletes $RUN_DIR ($(du -sh "$RUN_DIR" | cut -f 1)): readings, lake, reports, secrets, logs."
    say "data/ and .env stay."
    answer=
    read -r -p "Type yes to go on: " answer || true
    if [[ $answer != yes ]]; then
        say "Nothing was changed."
        exit 1
    fi
fi
stop_everything
# Renamed first: a reset that is interrupted leaves no half of an instance behind.
doomed=$RUN_DIR.deleted-$$
mv "$RUN_DIR" "$doomed"
rm -rf "$doomed"
say "Deleted $RUN_DIR. The next ./start.sh begins anew."
