"""The payment provider of the one-machine run: a process that can be told to misbehave."""
