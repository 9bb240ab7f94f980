"""How long texts may be of the pages and of the API, in characters: the same for both."""

from __future__ import annotations

#: a number or an extension to which a caller is transferred
LONGEST_DESTINATION = 40
#: a telephone number, however somebody writes it
LONGEST_NUMBER = 40
LONGEST_SUBJECT = 200
#: of a promise to call back
LONGEST_NOTE = 2000
#: why a supervisor, or a program, does something over somebody's head
LONGEST_REASON = 200
