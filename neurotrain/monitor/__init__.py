"""The terminal monitor of a run: tail the files, fold the events, draw the widgets.

It reads a run directory and leaves request files in it; it knows nothing of plans, models or torch.
`app.watch` opens the screen, `once.text` and `once.record` answer without a terminal.
"""
