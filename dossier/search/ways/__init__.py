"""The ways in which a word may match, by what it may be: a number, a name, words, a field's value.

Each gives clauses (:class:`dossier.search.ways.clause.Clause`); the compiler puts them together.
What a viewer may not search by gives no clause at all, so that neither hits nor counts nor absences
tell it (architecture.md, Who may see what).
"""
