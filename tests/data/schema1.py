"""How the frozen database of version 1 was made, and how a test gets it back. Run it only to freeze another version.

    python tests/data/schema1.py
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "schema1"
SCRIPT = """
import lamin_lite as ln

@ln.step()
def double(rows: int = 2):
    ln.Artifact("table.csv", key="double.csv").save()

ln.track(
    params={"rate": 0.5, "layers": [1, 2], "model": {"name": "ada", "deep": None}, "big": 2**70},
    features={"temperature": 21.5, "sample": "S1"},
    project="Frozen",
    space="Team",
)
open("table.csv", "w").write("a,b\\n1,2\\n")
first = ln.Artifact("table.csv", key="table.csv", description="the first").save()
open("table.csv", "w").write("a,b\\n1,3\\n")
second = ln.Artifact("table.csv", key="table.csv").save()
first.load()
double(rows=3)
ln.Artifact("folder", key="folder").save()
ln.Collection([first, second], key="both").save()
ln.Artifact("table.csv", key="gone.csv").save().delete()
second.features.add_values({"temperature": 20.0})
second.ulabels.add(ln.ULabel(name="checked").save())
ln.finish()
"""


def made(folder: Path) -> None:
    """An instance with a row of each sort."""
    import subprocess

    import lamin_lite as ln

    instance = ln.Instance.init(folder)
    kind = instance.Record(name="Sample", is_type=True).save()
    parent = instance.Record(name="S0", type=kind).save()
    instance.Record(name="S1", type=kind).save().parents.add(parent)
    instance.Feature(name="temperature", dtype=float, unit="°C").save()
    instance.Feature(name="sample", dtype=kind).save()
    instance.Project(name="Frozen").save()
    instance.Space(name="Team").save()
    (folder / "folder").mkdir()
    (folder / "folder/part.txt").write_text("part")
    (folder / "script.py").write_text(SCRIPT)
    environ = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    subprocess.run([sys.executable, "script.py"], cwd=folder, env=environ, check=True)


def answers(instance) -> dict[str, object]:
    """What the registries say, as plain values."""
    said: dict[str, object] = {}
    for registry in ("Artifact", "Transform", "Run", "Collection", "Record", "Feature", "ULabel", "Project", "Space"):
        manager = getattr(instance, registry)
        rows = manager.filter(branch=None) if registry != "Space" else manager.filter()
        said[registry] = sorted(map(plain, rows.to_dicts()), key=lambda values: str(values["uid"]))
    run = instance.Run.filter(entrypoint__isnull=True).one()
    said["params"] = run.params
    said["features"] = run.features.get_values()
    said["inputs"] = sorted(artifact.uid for artifact in run.input_artifacts)
    said["outputs"] = sorted(artifact.uid for artifact in run.output_artifacts)
    said["project"] = sorted(artifact.uid for artifact in instance.Project.get(name="Frozen").artifacts)
    said["parents"] = [row.name for row in instance.Record.get(name="S1").parents]
    said["members"] = [artifact.uid for artifact in instance.Collection.get(key="both").artifacts]
    said["queries"] = [
        instance.Run.filter(params__model__name="ada", params__rate__lt=1).count(),
        instance.Run.filter(temperature=21.5, sample="S1").count(),
        instance.Artifact.filter(temperature__lt=21).count(),
    ]
    said["bytes"] = instance.Artifact.get(key="table.csv").load()
    return json.loads(json.dumps(said))


def plain(values: dict[str, object]) -> dict[str, object]:
    """Values that JSON can hold."""
    return {name: value if isinstance(value, (int, str, type(None))) else str(value) for name, value in values.items()}


def restore(folder: Path) -> None:
    """Lay the frozen instance into an empty folder."""
    shutil.copytree(HERE / NAME, folder, dirs_exist_ok=True)
    connection = sqlite3.connect(folder / "storage/.lamin_lite/lamin.db")
    connection.executescript((HERE / f"{NAME}.sql").read_text("utf-8"))
    connection.close()


def freeze() -> None:
    """Write the files beside this one."""
    import lamin_lite as ln
    from lamin_lite.base import names

    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        made(folder)
        path = folder / "storage/.lamin_lite/lamin.db"
        connection = sqlite3.connect(path)
        (HERE / f"{NAME}.sql").write_text("\n".join(connection.iterdump()) + "\n", "utf-8")
        connection.close()
        said = answers(ln.Instance.open(folder))
        (HERE / f"{NAME}.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", "utf-8")
        kept = HERE / NAME
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder / names.MARKER_DIR, kept / names.MARKER_DIR)
        ignored = shutil.ignore_patterns("lamin.db*", "cache", "processes", "logs", "tmp")
        shutil.copytree(folder / "storage", kept / "storage", ignore=ignored)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent.parent))
    freeze()
