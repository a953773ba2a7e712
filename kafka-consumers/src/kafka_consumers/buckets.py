"""The buckets of gpustream in InfluxDB, made or brought to what the settings say, and the token that reads them."""

from __future__ import annotations

from collections.abc import Iterator

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from kafka_consumers import read_token
from kafka_consumers.sinks.influxdb_api import check_form
from kafka_consumers.sinks.points import HISTORY_BUCKET, IMPORT_BUCKET, LIVE_BUCKET
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

FOR_EVER = 0


def set_up(settings: Settings) -> Iterator[str]:
    """One line per bucket and one for the token that reads them: what was done.

    Raises Unavailable, or Misconfigured where our token is refused.
    """
    wanted = {
        LIVE_BUCKET: settings.influxdb_retention_days * 86_400,
        IMPORT_BUCKET: FOR_EVER,
        HISTORY_BUCKET: FOR_EVER,
    }
    check_form(settings.influxdb_url, settings.influxdb_secret)
    client = InfluxDBClient(settings.influxdb_url, settings.influxdb_secret, org=settings.influxdb_org)
    try:
        with client:
            for name, seconds in wanted.items():
                yield f"bucket {name}: {_bring(client, settings.influxdb_org, name, seconds)}"
            found = client.buckets_api().find_buckets_iter(org=settings.influxdb_org)  # type: ignore[no-untyped-call]
            yield read_token.keep(settings, client, [each.id for each in found if each.name in wanted])
    except ApiException as error:
        if error.status == 404:
            where = f"an organisation of InfluxDB at {settings.influxdb_url}"
            raise Misconfigured("INFLUXDB_ORG", repr(settings.influxdb_org), where) from error
        if error.status in (401, 403):
            raise Misconfigured("INFLUXDB_TOKEN_FILE", f"HTTP {error.status}", "a token that InfluxDB knows") from error
        raise Unavailable(f"InfluxDB at {settings.influxdb_url}: {error.reason}") from error
    except HTTPError as error:
        raise Unavailable(f"InfluxDB at {settings.influxdb_url}: {error}") from error


def _bring(client: InfluxDBClient, org: str, name: str, seconds: int) -> str:
    api = client.buckets_api()
    rules = BucketRetentionRules(type="expire", every_seconds=seconds)  # type: ignore[no-untyped-call]
    kept = f"kept {seconds // 86_400} days" if seconds else "kept for ever"
    found = api.find_buckets_iter(org=org)  # type: ignore[no-untyped-call]
    bucket = next((each for each in found if each.name == name), None)
    if bucket is None:
        api.create_bucket(bucket_name=name, retention_rules=rules, org=org)
        return f"made, {kept}"
    if sum(rule.every_seconds for rule in bucket.retention_rules) != seconds:
        bucket.retention_rules = [rules]
        api.update_bucket(bucket=bucket)
        return f"changed, {kept}"
    return f"there, {kept}"
