"""The servers under gpustream as they tell of themselves: Kafka, HDFS, Spark, InfluxDB, PostgreSQL, Prometheus."""

from __future__ import annotations

from dashboard.grafana.promql import rate
from dashboard.grafana.promql_panels import PER_SECOND, Graph

_QUERIES = 'path=~"/api/v2/(query|write)"'
_OWN_DATABASES = 'datname!~"template.*|postgres|"'

_TOPIC = 'topic!=""'
_NO_JMX = "Kafka's JMX exporter does not tell"
_NO_HDFS = "HDFS does not tell"
_NO_SPARK = "No stream runs, or it does not tell"


def _of_streams(what: str) -> str:
    """A figure of each query of Spark's streams: its name stands in that of the metric."""
    name = f"metrics_.+_spark_streaming_(.+)_{what}_Value"
    return f'label_replace({{__name__=~"{name}"}}, "query", "$1", "__name__", "{name}")'


KAFKA = (
    Graph("Kafka, records a second by topic",
          ((f"sum by (topic) ({rate('gpustream_kafka_topic_records_total')})", "{{topic}}"),), PER_SECOND, 1),
    Graph("Kafka, records before each group",
          (("sum by (group) (gpustream_kafka_consumer_lag_records)", "{{group}}"),), "short", 0),
    Graph("Kafka, bytes",
          ((f"sum by (topic) ({rate(f'kafka_server_brokertopicmetrics_bytesin_total{{{_TOPIC}}}')})", "{{topic}} in"),
           (f"sum by (topic) ({rate(f'kafka_server_brokertopicmetrics_bytesout_total{{{_TOPIC}}}')})",
            "{{topic}} out")),
          "Bps", 0, nothing=_NO_JMX),
    Graph("Kafka, size of topics", ((f"sum by (topic) (kafka_log_log_size{{{_TOPIC}}})", "{{topic}}"),), "bytes", 0,
          nothing=_NO_JMX),
    Graph("Kafka, how long a request takes",
          (('kafka_network_requestmetrics_totaltimems{quantile="0.99"}', "{{request}} p99"),), "ms", 1,
          "Requests for records wait on purpose until there are some.", _NO_JMX),
    Graph("Kafka, idle",
          (("kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent", "handlers of requests"),
           ("kafka_network_socketserver_networkprocessoravgidle_percent", "handlers of connections")),
          "percentunit", 0, "The share of their time in which they have nothing to do.", _NO_JMX, top=1),
)  # fmt: skip
HDFS = (
    Graph("HDFS, room", (("fs_namesystem_capacity_used", "used"), ("fs_namesystem_capacity_remaining", "left")),
          "bytes", 1, nothing=_NO_HDFS),
    Graph("HDFS, files and blocks", (("fs_namesystem_files_total", "files"), ("fs_namesystem_blocks_total", "blocks")),
          "short", 0, nothing=_NO_HDFS),
    Graph("HDFS, blocks in trouble",
          (("fs_namesystem_missing_blocks", "missing"), ("fs_namesystem_corrupt_blocks", "corrupt"),
           ("fs_namesystem_under_replicated_blocks", "with too few copies")), "short", 0, nothing=_NO_HDFS),
    Graph("HDFS, DataNodes",
          (("fs_namesystem_num_live_data_nodes", "alive"), ("fs_namesystem_num_dead_data_nodes", "dead")),
          "short", 0, nothing=_NO_HDFS),
)  # fmt: skip
SPARK = (
    Graph("Spark, rows taken and worked off",
          ((_of_streams("inputRate_total"), "{{query}} taken"),
           (_of_streams("processingRate_total"), "{{query}} worked off at most")),
          PER_SECOND, 0, "Of the newest batch. One that could work off less than it takes falls behind.", _NO_SPARK),
    Graph("Spark, how long a batch takes", ((_of_streams("latency"), "{{query}}"),), "ms", 0, nothing=_NO_SPARK),
)  # fmt: skip
INFLUXDB = (
    Graph("InfluxDB, requests",
          ((f"sum by (path, status) ({rate(f'http_api_requests_total{{{_QUERIES}}}')})", "{{path}} {{status}}"),),
          PER_SECOND, 2, "Queries and writes, by the kind of answer."),
    Graph("InfluxDB, p95 of requests",
          ((f"histogram_quantile(0.95, sum by (le, path) ("
            f"rate(http_api_request_duration_seconds_bucket{{{_QUERIES}}}[10m])))", "{{path}}"),), "s", 3,
          "Of ten minutes."),
    Graph("InfluxDB, size on the disk", (("sum by (bucket) (storage_shard_disk_size)", "{{bucket}}"),), "bytes", 1,
          "By the buckets' ids."),
)  # fmt: skip
POSTGRES = (
    Graph("PostgreSQL, transactions",
          ((f"sum by (datname) ({rate(f'pg_stat_database_xact_commit{{{_OWN_DATABASES}}}')})", "{{datname}} committed"),
           (f"sum by (datname) ({rate(f'pg_stat_database_xact_rollback{{{_OWN_DATABASES}}}')})",
            "{{datname}} rolled back")),
          PER_SECOND, 2),
    Graph("PostgreSQL, connections",
          ((f"sum by (datname) (pg_stat_database_numbackends{{{_OWN_DATABASES}}})", "{{datname}}"),
           ("max(pg_settings_max_connections)", "at most")), "short", 0),
    Graph("PostgreSQL, size of databases",
          ((f"max by (datname) (pg_database_size_bytes{{{_OWN_DATABASES}}})", "{{datname}}"),), "bytes", 1),
)  # fmt: skip
PROMETHEUS = (
    Graph("Prometheus, series in memory", (("prometheus_tsdb_head_series", "{{instance}}"),), "short", 0),
    Graph("Prometheus, values taken", ((rate("prometheus_tsdb_head_samples_appended_total"), "{{instance}}"),),
          PER_SECOND, 0),
    Graph("Prometheus, how long its rules take",
          (("max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds, "
            '"rule_group", "$1", "rule_group", ".*;(.*)"))', "{{rule_group}}"),), "s", 3),
    Graph("How long each scrape takes", (('max by (job) (scrape_duration_seconds{platform="gpustream"})', "{{job}}"),),
          "s", 3),
    Graph("Alertmanager, messages to people",
          ((f"sum by (integration) ({rate('alertmanager_notifications_total')})", "{{integration}} sent"),
           (f"sum by (integration) ({rate('alertmanager_notifications_failed_total')})", "{{integration}} failed")),
          PER_SECOND, 3),
    Graph("Memory of the servers", (('process_resident_memory_bytes{platform="gpustream"}', "{{job}}"),), "bytes", 0,
          "Of those that tell it."),
)  # fmt: skip
ROWS: tuple[tuple[str, tuple[Graph, ...]], ...] = (
    ("Kafka", KAFKA),
    ("HDFS", HDFS),
    ("Spark", SPARK),
    ("InfluxDB", INFLUXDB),
    ("PostgreSQL", POSTGRES),
    ("Prometheus and Alertmanager", PROMETHEUS),
)
