"""What customers said would come back: told by file or by program, listed, and matched to what came."""
