import pytest
import redis

from deploy.local.redis_server import RedisServer
from reelfleet import Fleet
from reelfleet.contract.worker import WorkerRole
from tests.fixtures.producers import worker_info


def verdicts(fleet) -> dict[str, str]:
    return {check.name: check.verdict.value for check in fleet.diagnose()}


@pytest.fixture
def healthy(ledger, alive):
    ledger.workers.beat(worker_info("cpu0@here", WorkerRole.CPU), ttl_s=600)
    ledger.steward.take_turn("cpu0@here", 600_000)


def test_a_healthy_fleet_is_ok_throughout(fleet, healthy):
    assert [check for check in fleet.diagnose() if check.verdict != "ok"] == []


def test_without_workers_the_doctor_warns_and_says_how_to_mend(fleet):
    checks = {check.name: check for check in fleet.diagnose()}

    assert (checks["workers"].verdict, checks["steward"].verdict) == ("warn", "warn")
    assert "no gpu and no cpu worker" in checks["workers"].found
    assert "start" in checks["workers"].mend


def test_a_missing_role_is_named(fleet, alive):
    checks = {check.name: check for check in fleet.diagnose()}

    assert checks["workers"].found == "no cpu worker is alive"


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [("maxmemory-policy", "allkeys-lru", "eviction"), ("appendonly", "no", "durability")],
    ids=["evicts", "forgets"],
)
def test_a_redis_that_may_lose_jobs_is_a_warning(tmp_path, store_url, setting, value, check):
    with RedisServer(tmp_path / "redis") as server, Fleet(server.url, store_url) as fleet:
        before = verdicts(fleet)[check]
        client = redis.Redis.from_url(server.url)
        client.config_set(setting, value)
        client.close()

        assert (before, verdicts(fleet)[check]) == ("ok", "warn")


def test_a_worker_of_another_version_fails(fleet, ledger, healthy):
    ledger.workers.beat(worker_info("gpu1@here", version="9.9.9"), ttl_s=600)

    assert verdicts(fleet)["versions"] == "fail"


def test_without_redis_what_can_be_checked_is_checked(store_url):
    with Fleet("redis://:secret@127.0.0.1:1/0", store_url) as fleet:
        checks = {check.name: check for check in fleet.diagnose()}

    assert set(checks) == {"broker", "store", "commit"}
    assert (checks["broker"].verdict, checks["broker"].unreachable, checks["store"].verdict) == ("fail", True, "ok")
    assert "secret" not in str(checks)


def test_a_store_that_cannot_be_written_fails(redis_url, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with Fleet(redis_url, (tmp_path / "file").as_uri()) as fleet:
        checks = {check.name: check for check in fleet.diagnose()}

    assert (checks["store"].verdict, checks["store"].unreachable) == ("fail", True)
