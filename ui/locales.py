"""Languages of the pages: catalogues compiled at start from the .po files, and who reads which."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from dossier.viewer import Viewer
from dossier.web.languages import choose
from ui.labels import message_of

LOCALES: Final = ("zh_CN", "zh_TW", "en")
LOCALE_NAMES: Final = {"zh_CN": "简体中文", "zh_TW": "繁體中文", "en": "English"}
HTML_LANG: Final = {"zh_CN": "zh-CN", "zh_TW": "zh-TW", "en": "en"}
COOKIE: Final = "dossier_language"
DOMAIN: Final = "dossier"


@dataclass(frozen=True, slots=True)
class Words:
    """A language's words: ours and, in the templates of a plugin, its own before another's.

    Two plugins may mean different things by one English word ("sealed").
    """

    ours: gettext.NullTranslations
    of_plugins: Mapping[str, gettext.NullTranslations]

    def of(self, template: str | None) -> gettext.NullTranslations:
        """Those of a template, ``lending/loans.html``."""
        return self.of_plugins.get((template or "").partition("/")[0], self.ours)


Catalogues = Mapping[str, Words]


def load_catalogues(plugins: Mapping[str, str] = MappingProxyType({})) -> dict[str, Words]:
    """The translations by locale; message ids are the English texts.

    Args:
        plugins: plugin name → its package; ``locale/LOCALE/LC_MESSAGES/NAME.po`` in it is asked
            for words that are not ours.
    """
    return {locale: _words(plugins, locale) for locale in LOCALES}


def _words(plugins: Mapping[str, str], locale: str) -> Words:
    ours = _catalogue("ui", DOMAIN, locale)
    spoken = [name for name in plugins if _has_words(plugins[name], name, locale)]
    for name in spoken:
        ours.add_fallback(_catalogue(plugins[name], name, locale))
    own = {name: _catalogue(plugins[name], name, locale) for name in spoken}
    for catalogue in own.values():
        catalogue.add_fallback(ours)
    return Words(ours, own)


def in_words(kind: str, code: str, locale: str) -> str:
    """A code of the services in a locale's words; in Chinese for a locale that we do not have."""
    return _own().get(locale, _own()[LOCALES[0]]).ours.gettext(message_of(kind, code))


@cache
def _own() -> dict[str, Words]:
    return load_catalogues()


def _has_words(package: str, name: str, locale: str) -> bool:
    try:
        return _source(package, name, locale).is_file()
    except (TypeError, ImportError, ValueError):
        return False  # a plugin may be a single module or an object


def _source(package: str, domain: str, locale: str) -> Traversable:
    return resources.files(package).joinpath("locale", locale, "LC_MESSAGES", f"{domain}.po")


def _catalogue(package: str, domain: str, locale: str) -> gettext.NullTranslations:
    body = _source(package, domain, locale).read_bytes()
    return gettext.GNUTranslations(io.BytesIO(_compiled(body, domain, locale)))


@cache
def _compiled(body: bytes, domain: str, locale: str) -> bytes:
    """Kept, as an application's catalogues and those of its services are the same."""
    catalogue = read_po(io.BytesIO(body), locale=locale, domain=domain, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def locale_of(request: Request, default: str) -> str:
    """The locale of a request: chosen by the switch, else the browser's, else the setting."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LOCALES:
        return chosen
    return choose(request.headers.get("accept-language", ""), default)


def speaking(request: Request, viewer: Viewer) -> Viewer:
    """The viewer with the language of this request, so that labels come in it."""
    default = request.app.state.context.settings.locale
    return replace(viewer, language=locale_of(request, default))
