"""Workers and producers of the task benchmark; they run in the environment of notifications."""
