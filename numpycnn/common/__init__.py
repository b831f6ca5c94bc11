"""What every other package uses: types, argument checks, configurations, randomness. Imports none of them."""
