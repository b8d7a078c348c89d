"""Serializers: how a file becomes an object, and back.

``protocol`` says what a serializer is, ``suffixes`` which endings of file names mean something, ``builtin`` holds
those that need nothing but Python. Which serializer serves which file is decided one floor up, in ``ext``.
"""
