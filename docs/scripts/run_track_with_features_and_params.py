import argparse

import lamin_lite as ln

parser = argparse.ArgumentParser()
parser.add_argument("--s3-folder", type=str)
parser.add_argument("--experiment", type=str)
arguments = parser.parse_args()

ln.track(
    features={"s3_folder": arguments.s3_folder, "experiment": arguments.experiment},
    params={"example_param": 42},
)

# ... the analysis ...

ln.finish()
