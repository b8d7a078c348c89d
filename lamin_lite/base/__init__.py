"""Small parts without knowledge of lineage; each kind of effect on the outside world has one file here."""
