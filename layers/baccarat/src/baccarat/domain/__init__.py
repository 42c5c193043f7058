"""The pure core: standard library only, no clock, no randomness, no environment, no I/O."""
