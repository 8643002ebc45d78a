import json

import pytest
from pydantic import TypeAdapter, ValidationError

from reelfleet.contract.seed import SEED_MAX, RequestedSeed, Seed, draw_seed

ASKED, FIXED = TypeAdapter(RequestedSeed), TypeAdapter(Seed)


@pytest.mark.parametrize(("given", "read"), [(0, 0), ("0", 0), (SEED_MAX, SEED_MAX), (str(SEED_MAX), SEED_MAX), (" 7 ", 7)])
def test_a_seed_is_read_from_numbers_and_text(given, read):
    assert ASKED.validate_python(given) == FIXED.validate_python(given) == read


@pytest.mark.parametrize("given", [-1, "-1", None])
def test_minus_one_and_none_leave_the_seed_open(given):
    assert ASKED.validate_python(given) is None


@pytest.mark.parametrize("given", [SEED_MAX + 1, -2, "seven", "1.5", 1.5, True, "", "٣", "0x10"])
def test_anything_else_is_refused(given):
    with pytest.raises(ValidationError):
        ASKED.validate_python(given)


@pytest.mark.parametrize("adapter", [ASKED, FIXED])
def test_json_holds_all_64_bits_as_text(adapter):
    assert json.loads(adapter.dump_json(SEED_MAX)) == "18446744073709551615"


def test_drawn_seeds_differ_and_fit():
    drawn = {draw_seed() for _ in range(100)}

    assert len(drawn) == 100
    assert max(drawn) <= SEED_MAX
