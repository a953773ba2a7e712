"""A token that can read our buckets and nothing else: what Grafana is given."""

from __future__ import annotations

import os
from pathlib import Path

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.rest import ApiException

from telemetry.settings import Settings

DESCRIPTION = "gpustream: reads, for Grafana"


def keep(settings: Settings, client: InfluxDBClient, bucket_ids: list[str]) -> str:
    """One line that says what was done; the token stands in INFLUXDB_READ_TOKEN_FILE, readable by its owner only.

    InfluxDB shows a token once, so one whose file was lost cannot be had again: it is revoked, and another is made.
    """
    path = settings.influxdb_read_token_file
    if _is_taken(settings, path, len(bucket_ids)):
        return "read token: there"
    api = client.authorizations_api()
    for each in api.find_authorizations():  # type: ignore[no-untyped-call]
        if each.description == DESCRIPTION:
            api.delete_authorization(each)  # type: ignore[no-untyped-call]
    organizations = client.organizations_api()
    org = organizations.find_organizations(org=settings.influxdb_org)[0]  # type: ignore[no-untyped-call]
    reads = [
        Permission(action="read", resource=PermissionResource(type="buckets", id=each, org_id=org.id))  # type: ignore[no-untyped-call]
        for each in bucket_ids
    ]
    wanted = Authorization(org_id=org.id, permissions=reads, description=DESCRIPTION)  # type: ignore[no-untyped-call]
    made = api.create_authorization(authorization=wanted)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made.token + "\n")
    new.rename(path)
    return "read token: made"


def _is_taken(settings: Settings, path: Path, buckets: int) -> bool:
    """Whether the token in ``path`` reads all of them."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError:
        return False
    try:
        with InfluxDBClient(settings.influxdb_url, token, org=settings.influxdb_org) as reader:
            return len(reader.buckets_api().find_buckets().buckets) >= buckets
    except ApiException as error:
        if error.status == 401:
            return False
        raise
