"""Languages of the pages: catalogues compiled at start from the .po files, and who reads which."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from dossier.viewer import Viewer
from dossier.web.languages import choose

LOCALES: Final = ("zh_CN", "zh_TW", "en")
LOCALE_NAMES: Final = {"zh_CN": "简体中文", "zh_TW": "繁體中文", "en": "English"}
HTML_LANG: Final = {"zh_CN": "zh-CN", "zh_TW": "zh-TW", "en": "en"}
COOKIE: Final = "dossier_language"
DOMAIN: Final = "dossier"

Catalogues = Mapping[str, gettext.NullTranslations]


def load_catalogues() -> dict[str, gettext.NullTranslations]:
    """The translations by locale; message ids are the English texts."""
    return {locale: _catalogue(locale) for locale in LOCALES}


def _catalogue(locale: str) -> gettext.NullTranslations:
    source = resources.files("ui") / "locale" / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
    catalogue = read_po(io.BytesIO(source.read_bytes()), locale=locale, domain=DOMAIN)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


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
