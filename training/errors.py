"""What can go wrong on purpose while models are made.

SecondlookError
└── TrainingError
    ├── DatasetInvalid
    ├── RecipeInvalid
    ├── RunInvalid
    ├── ExportRefused
    ├── PrecisionRefused
    └── ExtraMissing
"""

from models.errors import SecondlookError


class TrainingError(SecondlookError):
    """A model could not be made, measured or released."""


class DatasetInvalid(TrainingError):
    """The folder is no data set, or nothing in it can be used."""


class RecipeInvalid(TrainingError):
    """The recipe's file is not a valid recipe."""


class RunInvalid(TrainingError):
    """The folder holds no finished training run."""


class ExportRefused(TrainingError):
    """The exported model does not say what the trained one says."""


class PrecisionRefused(TrainingError):
    """With fewer bits the model sees too much less."""


class ExtraMissing(TrainingError):
    """The training extra is not installed."""
