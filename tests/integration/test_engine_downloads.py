"""Where an engine comes from: an installed one, the official archive if it is what it says it is, else the registry.

The official server is one of ours on 127.0.0.1, and `mvn` is a stand-in that writes an empty jar: what is tested is
scripts/native/, without a network. Two installs at once and a killed one are here too, because a first start is when
people lose patience.
"""

from __future__ import annotations

import hashlib
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.identities import eventually
from support.official_server import DIGEST, OfficialServer, Site, archive_of, as_bsd, as_coreutils, as_gpg


@pytest.fixture
def official() -> Iterator[OfficialServer]:
    server = OfficialServer()
    yield server
    server.close()


@pytest.fixture
def site(tmp_path: Path, official: OfficialServer) -> Site:
    return Site(tmp_path, official)


@pytest.mark.parametrize("form", [as_coreutils, as_bsd, as_gpg])
def test_the_official_archive_is_used_when_its_checksum_holds(
    site: Site, official: OfficialServer, form: Callable[[str, str], str]
) -> None:
    official.checksum = lambda name: form(name, DIGEST)
    code, said = site.install()
    assert code == 0, said
    assert site.jars() == ["kafka_2.13-official.jar"]
    assert site.registry_was_asked() == 0
    assert site.left_over() == []


def test_a_wrong_checksum_is_refused_aloud_and_the_registry_serves(site: Site, official: OfficialServer) -> None:
    official.checksum = lambda name: as_gpg(name, hashlib.sha512(b"another file").hexdigest())
    code, said = site.install()
    assert code == 0, said
    assert "REFUSED" in said
    assert DIGEST in said
    assert hashlib.sha512(b"another file").hexdigest() in said
    assert site.jars() == ["kafka_2.13-registry.jar"]
    assert list(site.cache.glob("kafka-*/bin")) == [], "nothing of the refused archive stays"


def test_with_no_other_way_a_wrong_checksum_ends_the_install(site: Site, official: OfficialServer) -> None:
    official.checksum = lambda name: as_coreutils(name, "0" * 128)
    code, said = site.install(GPUSTREAM_INSTALL_FROM="download")
    assert code == 1
    assert "REFUSED" in said
    assert "FAIL: kafka-" in said
    assert site.jars() == []
    assert site.left_over() == []


def test_a_checksum_file_that_is_a_web_page_is_no_checksum(site: Site, official: OfficialServer) -> None:
    official.checksum = lambda name: "<html>moved</html>"
    code, said = site.install()
    assert code == 0, said
    assert "holds no SHA-512" in said
    assert site.jars() == ["kafka_2.13-registry.jar"]


def test_a_server_that_never_answers_is_given_up(site: Site, official: OfficialServer) -> None:
    official.hanging.set()
    code, said = site.install()
    assert code == 0, said
    assert site.jars() == ["kafka_2.13-registry.jar"]
    assert len(official.asked) == 1, "asked once, not again and again"


def test_an_archive_that_breaks_off_is_not_used(site: Site, official: OfficialServer) -> None:
    official.cut_after = 40
    code, said = site.install()
    assert code == 0, said
    assert site.jars() == ["kafka_2.13-registry.jar"]


def test_influxd_is_held_to_the_digest_in_versions_sh(site: Site, official: OfficialServer) -> None:
    official.archive = archive_of("usr/bin/influxd")
    code, said = site.install("influxdb.sh", GPUSTREAM_INSTALL_FROM="download")
    assert code == 1
    assert "REFUSED" in said
    assert list(site.cache.glob("influxdb-*/")) == []


def test_influxd_is_found_wherever_its_archive_keeps_it(site: Site, official: OfficialServer) -> None:
    official.archive = archive_of("usr/bin/influxd")
    digest = hashlib.sha256(official.archive).hexdigest()
    code, said = site.install("influxdb.sh", GPUSTREAM_INSTALL_FROM="download", GPUSTREAM_INFLUXDB_SHA256=digest)
    assert code == 0, said
    assert [path.parent.parent for path in site.cache.glob("influxdb-*/influxd")] == [site.cache]


def test_an_installed_engine_is_used_and_named(site: Site, tmp_path: Path) -> None:
    home = tmp_path / "my kafka"
    (home / "libs").mkdir(parents=True)
    (home / "libs" / "kafka_2.13-mine.jar").touch()
    code, said = site.install(KAFKA_HOME=str(home))
    assert code == 0, said
    assert str(home) in said
    assert not site.cache.exists()


def test_a_home_without_the_engine_is_named_and_passed_over(site: Site, tmp_path: Path) -> None:
    code, said = site.install(KAFKA_HOME=str(tmp_path))
    assert code == 0, said
    assert f"KAFKA_HOME={tmp_path}" in said
    assert site.jars() == ["kafka_2.13-official.jar"]


def test_an_influxd_of_version_1_is_passed_over(site: Site, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "influxd"
    old.write_text('#!/bin/sh\necho "InfluxDB v1.6.7~rc0 (git: unknown unknown)"\n')
    old.chmod(0o755)
    code, said = site.install("influxdb.sh", GPUSTREAM_INSTALL_FROM="installed")
    assert code == 1
    assert f"{old} is not an InfluxDB 2" in said


def test_the_second_install_asks_nobody(site: Site, official: OfficialServer) -> None:
    assert site.install()[0] == 0
    asked = len(official.asked)
    code, said = site.install()
    assert code == 0, said
    assert len(official.asked) == asked
    assert len(said.splitlines()) == 1


def test_two_clones_may_install_at_once(site: Site) -> None:
    site.registry_answers_after(1)
    both = [site.start(GPUSTREAM_INSTALL_FROM="registry") for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert site.registry_was_asked() == 1, "the second waits for the first and takes its work"
    assert site.jars() == ["kafka_2.13-registry.jar"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_an_install_that_is_ended_leaves_nothing_half_done(site: Site, how: signal.Signals) -> None:
    site.registry_answers_after(4)
    process = site.start(GPUSTREAM_INSTALL_FROM="registry")
    while not site.registry_was_asked():
        time.sleep(0.05)
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert site.jars() == []
    if how != signal.SIGKILL:
        assert site.left_over() == []
        child = Path("/proc", site.registry_calls.read_text().strip())
        # Whoever inherits it takes a moment to let go of it.
        assert eventually(child.exists, lambda there: not there, 20) is False, "its child is ended too"
    # Again, with what a kill -9 left lying about.
    site.registry_answers_after(0)
    code, said = site.install(GPUSTREAM_INSTALL_FROM="registry")
    assert code == 0, said
    assert site.jars() == ["kafka_2.13-registry.jar"]
    assert site.left_over() == []


def test_without_any_way_it_says_so_and_what_to_do(site: Site) -> None:
    site.mvn.unlink()
    shutil.rmtree(site.mvn.parent)
    code, said = site.install(GPUSTREAM_INSTALL_FROM="installed")
    assert code == 1
    for word in ("FAIL", "found", "expected", "do:"):
        assert word in said
