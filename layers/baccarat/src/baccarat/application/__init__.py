"""Use cases over ports. No AWS here; time, randomness and storage come in through ``ports``."""
