"""What both sides agree on: requests, job states, events, manifests, errors and names."""
