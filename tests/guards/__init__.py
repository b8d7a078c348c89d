"""Tests of the rules that the code's shape must keep: each message says where the code belongs instead."""
