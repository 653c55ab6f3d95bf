"""What speed and the last digit cost: the chapters' formulas stand on this."""
