"""The measures that an agency keeps for courts: what lies on its things, by whom ordered, and what it tells of it.

holdings.py    what an agency holds of whom, from the population's books
journal.py     what is written down, line by line, so that the register can be made again
state.py       the register with what belongs to it, made by doing every line once more
deed.py        what one message, act or hour does to all that
bailiff.py     carries the hub's orders out
reports.py     how a freeze stands, in the words of the wire
facts.py       what a query reports of a thing that lies under a measure
outside.py     what happens without the hub: other courts, money, time, and mistakes planted for tests
"""
