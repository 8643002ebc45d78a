"""Jobs in the ledger: one file per kind of dealing with them, composed by `Jobs`."""
