import lamin_lite as ln


@ln.flow()
def ingest_dataset(key: str) -> ln.Artifact:
    table = ln.examples.datasets.mini_immuno.get_dataset1()
    return ln.Artifact.from_dataframe(table, key=key).save()


if __name__ == "__main__":
    ingest_dataset(key="my_analysis/dataset.parquet")
