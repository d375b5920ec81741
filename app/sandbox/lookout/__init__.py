"""Whom and what an agency looks for: the police and the traffic police behind their desk.

records.py     what is kept, as whoever judges the hub reads it
register.py    the look-outs, hits and holds, and what becomes of them within one commit
messages.py    what the hub is told: hits, custody, whatever leads on
duty_desk.py   carries the hub's orders out: look out, stop, hold or do not
street.py      what happens outside: sightings, hand-overs, and police who act on their own
"""
