"""Faces: attributes, editing, fairness."""
