"""Right answers to the tasks, each written in several ways: a file a topic."""
