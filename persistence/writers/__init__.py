"""One file per kind of media file; each writes to the path it is given and nothing else."""
