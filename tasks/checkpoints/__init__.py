"""When a running job is checkpointed, where to, and what a claimed job goes on from."""
