#!/usr/bin/env bash
# hdfs namenode|datanode ARGUMENTS, with the variables that Hadoop's own launcher reads.
set -eEuo pipefail

case $1 in
    namenode) class=org.apache.hadoop.hdfs.server.namenode.NameNode ;;
    datanode) class=org.apache.hadoop.hdfs.server.datanode.DataNode ;;
    *) echo "hdfs: no $1 in this stand-in" >&2 && exit 1 ;;
esac
shift
share=/opt/hadoop/share/hadoop
# shellcheck disable=SC2086  # words
exec java -Xmx"${HADOOP_HEAPSIZE_MAX:-1g}" ${HADOOP_OPTS:-} -Djava.net.preferIPv4Stack=true \
    -cp "$HADOOP_CONF_DIR:$share/common/*:$share/common/lib/*:$share/hdfs:$share/hdfs/*:$share/hdfs/lib/*" "$class" "$@"
