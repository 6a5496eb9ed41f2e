"""How arms answer: one procedure for each `how` of models/arms/arms.yaml, all with the same signature."""
