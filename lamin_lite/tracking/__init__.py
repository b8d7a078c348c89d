"""Runs as they happen: track and finish, flow and step."""
