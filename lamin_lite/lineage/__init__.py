"""What came from what: the graph as plain values, and its pictures."""
