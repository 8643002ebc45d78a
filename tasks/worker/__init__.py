"""A worker's parent process: starting, pinning, heartbeat, leases, pauses, drain. It never imports torch."""
