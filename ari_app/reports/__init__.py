"""What happened, counted: measures with their definitions, from facts and from sums of quarters of an hour."""
