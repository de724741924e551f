"""``python -m tympan``."""

import sys

from tympan._cli import main

if __name__ == "__main__":
    sys.exit(main())
