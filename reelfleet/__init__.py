"""reelfleet: producers, operators and consumers of the fleet."""
