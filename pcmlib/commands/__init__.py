"""What `pcmlib replicate`, `write-stats`, `train` and `tune` do."""
