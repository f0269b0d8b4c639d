"""Tasks of chapter 09, the recurrent VAE: a loss over steps, what a decoder reads, writing without a teacher, a forecast, and who listens to z."""

from .code_information import CODE_INFORMATION
from .decoder_inputs import DECODER_INPUTS
from .forecast import FORECAST
from .listening import LISTENING
from .sequence_loss import SEQUENCE_LOSS
from .write_freely import WRITE_FREELY

TASKS = (SEQUENCE_LOSS, DECODER_INPUTS, WRITE_FREELY, FORECAST, LISTENING, CODE_INFORMATION)
