"""A whole fleet on one machine: Redis, a store, workers and Flower, on loopback and free ports.

``python -m deploy.local up|env|down|demo``.
"""
