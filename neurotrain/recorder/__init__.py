"""What a run tells: events, meters and sinks. Knows nothing of specs or plans."""

from neurotrain.recorder.meters import MeterRecorder

__all__ = ["MeterRecorder"]
