"""Opening a finished file again and counting what is in it."""
