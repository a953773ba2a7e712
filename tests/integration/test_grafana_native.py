"""Where Grafana comes from without Docker, and what it is started with.

Its archive is one of ours on 127.0.0.1 that holds a script in its place: what is tested is scripts/native/grafana.sh.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.official_server import NATIVE, OfficialServer, Site, archive_of, as_coreutils

ROOT = Path(__file__).parents[2]
# Says its version as Grafana does, and else what it was called with.
GRAFANA = b"""#!/bin/sh
if [ "$1" = --version ]; then echo "grafana version 12.4.0"; exit; fi
echo "words=$*"
env
"""


@pytest.fixture
def official() -> Iterator[OfficialServer]:
    server = OfficialServer()
    server.archive = archive_of("bin/grafana", content=GRAFANA)
    server.checksum = lambda name: as_coreutils(name, hashlib.sha256(server.archive).hexdigest())
    yield server
    server.close()


@pytest.fixture
def site(tmp_path: Path, official: OfficialServer) -> Site:
    return Site(tmp_path, official)


def home_with(folder: Path, version: str) -> Path:
    program = folder / "bin" / "grafana"
    program.parent.mkdir(parents=True)
    program.write_bytes(GRAFANA.replace(b"12.4.0", version.encode()))
    program.chmod(0o755)
    return folder


def test_official_archive_is_used_when_its_checksum_holds(site: Site, official: OfficialServer) -> None:
    code, said = site.install("grafana.sh")
    assert code == 0, said
    assert [path.parent.parent.parent for path in site.cache.glob("grafana-*/bin/grafana")] == [site.cache]
    assert all("/12.4.0/grafana_12.4.0_" in each for each in official.asked)
    asked = len(official.asked)
    assert site.install("grafana.sh")[0] == 0
    assert len(official.asked) == asked, "the second install asks nobody"


def test_wrong_checksum_is_refused_aloud(site: Site, official: OfficialServer) -> None:
    official.checksum = lambda name: as_coreutils(name, "0" * 64)
    code, said = site.install("grafana.sh")
    assert code == 1
    assert "REFUSED" in said
    assert not list(site.cache.glob("grafana-*/"))
    assert site.left_over() == []


def test_server_that_never_answers_is_given_up_with_what_to_do(site: Site, official: OfficialServer) -> None:
    official.hanging.set()
    code, said = site.install("grafana.sh")
    assert code == 1
    assert len(official.asked) == 1
    assert "FAIL: grafana-12.4.0" in said


def test_grafana_home_is_used_and_named(site: Site, official: OfficialServer, tmp_path: Path) -> None:
    home = home_with(tmp_path / "my grafana", "12.4.0")
    code, said = site.install("grafana.sh", GRAFANA_HOME=str(home))
    assert code == 0, said
    assert str(home) in said
    assert official.asked == []


@pytest.mark.parametrize("version", ["11.6.1", "9.5.0"])
def test_home_with_an_older_grafana_is_named_and_passed_over(site: Site, tmp_path: Path, version: str) -> None:
    home = home_with(tmp_path / "old", version)
    code, said = site.install("grafana.sh", GRAFANA_HOME=str(home))
    assert code == 0, said
    assert f"GRAFANA_HOME={home}: ignored; found: grafana version {version}; expected: version 12" in said
    assert list(site.cache.glob("grafana-*/bin/grafana"))


def test_it_is_started_on_this_machine_alone_with_our_provisioning_and_no_password_in_its_words(
    site: Site, tmp_path: Path
) -> None:
    run_dir = Path(site.environment["GPUSTREAM_RUN_DIR"])
    (run_dir / "secrets").mkdir(parents=True)
    (run_dir / "secrets" / "influxdb-read-token").write_text("reads-only\n")
    (run_dir / "secrets" / "grafana-password").write_text("hush\n")
    home = home_with(tmp_path / "grafana", "12.4.0")
    settings = site.environment | {"GRAFANA_HOME": str(home), "GRAFANA_PORT": "13000", "INFLUXDB_PORT": "18086"}
    for unset in ("INFLUXDB_URL", "INFLUXDB_ORG", "PROMETHEUS_PORT"):
        settings.pop(unset, None)
    done = subprocess.run([str(NATIVE / "grafana.sh"), "run"], env=settings, capture_output=True, text=True, check=True)
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert said["words"] == f"server --homepath {home} --config {ROOT / 'config' / 'grafana' / 'grafana.ini'}"
    assert (said["GF_SERVER_HTTP_ADDR"], said["GF_SERVER_HTTP_PORT"]) == ("127.0.0.1", "13000")
    assert said["GF_PATHS_PROVISIONING"] == str(run_dir / "grafana" / "provisioning")
    assert said["GPUSTREAM_PROMETHEUS_DASHBOARDS"] == str(run_dir / "grafana" / "prometheus")
    assert said["PROMETHEUS_URL"] == "http://127.0.0.1:9090"
    assert said["GPUSTREAM_DASHBOARDS"] == str(run_dir / "grafana" / "dashboards")
    assert (said["GF_INFLUXDB_TOKEN"], said["GF_SECURITY_ADMIN_PASSWORD"]) == ("reads-only", "hush")
    assert (said["INFLUXDB_URL"], said["INFLUXDB_ORG"]) == ("http://127.0.0.1:18086", "gpustream")


def test_without_its_secrets_it_says_who_makes_them(site: Site, tmp_path: Path) -> None:
    home = home_with(tmp_path / "grafana", "12.4.0")
    settings = site.environment | {"GRAFANA_HOME": str(home)}
    done = subprocess.run(
        [str(NATIVE / "grafana.sh"), "run"], env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "influxdb-read-token" in done.stderr
    assert "./start.sh makes it" in done.stderr


def test_what_needs_a_name_from_its_environment_gets_it() -> None:
    """Each $__env{} of the provisioning and of grafana.ini is set by both ways of starting it."""
    files = [ROOT / "config/grafana/grafana.ini", *(ROOT / "dashboard/grafana/provisioning").rglob("*.yaml")]
    names = {name for file in files for name in re.findall(r"\$__env\{(\w+)\}", file.read_text(encoding="utf-8"))}
    assert names >= {"INFLUXDB_URL", "INFLUXDB_ORG", "GF_INFLUXDB_TOKEN", "GPUSTREAM_DASHBOARDS"}
    native = (NATIVE / "grafana.sh").read_text(encoding="utf-8")
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").partition("\n  grafana:\n")[2].split("\n\n")[0]
    for name in names:
        assert re.search(rf"\b{name}\b", native), name
        assert re.search(rf"\b{name}(__FILE)?: ", compose), name


def test_both_modes_have_the_same_version() -> None:
    versions = (NATIVE / "versions.sh").read_text(encoding="utf-8")
    (version,) = [line.partition("=")[2] for line in versions.splitlines() if line.startswith("GRAFANA_VERSION=")]
    assert f"image: grafana/grafana:{version}\n" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
