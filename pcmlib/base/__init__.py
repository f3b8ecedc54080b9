"""What all of pcmlib stands on: checks of arguments, compiled functions, random numbers, bars."""
