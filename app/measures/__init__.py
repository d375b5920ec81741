"""Control measures, pure: who holds what, at which rank, until when, and how much may be taken.

    register.py    the ladder of freezes on each thing: the model, in prose, and the one door `Register.apply`
    terms.py       how long a freeze may last and when it ends
    claims.py      what is owed at a day, what is frozen in excess of it, what may be transferred
    exemption.py   which funds no court may freeze
    plan.py        the freeze plan that does least harm; truing.py trues it up as answers come in
    whatif.py      the same register, run on a copy
    reported.py    a register made of what an agency reported
    snapshot.py    a register as plain data, and back

No database, no input or output, no clock: instants are passed in. The sandbox agencies, agencies without a register
of their own and the what-if endpoint all run this one engine.
"""
