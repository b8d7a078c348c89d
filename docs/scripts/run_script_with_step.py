import argparse
from typing import Optional

import lamin_lite as ln


@ln.step()
def subset_dataframe(
    artifact: ln.Artifact, subset_rows: int = 2, subset_cols: int = 2, run: Optional[ln.Run] = None
) -> ln.Artifact:
    table = artifact.load(is_run_input=run)  # None is the run of this step
    smaller = table.iloc[:subset_rows, :subset_cols]
    key = artifact.key.replace(".parquet", "_subsetted.parquet")
    return ln.Artifact.from_dataframe(smaller, key=key, run=run).save()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--subset", action="store_true")
    arguments = parser.parse_args()

    ln.track(params={"is_subset": arguments.subset})

    if arguments.subset:
        table = ln.examples.datasets.mini_immuno.get_dataset1()
        artifact = ln.Artifact.from_dataframe(table, key="my_analysis/dataset.parquet").save()
        subset_dataframe(artifact)

    ln.finish()
