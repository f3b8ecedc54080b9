"""What all of pcmlib stands on: checks of arguments, random numbers, a progress bar."""
