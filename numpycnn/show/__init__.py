"""What people look at: summary, progress, trace, profile, plots, the explorer, and its live page."""
