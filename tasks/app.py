"""The workers' Celery application: ``celery -A tasks.app control|inspect|flower`` and ``python -m tasks.worker``.

Importing it reads no setting and no torch; settings are read when Celery first looks at its configuration.
"""

from __future__ import annotations

from celery import Celery

import tasks.control  # noqa: F401 - `celery -A tasks.app control` knows the commands that are registered when the app is imported

app = Celery("reelfleet", include=["tasks.process_start", "tasks.stages.tasks", "tasks.submission", "tasks.worker.revocation"])
# By name and not by value: a spawned child gets the name and reads the settings itself.
app.config_from_object("tasks.celery_settings:configuration")
