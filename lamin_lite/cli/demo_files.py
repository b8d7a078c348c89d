"""What the demo writes: sequences, a table of samples, and the script that a user would write."""

from __future__ import annotations

import os

from ..base import fsio

SCRIPT = "gc_workflow.py"

FASTA = """\
>s1 liver, donor A
ATGCGCGGCCTAAGCGCCGTA
>s2 liver, donor B
ATGGCGCCGTTTTAA
>s3 brain, donor A
ATATTTAAGCATTATCGATAA
>s4 brain, donor B
ATGAATTATACATTTGAATAG
>s5 read that is too short
ATGC
"""

SAMPLES = """\
sequence,tissue,donor
s1,liver,A
s2,liver,B
s3,brain,A
s4,brain,B
s5,brain,C
"""

WORKFLOW = '''\
"""GC content of DNA sequences, summarised by tissue."""

import argparse

import lamin_lite as ln


@ln.step()
def parse_fasta(fasta: ln.Artifact, min_length: int) -> ln.Artifact:
    """One row a sequence, without the short ones."""
    rows = []
    for entry in fasta.load().split(">")[1:]:
        header, _, sequence = entry.partition("\\n")
        rows.append({"sequence": header.split()[0], "bases": sequence.replace("\\n", "")})
    return ln.Artifact.from_object([row for row in rows if len(row["bases"]) >= min_length], key="sequences.csv").save()


@ln.step()
def gc_content(sequences: ln.Artifact) -> ln.Artifact:
    """The fraction of G and C in each sequence."""
    rows = []
    for row in sequences.load():
        bases = row["bases"]
        rows.append({"sequence": row["sequence"], "gc": (bases.count("G") + bases.count("C")) / len(bases)})
    return ln.Artifact.from_object(rows, key="gc.csv").save()


@ln.step()
def join_samples(gc: ln.Artifact, samples: ln.Artifact) -> ln.Artifact:
    """What is known of the sample, beside its GC content."""
    known = {row["sequence"]: row for row in samples.load()}
    rows = [{**known[row["sequence"]], "gc": row["gc"]} for row in gc.load()]
    return ln.Artifact.from_object(rows, key="gc_of_samples.csv").save()


@ln.step()
def summarise(table: ln.Artifact, by: str) -> ln.Artifact:
    """The mean GC content of each group."""
    groups = {}
    for row in table.load():
        groups.setdefault(row[by], []).append(float(row["gc"]))
    means = {name: round(sum(values) / len(values), 3) for name, values in groups.items()}
    return ln.Artifact.from_object(means, key="summary.json").save()


@ln.flow()
def main(min_length: int = 10, by: str = "tissue") -> ln.Artifact:
    """From two files to one answer."""
    fasta = ln.Artifact("sequences.fasta", key="sequences.fasta").save()
    samples = ln.Artifact("samples.csv", key="samples.csv").save()
    gc = gc_content(parse_fasta(fasta, min_length))
    return summarise(join_samples(gc, samples), by)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--min-length", type=int, default=10)
    main(min_length=parser.parse_args().min_length)
'''


def write(folder: str, package: str) -> None:
    """Write the files; the script imports the package under the name that it has here."""
    parent, _, name = package.rpartition(".")
    statement = f"from {parent} import {name}" if parent else f"import {name}"
    texts = {
        "sequences.fasta": FASTA,
        "samples.csv": SAMPLES,
        SCRIPT: WORKFLOW.replace("import lamin_lite", statement),
    }
    for file, text in texts.items():
        fsio.write_file(os.path.join(folder, file), text.encode())
