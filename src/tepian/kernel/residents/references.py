"""Codes of the civil registry as family cards use them. Numbers and names as in the registry's own lists (SIAK); a code
that is not here is refused when a file is loaded."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

UNKNOWN = 0

RELATIONS = {
    1: _("Head of the family"), 2: _("Husband"), 3: _("Wife"), 4: _("Child"), 5: _("Child-in-law"), 6: _("Grandchild"),
    7: _("Parent"), 8: _("Parent-in-law"), 9: _("Relative"), 10: _("Household help"), 11: _("Other person"),
}  # fmt: skip
RELIGIONS = {
    1: _("Islam"), 2: _("Christian"), 3: _("Catholic"), 4: _("Hindu"), 5: _("Buddhist"), 6: _("Confucian"),
    7: _("Belief in the One God"),
}  # fmt: skip
MARRIAGES = {1: _("Not married"), 2: _("Married"), 3: _("Divorced"), 4: _("Widowed")}
EDUCATIONS = {
    1: _("No schooling yet"), 2: _("Primary school not finished"), 3: _("Primary school"), 4: _("Junior secondary school"),
    5: _("Senior secondary school"), 6: _("Diploma I or II"), 7: _("Diploma III"), 8: _("Diploma IV or bachelor"),
    9: _("Master"), 10: _("Doctor"),
}  # fmt: skip
BLOOD = {
    1: "A", 2: "B", 3: "AB", 4: "O", 5: "A+", 6: "A−", 7: "B+", 8: "B−", 9: "AB+", 10: "AB−", 11: "O+", 12: "O−",
    13: _("not known"),
}  # fmt: skip
CITIZENSHIPS = {1: _("Indonesian (WNI)"), 2: _("Foreign (WNA)"), 3: _("Two citizenships")}
SEXES = {"L": _("Male"), "P": _("Female")}
# The registry has 89; these are the ones that the generator gives. Others keep their number, with the name of a pack.
OCCUPATIONS = {
    1: _("Not working"), 2: _("Keeps the household"), 3: _("Pupil or student"), 4: _("Retired"), 5: _("Civil servant"),
    8: _("Trade"), 9: _("Farmer"), 11: _("Fisher"), 15: _("Private employee"), 19: _("Casual labourer"),
    65: _("Teacher"), 81: _("Driver"), 84: _("Trader"), 88: _("Self-employed"),
}  # fmt: skip
HEAD, HUSBAND, WIFE, CHILD, PARENT = 1, 2, 3, 4, 7
