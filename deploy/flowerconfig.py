"""Flower's settings (https://flower.readthedocs.io/en/latest/config.html), given to it with ``--conf``."""

# With `result`, where the progress of a running job is told, such as `denoise 34/50`.
tasks_columns = "name,uuid,state,result,received,started,runtime,worker"
# Jobs that Flower remembers; the ledger remembers all.
max_tasks = 10_000
