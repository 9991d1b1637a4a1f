#!/usr/bin/env python
"""Django's own entry; `python -m catalog <command>` is the one that all services share."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    execute_from_command_line(sys.argv)
