"""The commands of `pcmlib`, one per module."""
