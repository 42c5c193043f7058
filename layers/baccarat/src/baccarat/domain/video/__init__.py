"""What ties pictures to the log: marks of frames, the strip in the picture, the chain of films."""
