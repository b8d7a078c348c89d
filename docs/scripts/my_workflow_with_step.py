import lamin_lite as ln


@ln.step()
def subset_dataframe(artifact: ln.Artifact, subset_rows: int = 2, subset_cols: int = 2) -> ln.Artifact:
    table = artifact.load()  # an input of the step's run
    smaller = table.iloc[:subset_rows, :subset_cols]
    key = artifact.key.replace(".parquet", "_subsetted.parquet")
    return ln.Artifact.from_dataframe(smaller, key=key).save()


@ln.flow()
def ingest_dataset(key: str, subset: bool = False) -> ln.Artifact:
    table = ln.examples.datasets.mini_immuno.get_dataset1()
    artifact = ln.Artifact.from_dataframe(table, key=key).save()
    return subset_dataframe(artifact) if subset else artifact


if __name__ == "__main__":
    ingest_dataset(key="my_analysis/dataset.parquet", subset=True)
