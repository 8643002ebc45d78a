"""Everything that touches Celery: app, stages, worker, steward."""
