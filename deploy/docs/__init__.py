"""The reference pages, written from the code; a test keeps them equal to it."""
