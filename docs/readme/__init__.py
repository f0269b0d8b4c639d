"""What README.md and TEACHING.md take from the course itself: the map of the pages with their faces, hours, and the moving picture."""
