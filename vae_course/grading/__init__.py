"""Batch grading: notebooks from anywhere go in; a gradebook, tables, a page for each student and flags for a person come out."""
