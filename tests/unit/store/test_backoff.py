from __future__ import annotations

import pytest

from reelfleet.store import StoreRetry


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.1, 0.2), (2, 0.2, 0.4), (3, 0.4, 0.8), (20, 2.5, 5.0)])
def test_waits_double_up_to_a_bound_and_differ(failures: int, least: float, most: float) -> None:
    waits = [StoreRetry(base_s=0.2, max_s=5).delay_s(failures) for _ in range(50)]

    assert all(least <= wait <= most for wait in waits)
    assert len(set(waits)) > 1
