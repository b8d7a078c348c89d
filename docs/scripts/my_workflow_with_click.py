import click

import lamin_lite as ln


@click.command()
@click.option("--key", required=True)
@ln.flow()
def main(key: str) -> None:
    table = ln.examples.datasets.mini_immuno.get_dataset2()
    ln.Artifact.from_dataframe(table, key=key).save()


if __name__ == "__main__":
    main()
