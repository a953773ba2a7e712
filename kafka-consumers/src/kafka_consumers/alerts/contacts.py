"""Contacts of config/alerts.yaml and their addresses, which are secrets and stand in .env."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dotenv import dotenv_values

from kafka_consumers.alerts.channels import Alertmanager, AppriseChannel, Channel, Webhook
from kafka_consumers.alerts.policy import Action, Contact
from telemetry.clock import Clock
from telemetry.errors import Misconfigured


class Addresses:
    """Settings by name: the environment first, then .env in the working directory, as for all settings."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self._known = {name: value for name, value in dotenv_values(".env").items() if value} | {
            name: value for name, value in given.items() if value
        }

    def of(self, where: str, setting: str) -> str:
        """Raises Misconfigured where it is not set; ``where`` is what names it."""
        try:
            return self._known[setting]
        except KeyError:
            raise Misconfigured(f"{where} ({setting})", "no value", f"{setting}=... in .env") from None


def channels_of(contacts: Mapping[str, Contact], addresses: Addresses, clock: Clock) -> dict[str, Channel]:
    """Each contact's way. Raises Misconfigured for an address that is not there or cannot be one."""
    return {name: _channel(name, contact, addresses, clock) for name, contact in contacts.items()}


def webhooks_of(actions: Mapping[str, Action], addresses: Addresses, clock: Clock) -> dict[str, Webhook]:
    """Those of the actions that are webhooks."""
    made = {}
    for name, action in actions.items():
        if action.url_setting is not None:
            where = f"alerts.yaml: notifications.actions.{name}"
            url = addresses.of(f"{where}.url_setting", action.url_setting)
            check_http(action.url_setting, url)
            secret = addresses.of(f"{where}.secret_setting", action.secret_setting or "")
            made[name] = Webhook(url, secret, clock)
    return made


def _channel(name: str, contact: Contact, addresses: Addresses, clock: Clock) -> Channel:
    where = f"alerts.yaml: notifications.contacts.{name}"
    url = addresses.of(f"{where}.url_setting", contact.url_setting)
    if contact.kind == "apprise":
        return AppriseChannel(contact.url_setting, url)
    check_http(contact.url_setting, url)
    if contact.kind == "alertmanager":
        return Alertmanager(url, clock)
    return Webhook(url, addresses.of(f"{where}.secret_setting", contact.secret_setting or ""), clock)


def check_http(setting: str, url: str) -> None:
    """Raises Misconfigured; never says the address itself."""
    if not url.startswith(("http://", "https://")):
        raise Misconfigured(f"settings: {setting}", "an address without http:// or https://", "an address of HTTP")
