"""What the stream says of the servers that it waits for."""

from __future__ import annotations

import logging
import re
import socket

import pytest

from spark_jobs.servers import LOOK_EVERY, Address, Servers, connects
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

KAFKA, OTHER, HDFS = Address("k", 9092), Address("l", 9092), Address("h", 8020)


class Network:
    """Addresses that answer, and the clock."""

    def __init__(self) -> None:
        self.up = {KAFKA, OTHER, HDFS}
        self.time = 0
        self.asked = 0

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)

    def connect(self, address: Address) -> None:
        self.asked += 1
        if address not in self.up:
            raise ConnectionRefusedError("refused")


def test_says_once_who_is_away_and_once_that_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    network = Network()
    servers = Servers({"kafka": [KAFKA], "hdfs": [HDFS]}, network, network.connect)
    assert servers.away() == []
    network.up = {KAFKA}
    for _ in range(10):
        network.sleep(LOOK_EVERY / SECOND)
        assert servers.away() == ["hdfs"]
    network.up = {KAFKA, HDFS}
    network.sleep(1)
    assert servers.away() == []
    assert [record.getMessage() for record in caplog.records] == [
        "away server=hdfs address=h:8020 error=refused: waiting, nothing is lost",
        "back server=hdfs after_seconds=46.0",
    ]


def test_one_broker_of_several_is_enough() -> None:
    network = Network()
    network.up = {OTHER}
    assert Servers({"kafka": [KAFKA, OTHER]}, network, network.connect).away() == []


def test_a_server_that_is_there_is_not_asked_all_the_time() -> None:
    network = Network()
    servers = Servers({"hdfs": [HDFS]}, network, network.connect)
    for _ in range(100):
        servers.away()
    assert network.asked == 1
    servers.away(at_once=True)
    assert network.asked == 2
    network.sleep(-3600)
    servers.away()
    servers.away()
    assert network.asked == 3


def test_addresses_come_from_the_settings_and_a_nameservice_has_none() -> None:
    network = Network()
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:1, 127.0.0.1:2", hdfs_url="hdfs://cluster")
    assert Servers.of(settings, network).away() == ["kafka"]


def test_connects_to_who_listens_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address(*server.getsockname())
        connects(address)
    with pytest.raises(OSError, match="refused"):
        connects(address)


def test_address_that_is_none_is_said_with_its_setting() -> None:
    value = "hdfs://127.0.0.1:80200"
    with pytest.raises(Misconfigured, match=f"HDFS_URL: found {re.escape(value)}; expected"):
        Servers.of(Settings(hdfs_url=value), Network())


@pytest.mark.parametrize("servers", ["::1", "PLAINTEXT://127.0.0.1:9092", "[::1]:9092", "kafka"])
def test_every_address_that_the_settings_take_is_taken(servers: str) -> None:
    Servers.of(Settings(kafka_bootstrap_servers=servers), Network())
