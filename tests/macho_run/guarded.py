"""What the simulated host's guard sees of drivers/forbidden.pyx: python guarded.py BUNDLE.

Prints JSON: number of frames -> ["KIND FUNCTION", ...].
"""

import json
import sys

from tympan.testing import Host


def main(path):
    with Host(guard="collect") as hal:
        device = hal.load(path).device()
        client = device.add_client()
        device.start(client)
        found, known = {}, 0
        for frames in range(15, 22):
            device.cycle(frames=frames, client=client)
            seen = hal.violations
            found[frames] = [f"{item.kind} {item.function}" for item in seen[known:]]
            known = len(seen)
        device.stop(client)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
