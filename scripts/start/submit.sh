# shellcheck shell=bash disable=SC2154  # sourced; names come from environment.sh
# A batch job beside the stream, in the foreground.

submit_batch() {
    # shellcheck disable=SC1091  # made by scripts/venv.sh; it knows Spark's configuration
    source "$VENV/bin/activate"
    spark-submit spark-jobs/batch_analytics.py "$@"
}
