"""``python -m media_sfu.forwarding.accelerator``: build the loop in C."""

import sys

from media_sfu.forwarding.accelerator import AcceleratorMissing, build

try:
    sys.stdout.write(f"built {build().name}\n")
except AcceleratorMissing as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(1)
