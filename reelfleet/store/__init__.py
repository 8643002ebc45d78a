"""Object stores: `file://` and `s3://` with one interface."""
