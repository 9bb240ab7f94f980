"""Live regions: one socket per page, over which the newest HTML of each region comes."""
