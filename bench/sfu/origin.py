"""The SFU as ``python -m media_sfu origin`` starts it, with the loop that is named."""

import sys

from media_sfu import service
from media_sfu.__main__ import main
from media_sfu.forwarding.accelerator import AcceleratedFanOut
from media_sfu.forwarding.fan_out import PythonFanOut, Tally

LOOPS = {"pure": PythonFanOut, "accelerated": AcceleratedFanOut}

if __name__ == "__main__":
    loop = LOOPS[sys.argv[1]]
    loop(Tally())  # what cannot be made is said now, not when the first viewer comes
    service.fastest_fan_out = lambda: loop
    sys.exit(main(["origin"]))
