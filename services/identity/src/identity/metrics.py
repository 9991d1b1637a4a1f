"""What this service counts besides its requests, in the registry of the process."""

from prometheus_client import Counter

sign_ins = Counter("identity_sign_ins_total", "Passwords checked, by outcome", ["outcome"])
refreshes = Counter("identity_refreshes_total", "Refresh tokens presented, by verdict", ["verdict"])
throttled = Counter("identity_throttled_total", "Attempts refused before any work was done", ["scope"])
