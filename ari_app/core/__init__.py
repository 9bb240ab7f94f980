"""Pure decisions: facts and a moment in, a value out. Nothing here waits, reads or writes."""
