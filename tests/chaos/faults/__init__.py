"""Everything that can go wrong, and how often it is chosen."""

from __future__ import annotations

from tests.chaos.faults import orders, processes, servers, store, tickets, wires
from tests.chaos.faults.act import Draw

WEIGHTS: dict[Draw, float] = {
    processes.kill_child: 6,
    processes.kill_worker: 3,
    processes.kill_host: 0.7,
    processes.kill_steward: 1,
    processes.stop_child: 2,
    processes.stop_worker: 3,
    processes.stop_steward: 1,
    processes.terminate_worker: 1,
    servers.kill_redis: 2,
    servers.stop_redis: 2,
    servers.kill_s3: 2,
    servers.stop_s3: 2,
    store.s3_errors: 4,
    store.s3_slow: 3,
    store.s3_lost_answers: 4,
    store.s3_cut_answers: 3,
    store.disk_full: 3,
    wires.cut_broker: 4,
    wires.cut_store: 2,
    wires.partition: 3,
    wires.partition_broker: 2,
    tickets.duplicate_tickets: 3,
    tickets.stray_tickets: 2,
    tickets.drop_tickets: 3,
    orders.pause_job: 4,
    orders.pause_queue: 2,
    orders.pause_worker: 2,
    orders.pause_fleet: 1,
    orders.abort_job: 4,
    orders.drain_worker: 1,
    orders.change_priority: 2,
    orders.urgent_jobs: 3,
}

KINDS: dict[str, Draw] = {draw.__name__: draw for draw in WEIGHTS}
