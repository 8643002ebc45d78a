import os
import subprocess
import sys

import pytest

from reelfleet import __version__
from reelfleet.cli.main import LATER, VERBS, reel


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(reel_alone, verb):
    ran = reel_alone(verb, "--help")

    assert ran.code == 0
    assert f"reel {verb}" in ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_common_options(verb):
    command = reel.get_command(None, verb)

    assert {"--json", "--broker-url", "--store-url"} <= {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("verb", [name for name, (_, _, section) in VERBS.items() if section == LATER])
def test_a_verb_of_a_later_version_refuses_by_name(reel_alone, verb):
    human, machine = reel_alone(verb, "x", "--mask", "y"), reel_alone(verb, "x", "--json")

    assert (human.code, machine.code) == (2, 2)
    assert "not in this version" in human.err
    assert machine.document["error"]["code"] == "unsupported"


def test_help_lists_every_verb_and_loads_none(nobody_configured):
    script = "import sys\nfrom reelfleet.cli.main import run\nrun(['--help'])\nprint(chr(10).join(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert all(verb in ran.stdout for verb in VERBS)
    assert not {"celery", "redis", "boto3", "pydantic", "rich"} & set(ran.stderr.split())


def test_the_version_is_the_packages(reel_alone):
    assert __version__ in reel_alone("--version").out


@pytest.mark.parametrize(("typed", "meant"), [("jbos", "jobs"), ("generat", "generate"), ("wacth", "watch")])
def test_a_typo_in_a_verb_is_answered_with_the_nearest(reel_alone, typed, meant):
    ran = reel_alone(typed)

    assert ran.code == 2
    assert f"did you mean {meant}" in ran.err


def test_a_typo_in_an_option_is_answered_with_the_nearest(reel_alone):
    ran = reel_alone("generate", "--promt", "x")

    assert ran.code == 2
    assert "--prompt" in ran.err


def test_a_usage_error_is_json_when_json_is_asked_for(reel_alone):
    ran = reel_alone("jobs", "--limit", "none", "--json")

    assert ran.code == 2
    assert ran.document["error"]["code"] == "invalid_request"
    assert ran.err == ""


def test_without_a_verb_there_is_help(reel_alone):
    ran = reel_alone()

    assert ran.code == 2
    assert "generate" in ran.out + ran.err


def test_a_broker_that_is_down_is_exit_3_and_its_password_shows_nowhere(reel_alone):
    human = reel_alone("--broker-url", "redis://:secret@127.0.0.1:1/0", "jobs")
    machine = reel_alone("jobs", "--json", "--broker-url", "redis://:secret@127.0.0.1:1/0")

    assert (human.code, machine.code) == (3, 3)
    assert machine.document["error"]["code"] == "broker_unavailable"
    assert "REEL_BROKER_URL" in human.err
    assert "secret" not in human.out + human.err + machine.out + machine.err


def test_a_wrong_setting_is_exit_2(reel_alone):
    ran = reel_alone("jobs", "--broker-url", "http://host")

    assert ran.code == 2
    assert "redis://" in ran.err


@pytest.mark.parametrize("arguments", [("jobs", "--json"), ("jobs",), ("--help",)])
def test_a_reader_that_goes_away_is_no_error(reel, fleet, alive, arguments):
    fleet.generate(model="clip-model", prompt="a red kite")
    reader, writer = os.pipe()
    os.close(reader)

    ran = subprocess.run(
        [sys.executable, "-m", "reelfleet.cli.main", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_shell_gets_completions(nobody_configured, monkeypatch):
    monkeypatch.setenv("_REEL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "reel pri")
    monkeypatch.setenv("COMP_CWORD", "1")

    ran = subprocess.run([sys.executable, "-m", "reelfleet.cli.main"], capture_output=True, text=True, check=False)

    assert ran.stdout.split() == ["plain,priority"]


def test_ctrl_c_before_there_is_a_job_is_exit_130(reel_alone, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("reelfleet.client.fleet.Fleet.jobs", interrupted)

    assert reel_alone("jobs").code == 130


def test_a_defect_is_told_as_one_and_leaves_no_traceback(reel_alone, monkeypatch):
    def broken(*_arguments, **_options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("reelfleet.client.fleet.Fleet.jobs", broken)

    ran = reel_alone("jobs", "--json")

    assert (ran.code, ran.document["error"]["code"]) == (1, "internal")
    assert ran.err == ""
