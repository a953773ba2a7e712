"""Where Kafka answers, as its clients take it: ``host:port``, several with commas."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_WITH_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+)(?::(\d{1,5}))?")
"""The port may be missing; an IPv6 address that has one stands in brackets."""
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*")
_LAST_PORT = 65_535


def _checked(value: str) -> str:
    if not all(map(_is_server, value.split(","))):
        raise ValueError("host:port, several with commas, such as kafka-1:9092,kafka-2:9092")
    return value


def _is_server(text: str) -> bool:
    address = text.strip().rpartition("://")[2]  # PLAINTEXT://kafka:9092
    if _BARE_IPV6.fullmatch(address):
        return True
    match = _WITH_PORT.fullmatch(address)
    return match is not None and int(match[1] or 1) <= _LAST_PORT


KafkaServers = Annotated[str, AfterValidator(_checked)]
"""A setting that holds them."""
