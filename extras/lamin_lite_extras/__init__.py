"""What lamin_lite can do with libraries beyond the standard one.

Each module here knows the ``ext`` object that it is handed and its own library, and nothing of the core or of
another module. It is imported when something that only it can do is asked for.
"""
