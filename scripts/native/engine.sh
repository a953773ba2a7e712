# shellcheck shell=bash
# What every engine's script needs, in the order in which the files need each other.

NATIVE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$NATIVE/messages.sh"
source "$NATIVE/versions.sh"
source "$NATIVE/settings.sh"
source "$NATIVE/steps.sh"
source "$NATIVE/cache.sh"
source "$NATIVE/download.sh"
source "$NATIVE/java.sh"
source "$NATIVE/maven.sh"
source "$NATIVE/wait.sh"

# allowed WAY: whether an engine may be taken from there (installed, download, registry).
allowed() { [[ " $INSTALL_FROM " == *" $1 "* ]]; }

# Whether Prometheus reads this instance (scripts/start/observed.sh). Else servers are without pages for it, and smaller.
is_observed() { [[ -f $RUN_DIR/prometheus/observed ]]; }
