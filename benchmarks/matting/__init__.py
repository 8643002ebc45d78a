"""What matting takes and how well it mattes."""
