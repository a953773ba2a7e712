"""Every setting: one name (the same in .env, in the environment and in Compose), a default and a sentence.

The environment wins over ``.env`` in the working directory, which wins over the default.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from telemetry.config_file import misconfigured
from telemetry.errors import Misconfigured
from telemetry.kafka_servers import KafkaServers


class Settings(BaseSettings):
    """The settings of all processes; each reads those that it needs."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    config_dir: Path = Field(Path("config"), description="Native mode: folder of metrics.yaml, topics.yaml and others.")
    gpustream_run_dir: Path = Field(
        Path(".run"), description="This copy's logs, secrets and, natively, data and state."
    )
    state_dir: Path = Field(
        Path(),
        description="Native mode: progress, heartbeats: what outlives a restart. Empty: GPUSTREAM_RUN_DIR/state.",
    )
    time_zone: str = Field("UTC", description="Zone of local times in logs that name none, such as Europe/Berlin.")
    report_timezone: str = Field("UTC", description="Zone that says what a day is in the nightly reports.")
    report_schedule: str = Field(
        "10 3 * * *", description="Cron expression of the nightly batch, in REPORT_TIMEZONE; off: never by the clock."
    )
    report_after_import_readings: int = Field(
        10_000, ge=1, description="After an import of so many readings the batch runs once it was quiet for 2 minutes."
    )
    energy_price_per_kwh: float = Field(0.30, ge=0, description="Price of a kWh, for the cost columns of the reports.")
    energy_currency: str = Field("EUR", description="Currency of ENERGY_PRICE_PER_KWH.")

    kafka_port: int = Field(9092, description="Port of Kafka on 127.0.0.1.")
    kafka_bootstrap_servers: KafkaServers = Field("", description="Native mode: address. Empty: 127.0.0.1:KAFKA_PORT.")
    kafka_client_timeout_seconds: float = Field(
        30.0, gt=0, description="How long a client waits for one answer of Kafka before it tries again."
    )
    kafka_metrics_partitions: int = Field(
        0, ge=0, le=1000, description="Partitions of the readings' topic; they only grow. 0: as in config/topics.yaml."
    )
    kafka_metrics_retention_hours: int = Field(
        0, ge=0, description="How long Kafka keeps readings. 0: as in config/topics.yaml."
    )
    producer_linger_ms: int = Field(50, ge=0, description="How long the producer waits to fill a batch.")
    producer_batch_bytes: int = Field(262_144, ge=1024, description="Size of a full producer batch.")
    producer_compression: str = Field("zstd", description="Compression of batches: zstd, lz4, gzip or none.")

    collect_buffer_readings: int = Field(
        20_000,
        ge=1,
        description="While Kafka is away so many of the newest readings of live GPUs wait; older are lost.",
    )

    influxdb_port: int = Field(8086, description="Port of InfluxDB on 127.0.0.1.")
    influxdb_url: str = Field("", description="Native mode: InfluxDB's address. Empty: http://127.0.0.1:INFLUXDB_PORT.")
    influxdb_org: str = Field("gpustream", description="Organisation in InfluxDB.")
    influxdb_token: SecretStr = Field(SecretStr(""), description="Token of InfluxDB; better INFLUXDB_TOKEN_FILE.")
    influxdb_token_file: Path = Field(
        Path(), description="Native mode: file with InfluxDB's token. Empty: GPUSTREAM_RUN_DIR/secrets/influxdb-token."
    )
    influxdb_read_token_file: Path = Field(
        Path(), description="Grafana's token, which only reads. Empty: GPUSTREAM_RUN_DIR/secrets/influxdb-read-token."
    )
    influxdb_retention_days: int = Field(30, ge=1, description="Live and demo readings are kept this long in InfluxDB.")
    influxdb_batch_lines: int = Field(5000, ge=1, le=50_000, description="Most readings in one write to InfluxDB.")
    influxdb_batch_ms: int = Field(30, ge=1, description="A write to InfluxDB waits at most this long to fill.")
    influxdb_timeout_seconds: float = Field(30.0, gt=0, description="A write to InfluxDB may take this long.")

    postgres_port: int = Field(5432, description="Port of PostgreSQL on 127.0.0.1.")
    postgres_host: str = Field("127.0.0.1", description="Native mode: where PostgreSQL answers.")
    postgres_database: str = Field(
        "gpustream", description="Database in PostgreSQL, of alerts, health and (POSTGRES_READINGS) readings."
    )
    postgres_user: str = Field("gpustream", description="User of PostgreSQL.")
    postgres_password_file: Path = Field(
        Path(), description="Native mode: file with the password. Empty: GPUSTREAM_RUN_DIR/secrets/postgres-password."
    )

    postgres_readings: Literal["on", "off"] = Field(
        "off", description="on or off: whether readings are written to PostgreSQL, too (docs/recipes/timescale.md)."
    )
    postgres_readings_days: int = Field(
        7, ge=1, le=3650, description="Live and demo readings are kept this long in PostgreSQL; imports for ever."
    )
    postgres_aggregates_days: int = Field(
        90, ge=1, description="So long PostgreSQL keeps minutes and five minutes; hours for ever."
    )
    postgres_batch_readings: int = Field(5000, ge=1, le=50_000, description="Most readings in one write to PostgreSQL.")
    postgres_batch_ms: int = Field(100, ge=1, description="A write to PostgreSQL waits at most this long to fill.")

    health_scores_days: int = Field(
        30, ge=1, le=3650, description="Health scores, one per GPU and minute, are kept this long; imports for ever."
    )
    health_events_days: int = Field(
        365, ge=1, le=3650, description="Events, predictions and decisions are kept this long in PostgreSQL."
    )

    console_port: int = Field(8000, ge=1, le=65_535, description="Port of the console and of the REST API.")
    console_host: str = Field("127.0.0.1", description="Native mode: address on which the console listens.")
    console_tokens_dir: Path = Field(
        Path(),
        description="Native mode: folder of console-viewer-token, console-operator-token and console-admin-token."
        " Empty: GPUSTREAM_RUN_DIR/secrets.",
    )
    console_rate_per_minute: int = Field(1200, ge=1, description="Most requests of one caller of the API per minute.")
    console_cors_origins: str = Field(
        "", description="Web pages that may call the API, such as https://portal.example, with commas. Empty: none."
    )
    console_upload_megabytes: int = Field(512, ge=1, description="Largest log that the console takes.")
    uploads_dir: Path = Field(
        Path(), description="Native mode: where uploads go. Empty: GPUSTREAM_RUN_DIR/uploads, which is watched."
    )
    datacenter: str = Field("local", description="What the REST API calls the place of these machines.")

    grafana_port: int = Field(3000, description="Port of Grafana on 127.0.0.1.")

    grafana_refresh: str = Field(
        "10s", description="How often the dashboards refresh: a number of s, m or h, 5s at least."
    )

    gateway: Literal["on", "off"] = Field(
        "off", description="on: nginx before the console, the API and Grafana (docs/gateway.md). Native mode."
    )
    nginx_exporter_port: int = Field(9113, ge=1, le=65_535, description="Port of the gateway's exporter.")

    exporter_port: int = Field(9108, ge=1, le=65_535, description="Native mode: port of our own page for Prometheus.")
    exporter_host: str = Field("127.0.0.1", description="Native mode: address on which that page is served.")
    exporter_names: str = Field(
        "gpustream,dcgm,nvidia_gpu_exporter",
        description="Whose names readings have on that page: gpustream, dcgm, nvidia_gpu_exporter, with commas.",
    )

    prometheus_port: int = Field(9090, ge=1, le=65_535, description="Port of Prometheus on 127.0.0.1.")
    prometheus_retention_days: int = Field(30, ge=1, description="So long Prometheus keeps what it has.")
    alertmanager_port: int = Field(9093, ge=1, le=65_535, description="Port of Alertmanager on 127.0.0.1.")
    alertmanager_url: str = Field(
        "",
        description="Where the console asks Alertmanager. Empty: natively at ALERTMANAGER_PORT while the profile "
        "observability runs, else nowhere.",
    )
    node_exporter_port: int = Field(9100, ge=1, le=65_535, description="Native mode: port of the machine's exporter.")
    postgres_exporter_port: int = Field(9187, ge=1, le=65_535, description="Native mode: PostgreSQL exporter's port.")
    kafka_exporter_port: int = Field(
        9404, ge=1, le=65_535, description="Port of the page of Kafka's JVM for Prometheus, native mode."
    )
    alertmanager_gpu_alerts: Literal["on", "off"] = Field(
        "off", description="on: Alertmanager tells people of GPUs, too; off: only our own alert engine does."
    )
    alertmanager_webhook_url: str = Field("", description="Where Alertmanager posts what it tells. Empty: nowhere.")
    alertmanager_mail_to: str = Field("", description="Whom Alertmanager writes mails to. Empty: nobody.")
    alertmanager_mail_from: str = Field("gpustream@localhost", description="From whom these mails are.")
    alertmanager_smarthost: str = Field("localhost:25", description="host:port that takes these mails.")
    alertmanager_mail_user: str = Field("", description="User at that host. Empty: none is asked for.")
    alertmanager_mail_password_file: Path = Field(Path(), description="File with that user's password, native mode.")

    hdfs_port: int = Field(9870, description="Port of the NameNode's pages and WebHDFS on 127.0.0.1.")
    hdfs_datanode_http_port: int = Field(9864, description="Port of the DataNode's pages and WebHDFS on 127.0.0.1.")
    hdfs_rpc_port: int = Field(8020, description="Port of the NameNode for Spark on 127.0.0.1.")
    hdfs_url: str = Field("", description="Native mode: the lake's file system. Empty: hdfs://127.0.0.1:HDFS_RPC_PORT.")
    webhdfs_url: str = Field("", description="Native mode: address of WebHDFS. Empty: http://127.0.0.1:HDFS_PORT.")
    lake_path: str = Field("/gpu-metrics", description="Folder of the streamed tables in HDFS.")
    reports_path: str = Field("/gpu-analytics", description="Folder of the nightly reports in HDFS.")
    lake_retention_days: int = Field(
        0, ge=0, description="Readings leave the lake so many days after they came, whatever their own time. 0: never."
    )

    spark_ui_port: int = Field(4040, description="Port of the Spark driver's page on 127.0.0.1.")
    spark_checkpoint: str = Field(
        "", description="Native mode: the stream's offsets. Empty: GPUSTREAM_RUN_DIR/data/spark-checkpoints."
    )
    spark_trigger_seconds: int = Field(20, ge=1, description="The stream writes to the lake this often.")
    spark_max_offsets_per_trigger: int = Field(
        50_000,
        ge=100,
        description="Most records in one batch of the stream. Much more does not fit into a driver of 512 MB.",
    )
    spark_anomalies: bool = Field(True, description="Whether the stream looks for anomalies (docs/anomalies.md).")
    window_seconds: int = Field(30, ge=1, description="Length of a window (an aggregate of one GPU).")

    backup_dir: str = Field("", description="Where backups are made by the clock. Empty: never. Native mode.")
    backup_schedule: str = Field("40 4 * * *", description="Cron expression of the backups, in REPORT_TIMEZONE.")
    backup_keep: int = Field(7, ge=1, description="So many of the newest backups stay in BACKUP_DIR.")

    @field_validator("time_zone", "report_timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("a zone of the IANA database such as Europe/Berlin or UTC") from error
        return value

    @field_validator("backup_schedule")
    @classmethod
    def _backups(cls, value: str) -> str:
        if not _is_cron(value):
            raise ValueError("cron's five fields (minute hour day month weekday) such as '40 4 * * *'")
        return value

    @field_validator("report_schedule")
    @classmethod
    def _schedule(cls, value: str) -> str:
        if value != "off" and not _is_cron(value):
            raise ValueError("cron's five fields (minute hour day month weekday) such as '10 3 * * *', or off")
        return value

    @field_validator("grafana_refresh")
    @classmethod
    def _refresh(cls, value: str) -> str:
        match = re.fullmatch(r"([1-9]\d*)([smh])", value)
        # Grafana's own lower end.
        if match is None or (match[2] == "s" and int(match[1]) < 5):
            raise ValueError("a number and s, m or h, 5s at least, such as 10s or 1m")
        return value

    @field_validator("exporter_names")
    @classmethod
    def _exporters(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not set(names) <= {"gpustream", "dcgm", "nvidia_gpu_exporter"}:
            raise ValueError("gpustream, dcgm and nvidia_gpu_exporter only, with commas")
        return ",".join(names)

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("producer_compression")
    @classmethod
    def _compression(cls, value: str) -> str:
        if value not in {"zstd", "lz4", "gzip", "none"}:
            raise ValueError("zstd, lz4, gzip or none")
        return value

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: dict[str, Any]) -> dict[str, Any]:
        def setting(name: str) -> str:
            return str(values.get(name) or cls.model_fields[name].default)

        run_dir = setting("gpustream_run_dir")
        derived = {
            "kafka_bootstrap_servers": f"127.0.0.1:{setting('kafka_port')}",
            "influxdb_url": f"http://127.0.0.1:{setting('influxdb_port')}",
            "influxdb_token_file": f"{run_dir}/secrets/influxdb-token",
            "influxdb_read_token_file": f"{run_dir}/secrets/influxdb-read-token",
            "postgres_password_file": f"{run_dir}/secrets/postgres-password",
            "console_tokens_dir": f"{run_dir}/secrets",
            "uploads_dir": f"{run_dir}/uploads",
            "hdfs_url": f"hdfs://127.0.0.1:{setting('hdfs_rpc_port')}",
            "webhdfs_url": f"http://127.0.0.1:{setting('hdfs_port')}",
            "spark_checkpoint": f"{run_dir}/data/spark-checkpoints",
            "state_dir": f"{run_dir}/state",
        }
        return values | {name: value for name, value in derived.items() if not values.get(name)}

    @classmethod
    def load(cls) -> Self:
        """From the environment and ``.env``. Raises Misconfigured with the setting and its value, or with the file."""
        try:
            return cls()
        except ValidationError as error:
            raise misconfigured("settings (.env or environment)", error) from error
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(".env", str(error), "a readable UTF-8 file") from error

    @cached_property
    def influxdb_secret(self) -> str:
        """The token of InfluxDB. Raises Misconfigured where there is none."""
        if given := self.influxdb_token.get_secret_value():
            return given
        try:
            return self.influxdb_token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(
                "settings: INFLUXDB_TOKEN_FILE", str(error), "a readable file; ./start.sh makes it on its first run"
            ) from error


def _is_cron(text: str) -> bool:
    return len(text.split()) == 5 and re.fullmatch(r"[0-9A-Za-z*/,\- ]+", text) is not None
