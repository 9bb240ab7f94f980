"""Values as text, mail and iCalendar, for people and for programs."""
