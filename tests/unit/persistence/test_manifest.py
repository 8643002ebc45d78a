from __future__ import annotations

import hashlib
import json

import rfc8785

from persistence.manifest import build_manifest
from reelfleet.contract.manifest import Manifest
from tests.unit.persistence.builders import JOB_ID, spec
from tests.unit.persistence.jobs import NOW, REPORT, artifact, lease, request, row


def build(**changes) -> bytes:
    fields = {
        "job": row(),
        "lease": lease(),
        "spec": spec(),
        "artifacts": [artifact("clip.mp4"), artifact("clip.wav", sha256="ef" * 32)],
        "report": REPORT,
        "timings": {"write_s": 0.25},
        "created": NOW,
    }
    return build_manifest(**{**fields, **changes})


def test_the_bytes_are_canonical_json() -> None:
    data = build()

    assert rfc8785.dumps(json.loads(data)) == data


def test_it_is_an_in_toto_statement_about_every_artifact() -> None:
    statement = json.loads(build())

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://reelfleet.dev/manifest/v1"
    assert statement["subject"] == [
        {"name": "clip.mp4", "digest": {"sha256": "cd" * 32}},
        {"name": "clip.wav", "digest": {"sha256": "ef" * 32}},
    ]


def test_it_reads_back_as_what_was_built() -> None:
    predicate = Manifest.model_validate_json(build()).predicate

    assert (predicate.job_id, predicate.attempt, predicate.fence, predicate.idempotency_key) == (JOB_ID, 1, 3, "order-42")
    assert predicate.spec == spec()
    assert predicate.artifacts == (artifact("clip.mp4"), artifact("clip.wav", sha256="ef" * 32))
    assert predicate.created == NOW


def test_it_holds_what_is_needed_to_make_the_result_again() -> None:
    predicate = json.loads(build())["predicate"]

    assert predicate["seed"] == predicate["spec"]["seed"] == predicate["request"]["seed"] == "9223372036854775809"
    assert predicate["spec_sha256"] == hashlib.sha256(rfc8785.dumps(predicate["spec"])).hexdigest()
    assert predicate["request_sha256"] == request().sha256()
    assert predicate["weights_sha256"] == REPORT["weights_sha256"]
    assert predicate["versions"] == REPORT["versions"]
    assert predicate["pipeline"] == {"class": "WanPipeline", "dtype": "float32"}
    assert predicate["timings"] == {"queue_s": 0.5, "load_s": 1.5, "denoise_s": 2.25, "write_s": 0.25}


def test_notes_of_the_ledger_and_of_the_pipeline_are_told_once() -> None:
    job = row(notes=("told by the ledger", "placed on the CPU"))

    assert json.loads(build(job=job))["predicate"]["notes"] == ["told by the ledger", "placed on the CPU"]


def test_what_was_given_up_for_want_of_memory_is_named() -> None:
    report = {"degraded": ["memory_freed", "vae_tiling"]}

    assert json.loads(build(report=report))["predicate"]["degraded"] == ["memory_freed", "vae_tiling"]


def test_the_same_job_gives_the_same_bytes() -> None:
    assert build() == build()
