"""What the checkout's benchmark is made of: load, PostgreSQL's own pace, CPU time, a stage, a report."""
