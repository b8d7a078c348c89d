"""What surrounds a run: host, environment, source, git, notebook, streams.

One probe a file. Each gives a plain dict, knows nothing of the database, and never raises: what cannot be found out
is None.
"""
