# shellcheck shell=bash
# The Java that runs the engines. Kafka 4 and Spark 4 need 17.

JAVA_NEEDED=17

find_java() { # sets JAVA
    JAVA=${JAVA_HOME:+$JAVA_HOME/bin/java}
    if [[ ! -x ${JAVA:-} ]]; then JAVA=$(command -v java) || JAVA=; fi
    [[ -n $JAVA ]] || fail "no Java" "neither JAVA_HOME nor java on PATH" "Java $JAVA_NEEDED or newer" \
        "install it, e.g. apt-get install openjdk-17-jre-headless"
}

# Asked once at install, not at each start: it costs a JVM.
check_java() {
    find_java
    local found
    found=$("$JAVA" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -n 1)
    ((${found:-0} >= JAVA_NEEDED)) || fail "Java is too old" "$JAVA is version ${found:-unknown}" \
        "Java $JAVA_NEEDED or newer" "install it, or set JAVA_HOME to it"
}
