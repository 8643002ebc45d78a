"""The workers' Celery application: ``celery -A tasks.app control|inspect|flower`` and ``python -m tasks.worker``.

Importing it reads no setting and no torch; settings are read when Celery first looks at its configuration.
"""

from __future__ import annotations

from celery import Celery

from tasks.celery_settings import celery_settings

app = Celery("reelfleet", include=["tasks.process", "tasks.stages.tasks", "tasks.submission", "tasks.control", "tasks.worker.revocation"])
app.add_defaults(celery_settings)
