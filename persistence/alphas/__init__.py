"""Alphas on local disk, between the stage that mattes and the stage that delivers: closed segments and an index over them."""
