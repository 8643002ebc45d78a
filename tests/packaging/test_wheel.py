import json
import subprocess
import zipfile

SUBMIT = """
import importlib.util, json, pathlib
from reelfleet import Fleet

pathlib.Path("start.png").write_bytes(b"picture")
with Fleet() as fleet:
    job = fleet.generate(model="clip-model", prompt="a red kite", image_start="start.png", seed=7)
    print(json.dumps({
        "job_id": job.id,
        "state": job.status().state.value,
        "torch": importlib.util.find_spec("torch") is not None,
        "home": fleet.__class__.__module__,
        "file": __import__("reelfleet").__file__,
    }))
"""


def run(command, hostile, environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command], cwd=hostile, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_wheel_holds_reelfleet_alone_and_all_of_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names} == {"reelfleet", next(name.split("/")[0] for name in names if ".dist-info/" in name)}
    assert {"reelfleet/py.typed", "reelfleet/ledger/scripts/claim.lua", "reelfleet/cli/verbs/generate.py"} <= set(names)


def test_a_producer_with_its_own_tasks_and_config_submits(producer_python, hostile, environment, ledger, alive):
    ran = run([producer_python, "-c", SUBMIT], hostile, environment)

    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert ledger.jobs.row(answer["job_id"]).request.seed == 7
    assert answer["state"] == "queued"


def test_a_producer_needs_no_worker_package(producer_python, hostile, environment, alive):
    ran = run([producer_python, "-c", SUBMIT], hostile, environment)

    assert json.loads(ran.stdout)["torch"] is False


def test_the_producer_uses_the_wheel_and_not_the_checkout(producer_python, hostile, environment, alive):
    ran = run([producer_python, "-c", SUBMIT], hostile, environment)

    assert str(producer_python.parents[1]) in json.loads(ran.stdout)["file"]


def test_the_command_line_works_there(producer_python, hostile, environment, alive, fleet):
    reel = producer_python.with_name("reel")

    help_ = run([reel, "--help"], hostile, environment)
    submitted = run([reel, "generate", "--model", "clip-model", "--prompt", "x", "--detach"], hostile, environment)

    assert (help_.returncode, submitted.returncode) == (0, 0), submitted.stderr
    assert "generate" in help_.stdout
    assert fleet.job(submitted.stdout.strip()).status().state == "queued"


def test_any_celery_client_can_enqueue_by_name_without_reelfleet(producer_python, hostile, environment, redis_url):
    script = f"from celery import Celery; Celery(broker={redis_url!r}).send_task('reel.submit', args=[{{}}], queue='reel.cpu', ignore_result=True)"

    ran = run([producer_python, "-c", script], hostile, environment)

    assert ran.returncode == 0, ran.stderr
