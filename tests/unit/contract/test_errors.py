import pytest

from reelfleet.contract.errors import (
    Aborted,
    ErrorCode,
    FleetError,
    Internal,
    InvalidRequest,
    NoWorker,
    OutOfMemory,
    WireError,
    as_fleet_error,
    error_classes,
    error_from_wire,
)


def test_every_code_has_a_class_of_its_own():
    classes = error_classes()

    assert set(classes) == set(ErrorCode)
    assert len(set(classes.values())) == len(ErrorCode)


@pytest.mark.parametrize("cls", error_classes().values(), ids=lambda cls: cls.__name__)
def test_an_error_survives_the_wire_with_its_class_message_and_details(cls):
    wire = WireError.model_validate_json(cls("what, why, how", details={"step": 3}).to_wire().model_dump_json())

    raised = error_from_wire(wire)

    assert type(raised) is cls
    assert (raised.message, raised.details, str(raised)) == ("what, why, how", {"step": 3}, "what, why, how")


def test_without_a_message_the_class_speaks():
    assert NoWorker().message == "No living worker serves this model; start one, or submit with queue_anyway."


def test_retryable_travels():
    assert OutOfMemory().to_wire().retryable
    assert not Aborted().to_wire().retryable


def test_an_invalid_request_names_each_problem():
    error = InvalidRequest.of([{"field": "a", "problem": "wrong"}, {"field": "b", "problem": "missing"}])

    assert error.message == "the request has 2 problems: a: wrong; b: missing"
    assert len(error.details["problems"]) == 2


def test_a_foreign_exception_becomes_internal_and_ours_stays_itself():
    ours = NoWorker()

    assert as_fleet_error(ours) is ours
    assert isinstance(as_fleet_error(KeyError("x")), Internal)
    assert as_fleet_error(KeyError("x")).details == {"type": "KeyError"}


def test_one_except_catches_all():
    assert all(issubclass(cls, FleetError) for cls in error_classes().values())
