#!/usr/bin/env bash
# HDFS without Docker: a NameNode and a DataNode on 127.0.0.1.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=hadoop-$HADOOP_VERSION
CONFIG=$REPO/config/hadoop
NAMENODE_LOG=$RUN_DIR/logs/namenode.log
DATANODE_LOG=$RUN_DIR/logs/datanode.log

holds_hdfs() {
    compgen -G "$1/share/hadoop/hdfs/hadoop-hdfs-[0-9]*.jar" >/dev/null
}
is_cached() { holds_hdfs "$CACHE/$NAME"; }

installed_home() { # prints HADOOP_HOME if it may and can be used
    if [[ -z ${HADOOP_HOME:-} ]] || ! allowed installed; then return 1; fi
    if ! holds_hdfs "$HADOOP_HOME"; then
        say "  HADOOP_HOME=$HADOOP_HOME holds no share/hadoop/hdfs/hadoop-hdfs-*.jar: ignored"
        return 1
    fi
    echo "$HADOOP_HOME"
}

home() {
    if installed_home; then return; fi
    is_cached || fail "HDFS is not installed" "no $CACHE/$NAME" "Hadoop $HADOOP_VERSION there" "$0 install"
    echo "$CACHE/$NAME"
}

build() { # DIR, with the layout of the official archive
    # The lean archive leaves out the SDKs of cloud stores, half of the download.
    local archive=hadoop-$HADOOP_VERSION-lean.tar.gz
    if allowed download && unpack_official "$APACHE_DOWNLOADS/hadoop/common/hadoop-$HADOOP_VERSION/$archive" "" "$1" &&
        holds_hdfs "$1"; then return 0; fi
    allowed registry || return 1
    jars_from_registry "$NATIVE/hadoop.pom.xml" "$1/share/hadoop/hdfs"
}

install() {
    check_java
    local found
    if found=$(installed_home); then
        say "hdfs: using HADOOP_HOME=$found"
        return
    fi
    if ! is_cached; then
        say "hdfs $HADOOP_VERSION: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "hdfs $HADOOP_VERSION: $CACHE/$NAME"
}

# Hadoop's own launcher is not used: the jars from the registry come without it, and it starts three shells.
# --add-opens: without it WebHDFS answers 500 on Java 17. share/hadoop/hdfs itself holds webapps/ in the archive.
java_of_hdfs() { # [-r to replace this shell] CLASS ARGUMENTS...
    local run=()
    if [[ $1 == -r ]]; then run=(exec) && shift; fi
    find_java
    local home share
    home=$(home)
    share=$home/share/hadoop
    export MALLOC_ARENA_MAX=2
    if is_observed; then export HDFS_PROMETHEUS=true; fi
    # A third of the heap would be for new objects: 64 MB, all of them touched before one collection, though 20 MB last. The
    # second compiler takes 40 MB of the two (docs/performance.md).
    # shellcheck disable=SC2086  # HDFS_HEAP_OPTS holds words
    "${run[@]}" "$JAVA" ${HDFS_HEAP_OPTS:--Xmx192m -Xmn24m} -XX:TieredStopAtLevel=1 \
        -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
        --add-opens java.base/java.lang=ALL-UNNAMED -Djava.net.preferIPv4Stack=true -Djava.awt.headless=true \
        -cp "$CONFIG:$share/common/*:$share/common/lib/*:$share/hdfs:$share/hdfs/*:$share/hdfs/lib/*" "$@"
}

NAMENODE=org.apache.hadoop.hdfs.server.namenode.NameNode
DATANODE=org.apache.hadoop.hdfs.server.datanode.DataNode

configure() {
    mkdir -p "$HDFS_DATA_DIR" "$RUN_DIR/logs"
    if [[ -d $HDFS_DATA_DIR/name/current ]]; then return; fi
    # Formatted beside its place and renamed: a format that was killed leaves a directory no NameNode starts from.
    local final=$HDFS_DATA_DIR making=$HDFS_DATA_DIR/formatting
    rm -rf "$making" "$final/name"
    STEP_LOG=$RUN_DIR/logs/namenode-format.log
    HDFS_DATA_DIR=$making java_of_hdfs "$NAMENODE" -format -nonInteractive >"$STEP_LOG" 2>&1 ||
        fail "HDFS could not be formatted" "$(grep -E 'ERROR|Exception' "$STEP_LOG" | head -n 1)" \
            "an empty $final/name to be formatted" "read $STEP_LOG"
    mv -T "$making/name" "$final/name"
    rm -rf "$making"
    say "hdfs: formatted $final/name"
}

run-namenode() {
    [[ -d $HDFS_DATA_DIR/name/current ]] ||
        fail "HDFS is not configured" "no $HDFS_DATA_DIR/name/current" "a formatted directory" "$0 configure"
    java_of_hdfs -r "$NAMENODE"
}

run-datanode() { java_of_hdfs -r "$DATANODE"; }

bean() { # PORT SERVICE NAME: one of the server's own figures, as JSON
    curl -sS --max-time 2 "http://127.0.0.1:$1/jmx?qry=Hadoop:service=$2,name=$3" 2>&1
}

# Both are asked: a NameNode counts a DataNode that was killed as live for 16 s.
in_service() {
    local namenode datanode mode=starting live=0
    namenode=$(bean "$HDFS_PORT" NameNode FSNamesystemState) || { echo "NameNode: $namenode" && return 1; }
    if [[ $namenode =~ \"FSState\"\ :\ \"([A-Za-z]+)\" ]]; then mode=${BASH_REMATCH[1]}; fi
    if [[ $namenode =~ \"NumLiveDataNodes\"\ :\ ([0-9]+) ]]; then live=${BASH_REMATCH[1]}; fi
    datanode=$(bean "$HDFS_DATANODE_HTTP_PORT" DataNode DataNodeInfo) || { echo "DataNode: $datanode" && return 1; }
    echo "NameNode: $mode, live DataNodes: $live"
    [[ $mode == Operational && $live != 0 && $datanode == *'ActorState\":\"RUNNING'* ]]
}

case ${1:-} in
    install | configure | run-namenode | run-datanode) "$1" ;;
    wait) wait_until "HDFS at 127.0.0.1:$HDFS_PORT, out of safe mode with a live DataNode," \
        "$NAMENODE_LOG and $DATANODE_LOG" in_service ;;
    *) usage "install | configure | run-namenode | run-datanode | wait" ;;
esac
