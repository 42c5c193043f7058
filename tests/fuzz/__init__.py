"""The HTTP API asked by schemathesis, which makes requests from the document alone."""

from typing import Final

KNOWN_VARIABLE: Final = "FUZZ_KNOWN"
"""The environment variable that tells the hooks, as JSON, what there is in the sandbox."""
