"""How good an analyser is: labelled conversations in, accuracy, confusion and calibration out."""

from hirocrm.analysis.evals.dataset import DatasetInvalid, load_dataset
from hirocrm.analysis.evals.report import EvalReport
from hirocrm.analysis.evals.run import run_eval

__all__ = ["DatasetInvalid", "EvalReport", "load_dataset", "run_eval"]
