"""The panes of the screen, one a file; each draws itself from a frame."""
