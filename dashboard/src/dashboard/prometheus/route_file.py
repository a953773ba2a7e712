"""alertmanager.yml: who is told of what, once."""

from __future__ import annotations

from typing import Any, Final

import yaml

from telemetry.settings import Settings

_OF_A_GPU: Final = ["cluster", "host", "card"]
_HELD_BACK: Final[tuple[tuple[dict[str, str], dict[str, str], list[str]], ...]] = (
    # Of a GPU that is in danger nobody needs to hear that it is warm.
    ({"severity": "critical", "about": "gpu"}, {"severity": "warning", "about": "gpu"}, _OF_A_GPU),
    # A machine that is gone is one fault, however many GPUs it has.
    ({"alertname": "GpuNodeSilent"}, {"about": "gpu"}, ["cluster", "host"]),
    ({"alertname": "GpuExporterDown"}, {"alertname": "GpuCollectorSlow"}, ["instance"]),
    # Without Kafka nothing is heard of anybody.
    ({"alertname": "PlatformKafkaAway"}, {"alertname": "PlatformProcessSilent"}, []),
    ({"alertname": "PlatformKafkaAway"}, {"alertname": "PlatformProcessMissing"}, []),
    ({"alertname": "PlatformKafkaAway"}, {"alertname": "PlatformNoReadings"}, []),
    # What a server's own page says by its absence, another alert says better.
    ({"alertname": "PlatformKafkaAway"}, {"alertname": "PlatformTargetDown", "job": "kafka"}, []),
    (
        {"alertname": "PlatformProcessSilent", "process": "streaming"},
        {"alertname": "PlatformTargetDown", "job": "streaming"},
        [],
    ),
    ({"alertname": "PlatformTargetDown", "job": "datanode"}, {"alertname": "PlatformHdfsDatanodeDead"}, []),
)
"""(while this fires, that is told to nobody, where these labels are equal)."""


def text(settings: Settings) -> str:
    """Receivers as .env has them; without any, alerts are on Alertmanager's page and nowhere else."""
    routes: list[dict[str, Any]] = []
    if settings.alertmanager_gpu_alerts == "off":
        # Our own engine tells of GPUs, by config/alerts.yaml: one fault, one mail.
        routes.append({"matchers": ['about="gpu"'], "receiver": "nobody"})
    routes += [
        {"matchers": ['severity="info"'], "receiver": "nobody"},
        {"matchers": ['severity="critical"'], "receiver": "people", "group_wait": "10s", "repeat_interval": "4h"},
        {"matchers": ['severity="warning"'], "receiver": "people", "group_wait": "30s", "repeat_interval": "1d"},
    ]
    content = {
        "route": {
            "receiver": "people",
            "group_by": ["alertname", "host", "job", "process", "program"],
            "group_interval": "1m",
            "routes": routes,
        },
        "inhibit_rules": [
            {"source_matchers": _matchers(source), "target_matchers": _matchers(target), "equal": equal}
            for source, target, equal in _HELD_BACK
        ],
        "receivers": [{"name": "nobody"}, {"name": "people", **_ways(settings)}],
    }
    return "# Made at each start; a change here is lost.\n" + yaml.safe_dump(content, sort_keys=False)


def _ways(settings: Settings) -> dict[str, Any]:
    ways: dict[str, Any] = {}
    if settings.alertmanager_webhook_url:
        ways["webhook_configs"] = [{"url": settings.alertmanager_webhook_url, "send_resolved": True}]
    if settings.alertmanager_mail_to:
        mail: dict[str, Any] = {
            "to": settings.alertmanager_mail_to,
            "from": settings.alertmanager_mail_from,
            "smarthost": settings.alertmanager_smarthost,
            "send_resolved": True,
        }
        if settings.alertmanager_mail_user:
            mail |= {
                "auth_username": settings.alertmanager_mail_user,
                "auth_password_file": str(settings.alertmanager_mail_password_file.resolve()),
            }
        ways["email_configs"] = [mail]
    return ways


def _matchers(labels: dict[str, str]) -> list[str]:
    return [f'{name}="{value}"' for name, value in labels.items()]
