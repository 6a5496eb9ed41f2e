"""The PAT method: sources, encoders, retrieval, agents, rewards, training and evaluation, without Dagster."""
