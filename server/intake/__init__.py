"""What stations send: photos by hash, then the inspection, acknowledged when it is safe."""
