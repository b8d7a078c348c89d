"""Which endings of file names mean something: literal tables, the same whatever is installed.

A suffix becomes part of the name of a stored file. If it depended on installed packages, two colleagues would
store the same file under two names.
"""

from __future__ import annotations

# fmt: off
TEXT = (
    ".txt", ".md", ".log", ".rst", ".tex", ".bib", ".html", ".htm", ".xml", ".svg", ".css", ".mmd", ".dot",
    ".diff", ".patch",
    ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties",
    ".py", ".r", ".rmd", ".qmd", ".jl", ".sh", ".sql", ".js", ".ts", ".c", ".h", ".cpp", ".java", ".pl", ".nf", ".smk",
    ".wdl", ".cwl",
    ".fasta", ".fa", ".fna", ".faa", ".fastq", ".fq", ".vcf", ".sam", ".gff", ".gff3", ".gtf", ".bed", ".bedgraph",
    ".wig", ".gb", ".gbk", ".nwk", ".pdb", ".cif", ".mol2", ".sdf", ".mtx",
)
JSON = (".json", ".geojson", ".ipynb")
LINES = (".jsonl", ".ndjson")
CSV = (".csv",)
TSV = (".tsv", ".tab")
BYTES = (".bin", ".dat")
PICKLES = (".pkl", ".pickle", ".joblib")  # reading one runs whatever code its author put in

_COMPRESSIONS = frozenset((".gz", ".bgz", ".bz2", ".xz", ".zst", ".lz4"))
_COMPRESSED = frozenset((
    *TEXT, *JSON, *LINES, *CSV, *TSV, *BYTES, *PICKLES,
    ".tar", ".cpio", ".nii", ".h5ad", ".h5", ".loom", ".npy", ".rds", ".rdata", ".cel", ".idat", ".mgf", ".mzml", ".fast5",
    ".maf", ".psl", ".pairs", ".counts", ".img", ".tif", ".tiff",
))
_COMPOSITES = frozenset((
    ".anndata.zarr", ".mudata.zarr", ".spatialdata.zarr", ".ome.zarr", ".ome.tif", ".ome.tiff", ".zarr.zip",
    ".vitessce.json", ".bam.bai", ".cram.crai", ".fasta.fai", ".fa.fai",
    ".vcf.gz.tbi", ".vcf.gz.csi", ".bed.gz.tbi", ".gff.gz.tbi", ".fa.gz.fai", ".fa.gz.gzi",
))
# fmt: on
_LONGEST = 32  # characters; a suffix is appended to a digest, and a file name ends at 255


def known_suffix(filename: str) -> str:
    """The suffix of a file name, as it is spelled there: the longest known composite one, else the last.

    Empty for names without one, for dotfiles, and where the ending is no suffix but a part of the name: longer than 32
    characters, or with others than letters, digits and ``_-+~`` (``"Mr. Smith"``).

    >>> known_suffix("reads/s1.2024.fastq.gz"), known_suffix("s1.2024.fastq"), known_suffix(".bashrc")
    ('.fastq.gz', '.fastq', '')
    """
    parts = filename.rsplit("/", 1)[-1].lstrip(".").rsplit(".", 3)
    for first in range(1, len(parts) - 1):
        suffix = "." + ".".join(parts[first:])
        if _is_composite(suffix.lower()):
            return suffix
    return "." + parts[-1] if len(parts) > 1 and _is_suffix(parts[-1]) else ""


def suffixes_of(filename: str) -> list[str]:
    """All endings of a file name, or of a suffix, in lower case, the longest (three dots) first.

    >>> suffixes_of("a.b.CSV.gz"), suffixes_of(".csv")
    (['.b.csv.gz', '.csv.gz', '.gz'], ['.csv'])
    """
    parts = filename.rsplit("/", 1)[-1].lower().split(".")
    return ["." + ".".join(parts[first:]) for first in range(max(1, len(parts) - 3), len(parts))]


def is_pickle(suffix: str) -> bool:
    """Whether files of this suffix are pickles, compressed or not."""
    inner, dot, outer = suffix.lower().rpartition(".")
    return suffix.lower() in PICKLES or (dot + outer in _COMPRESSIONS and inner in PICKLES)


def _is_composite(suffix: str) -> bool:
    inner, dot, outer = suffix.rpartition(".")
    return suffix in _COMPOSITES or (dot + outer in _COMPRESSIONS and inner in _COMPRESSED)


def _is_suffix(ending: str) -> bool:
    return 0 < len(ending) < _LONGEST and all(char.isalnum() or char in "_-+~" for char in ending)
