"""How each command runs: consume, worker, beat, flower, and the ones that end by themselves."""
