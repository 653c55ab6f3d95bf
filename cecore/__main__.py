"""``python -m cecore``, the same as the command ``cecore``."""

import sys

from cecore.claims.cli import main

if __name__ == "__main__":
    sys.exit(main())
