"""What the errors on the way to Exchange mean: rules and tables below all who meet them."""
