from __future__ import annotations

from tasks.affinity import MAX_IN_A_ROW, WarmFirst


def drawn(cycle: WarmFirst, times: int, waiting: set[str]) -> list[str]:
    """Draw tickets as BRPOP would: from the first queue in order that has one waiting."""
    order = []
    for _ in range(times):
        queue = next(queue for queue in cycle.consume(len(cycle.items)) if queue in waiting)
        cycle.rotate(queue)
        order.append(queue)
    return order


def test_queue_of_the_model_that_ran_last_is_asked_first():
    # Given three queues of which b gave the last ticket
    cycle = WarmFirst(["a", "b", "c"])
    cycle.rotate("b")

    # Then b is asked first again
    assert cycle.consume(3)[0] == "b"


def test_one_model_gives_at_most_its_bound_in_a_row_while_others_wait():
    # Given two queues that never run dry
    cycle = WarmFirst(["a", "b"])

    # When twice the bound is drawn
    order = drawn(cycle, 2 * MAX_IN_A_ROW, {"a", "b"})

    # Then each model gave its run and the other one followed
    assert order == ["a"] * MAX_IN_A_ROW + ["b"] * MAX_IN_A_ROW


def test_no_queue_starves_among_many():
    # Given five queues that never run dry
    queues = ["a", "b", "c", "d", "e"]
    cycle = WarmFirst(list(queues))

    # When five bounds are drawn
    order = drawn(cycle, 5 * MAX_IN_A_ROW, set(queues))

    # Then every queue had its turn
    assert set(order) == set(queues)


def test_paused_queue_is_not_asked_although_it_was_last():
    # Given a queue that gave the last ticket and was cancelled since
    cycle = WarmFirst(["a", "b"])
    cycle.rotate("a")
    cycle.update(["b"])

    # Then only the other one is asked
    assert cycle.consume(1) == ["b"]
