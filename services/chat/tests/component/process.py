"""The service's processes, as they are started."""

from bazaar_shared.testing import processes


class Process(processes.Process):
    module, base = "chat", "/api/chat"


running = Process.running
