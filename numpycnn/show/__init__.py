"""Summary, progress, trace, profile, plots, the explorer, and the live explorer (`serve/`)."""
