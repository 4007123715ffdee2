"""What is timed, and against whom: see README.md."""
