"""Reading what is to be matted: frames, masks and sound of files that anybody may have made."""
