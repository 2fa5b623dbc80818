"""``python -m matdata.cli`` is the command ``matdata``."""

import sys

from matdata.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
