#!/usr/bin/env bash
# The NameNode in its container: formatted on the first start, beside its place, because a format that was killed leaves
# a folder from which no NameNode starts.
set -eEuo pipefail

final=$HDFS_DATA_DIR making=$HDFS_DATA_DIR/formatting
if [[ ! -d $final/name/current ]]; then
    rm -rf "$making" "$final/name"
    HDFS_DATA_DIR=$making hdfs namenode -format -nonInteractive
    mv -T "$making/name" "$final/name"
    rm -rf "$making"
fi
exec hdfs namenode
