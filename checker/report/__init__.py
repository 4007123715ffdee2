"""Grades as others want to read them: autograders, spreadsheets, browsers."""
