"""How the demonstration model was made: synthetic speech, a small Whisper network, and CTranslate2's form of it.

Data flow: ``sentences`` (what is said) -> ``sounds`` (eSpeak NG says it, in many voices; noise and other voices are added)
-> ``tokens`` (words as numbers, Whisper's special tokens in Whisper's order) -> ``network`` and ``train`` (torch)
-> ``convert`` (the folder that faster-whisper loads). ``scripts/make_demo_model.py`` runs it; the product never does.
"""
