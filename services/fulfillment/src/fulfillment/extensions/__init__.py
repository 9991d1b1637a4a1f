"""What Nameko lets one add: entrypoints, dependency providers and a queue consumer, each small and with one
job.
"""
