"""Passes that follow a spec through torch's `meta` device: shapes and costs without any data.

`check` never runs them. torch is imported inside functions only.
"""
