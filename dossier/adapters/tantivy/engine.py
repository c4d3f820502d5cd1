"""tantivy itself: schema from the field list, documents, queries, and its errors made ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from dossier.errors import DossierError, UnavailableError
from dossier.search.expression import (
    All,
    AllOf,
    AnyOf,
    Expression,
    InGroups,
    LoosePhrase,
    Nothing,
    OfCustomers,
    Prefix,
    Range,
    Term,
    TokenPhrase,
    Without,
)
from dossier.search.fields import Field, FieldList
from dossier.search.rows import FieldValues

_WHITESPACE = "ws"
_STORED = frozenset({"key", "owner", "revision"})
_SORTED = frozenset({"group", "order"})
_MOST_CLAUSES = 64
_AGGREGATED = frozenset({"kind"})
REMEDY = "run `dossier reindex`; records and files are not touched"
REMEDY_ZH = "检索索引不可用：请运行 dossier reindex 重建；档案记录和文件不受影响"


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn whatever the engine raises into ``UnavailableError`` with a remedy.

    Raises:
        UnavailableError: the engine failed; its panics are BaseExceptions (peers.md 8, #11).
    """
    try:
        yield
    except DossierError:
        raise
    except (ValueError, OSError, RuntimeError, KeyError) as err:
        raise _unavailable(doing) from err
    except BaseException as err:
        if type(err).__name__ != "PanicException":
            raise
        raise _unavailable(doing) from err


def _unavailable(doing: str) -> UnavailableError:
    return UnavailableError(f"{doing} failed; {REMEDY}", detail_zh=REMEDY_ZH)


def make_schema(fields: FieldList) -> tantivy.Schema:
    """The schema of one physical index with both kinds of rows."""
    builder = tantivy.SchemaBuilder()
    for field in fields.all.values():
        _add_field(builder, field)
    return builder.build()


def _add_field(builder: tantivy.SchemaBuilder, field: Field) -> None:
    stored = field.name in _STORED
    if field.type == "text":
        builder.add_text_field(field.name, tokenizer_name=_WHITESPACE, index_option="position")
    elif field.type == "keyword":
        fast = field.facet or field.name in _AGGREGATED
        builder.add_text_field(
            field.name, stored=stored, fast=fast, tokenizer_name="raw", index_option="basic"
        )
    else:
        builder.add_unsigned_field(
            field.name, stored=stored, indexed=not stored, fast=field.name in _SORTED
        )


def open_index(folder: Path, schema: tantivy.Schema | None = None) -> tantivy.Index:
    """Open an index, or make one with ``schema``. The tokenizer is registered at every open."""
    index = tantivy.Index(schema, str(folder)) if schema else tantivy.Index.open(str(folder))
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_WHITESPACE, analyzer)
    # The default policy keeps a watcher thread per index; we reload when the meta file changes.
    index.config_reader(reload_policy="manual")
    return index


def make_document(values: FieldValues) -> tantivy.Document:
    """A document from encoded field values."""
    document = tantivy.Document()
    for name, value in values.items():
        if isinstance(value, int):
            document.add_unsigned(name, value)
        elif isinstance(value, str):
            document.add_text(name, value)
        else:
            for each in value:
                document.add_text(name, each)
    return document


def make_query(schema: tantivy.Schema, expression: Expression) -> Query:
    """An expression as the engine's query."""
    match expression:
        case AllOf(parts):
            return Query.boolean_query([(Occur.Must, make_query(schema, each)) for each in parts])
        case AnyOf(parts):
            return Query.boolean_query([(Occur.Should, make_query(schema, each)) for each in parts])
        case Without(part, unwanted):
            clauses = [(Occur.Must, part), (Occur.MustNot, unwanted)]
            return Query.boolean_query([(how, make_query(schema, each)) for how, each in clauses])
        case All():
            return Query.all_query()
        case Nothing():
            return Query.empty_query()
        case OfCustomers():
            raise TypeError("its groups are found first (dossier.search.of_customers)")
        case _:
            return _field_query(schema, expression)


def _field_query(
    schema: tantivy.Schema, expression: Term | Prefix | TokenPhrase | LoosePhrase | Range | InGroups
) -> Query:
    match expression:
        case Term(field, values):
            return term_query(schema, field, values)
        case Prefix(field, value):
            # Not phrase_prefix_query: it stops silently at 50 expansions (stack.md).
            return Query.regex_query(schema, field, re.escape(value) + ".*")
        case TokenPhrase(field, tokens):
            return Query.phrase_query(schema, field, list(tokens))
        case InGroups(keys):
            return term_query(schema, "group", keys)
        case Range(field, low, high):
            return Query.range_query(schema, field, tantivy.FieldType.Unsigned, low, high)
        case LoosePhrase():
            return _loose_phrase(schema, expression)


def _loose_phrase(schema: tantivy.Schema, phrase: LoosePhrase) -> Query:
    field, tokens = phrase.field, phrase.tokens
    if not (phrase.prefixes or phrase.longer):
        # A phrase query needs two tokens; a hole beside one token is no more than the token.
        if len(tokens) == 1:
            return term_query(schema, field, (tokens[0][1],))
        return Query.phrase_query(schema, field, list(tokens))
    patterns = [(at, re.escape(token)) for at, token in tokens]
    patterns += [(at, re.escape(start) + ".*") for at, start in phrase.prefixes]
    patterns += [(at, re.escape(start) + ".+") for at, start in phrase.longer]
    return Query.regex_phrase_query(schema, field, sorted(patterns))


def term_query(schema: tantivy.Schema, field: str, values: Sequence[str] | Sequence[int]) -> Query:
    """Rows with any of these values."""
    if len(values) == 1:
        return Query.term_query(schema, field, values[0], "basic")
    if len(values) > _MOST_CLAUSES:
        return Query.term_set_query(schema, field, list(values))
    # A set query lists all its rows before anything else is asked; a union is only probed where
    # the rest of the query matches.
    each = (Query.term_query(schema, field, value, "basic") for value in values)
    return Query.boolean_query([(Occur.Should, query) for query in each])


def both(*queries: Query) -> Query:
    """Rows that match every query."""
    return Query.boolean_query([(Occur.Must, each) for each in queries])
