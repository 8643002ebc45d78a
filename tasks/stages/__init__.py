"""The stages of a job's way, one file each, and what they share."""
