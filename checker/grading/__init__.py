"""Grading a class: what was handed in, by whom, and what has become of it.

``submissions`` finds what a class has handed in, ``take_in`` takes the work for one exercise out of it, and a
``Store`` keeps the results. Nothing here runs anything of a learner's.
"""

from checker.grading.digest import digest_of_checks
from checker.grading.intake import Intake, take_in
from checker.grading.names import slug
from checker.grading.note import Limits, Note
from checker.grading.roster import Member, Roster
from checker.grading.store import Store
from checker.grading.submissions import Submission, submissions

__all__ = [
    "Intake",
    "Limits",
    "Member",
    "Note",
    "Roster",
    "Store",
    "Submission",
    "digest_of_checks",
    "slug",
    "submissions",
    "take_in",
]
