"""What every room uses: types, checks of arguments, configurations, randomness. It imports nothing of the rest."""
