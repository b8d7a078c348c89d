import argparse

import lamin_lite as ln

parser = argparse.ArgumentParser()
parser.add_argument("--input-dir", type=str)
parser.add_argument("--downsample", action="store_true")
parser.add_argument("--learning-rate", type=float)
arguments = parser.parse_args()

ln.track(
    params={
        "input_dir": arguments.input_dir,
        "learning_rate": arguments.learning_rate,
        "preprocess_params": {"downsample": arguments.downsample, "normalization": "the_good_one"},
    }
)

# ... the analysis ...

ln.finish()
