"""Speech to text: activity on each microphone, recognition of each utterance, and the transcript of a hearing.

Beside the way of the sound, never in it (docs/architecture.md): everything is read from closed segments on disk, and what
comes out is handed to the recorder as a revision. A missing model or a broken engine never fails a recording.

Importing this package forbids the libraries of speech to tell or fetch anything: they read it when they are imported, which
happens in the modules of this package.
"""

import os

from transcription.diarization import QUIET

os.environ.update(QUIET)
