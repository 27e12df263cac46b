"""`python -m podfsm` is the command `podfsm`."""

import sys

from podfsm.cli import main

sys.exit(main())
