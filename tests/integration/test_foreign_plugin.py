"""A stranger's ten lines, built and installed as a wheel: its step, its panel, and its failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PLUGIN = """
from dossier.hookspecs import Linker, Panel, Step, StepResult, hookimpl
from dossier.records import FieldValue

def count(document):
    if "FAIL" in document.pages[0].text:
        raise RuntimeError("the stranger stumbles")
    return StepResult(fields=(FieldValue("stamps", str(document.pages[0].text.count("印章")), 1),))

@hookimpl
def steps():
    return [Step("count", count)]

def stumble(document):
    raise KeyError("nobody")

@hookimpl
def linkers():
    return [Linker("guess", stumble)]

@hookimpl
def document_panels(viewer, document_id):
    return [Panel("stamps", "印章", "Stamps", rows=(("印章数", "见字段"),))]

@hookimpl
def customer_panels(viewer, customer_no):
    raise ValueError("no panel today")
"""

SETUP = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "dossier-stamps"
version = "1"
[project.entry-points."dossier.plugins"]
stamps = "stamps_plugin"
[tool.setuptools]
py-modules = ["stamps_plugin"]
"""

PROBE = """
import json, sys
from fastapi.testclient import TestClient
from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.db.tables import Document, DocumentField, Intake
from dossier.services import accounts, doctor
from dossier.settings import load_settings
from dossier.viewer import system_viewer
import os
me = system_viewer("test")
context = build(load_settings(os.environ))
accounts.add_user(context, me, name="wang", role="archivist", password="correct horse")
token = accounts.make_token(context, me, "wang")
with context.reading(me) as session:
    fields = {f.document_id: f.value for f in session.query(DocumentField).filter_by(name="stamps")}
    documents = {d.file_name: [d.id, d.state, d.problem] for d in session.query(Document)}
    details = {i.source_path: i.detail for i in session.query(Intake)}
pages = {}
checks = [[one.name, one.ok, one.detail] for one in doctor.examine(context)]
with TestClient(create_app(context), base_url="http://127.0.0.1") as client:
    login = client.post("/login", data={"name": "wang", "password": "correct horse"}, follow_redirects=False)
    good = documents["good.txt"][0]
    pages["bad"] = client.get(f"/documents/{documents['bad.txt'][0]}").text
    pages["intake"] = client.get("/intake").text
    pages["api"] = client.get("/api/v1/intake", headers={"Authorization": f"Bearer {token}"}).text
    pages["document"] = client.get(f"/documents/{good}").text
    pages["customer"] = client.get("/customers/4200000001").text
print(json.dumps({"fields": fields, "documents": documents, "details": details, "pages": pages,
                  "plugins": context.plugins.names,
                  "checks": checks}))
"""


def run(arguments: list[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, 6), done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The plugin, built as a wheel and installed into a folder of its own."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "stamps_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (source / "pyproject.toml").write_text(SETUP, encoding="utf-8")
    run(
        ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)], source
    )
    wheel = next(tmp_path.glob("*.whl"))
    site = tmp_path / "site"
    run(
        [
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-index",
            "--target",
            str(site),
            str(wheel),
        ],
        source,
    )
    return site


@pytest.mark.slow
def test_a_foreign_plugins_step_and_panel_show_and_its_failures_are_named_and_survived(
    installed: Path, tmp_path: Path
) -> None:
    home = str(tmp_path / "home")
    known = [str(installed), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        "PYTHONPATH": os.pathsep.join(known),
        "DOSSIER_HOME": home,
        "DOSSIER_WORKERS": "1",
    }
    customers = tmp_path / "customers.csv"
    customers.write_text("customer_no,name\n4200000001,张三\n", encoding="utf-8")
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "good.txt").write_text("户号 4200000001 印章 印章", encoding="utf-8")
    (papers / "bad.txt").write_text("户号 4200000001 FAIL", encoding="utf-8")
    (papers / "other.txt").write_text("户号 4200000001 无", encoding="utf-8")
    cli = ["-c", "from dossier.cli import main; main()"]
    run([*cli, "import", "customers", str(customers)], tmp_path, **environment)
    taken = json.loads(run([*cli, "ingest", "--json", str(papers)], tmp_path, **environment))
    found = json.loads(
        run(["-c", textwrap.dedent(PROBE)], tmp_path, **environment).splitlines()[-1]
    )

    assert "stamps" in found["plugins"]
    good, bad, other = (found["documents"][f"{name}.txt"] for name in ("good", "bad", "other"))
    assert found["fields"][good[0]] == "2"
    assert (good[1], other[1]) == ("filed", "filed")
    assert bad[1:] == ["quarantined", "plugin"]
    failed = "stamps (dossier-stamps): count"
    assert found["details"]["bad.txt"] == failed
    assert taken["problems"] == [{"name": "bad.txt", "reason": "plugin", "plugin": failed}]
    assert all(failed in found["pages"][page] for page in ("bad", "intake", "api"))
    told = [(ok, detail) for name, ok, detail in found["checks"] if name == "plugin stamps"]
    assert (False, "dossier-stamps 1 steps: count: RuntimeError") in told
    assert (False, "dossier-stamps 1 linkers: guess: KeyError") in told
    (builtin,) = [detail for name, _, detail in found["checks"] if name == "plugins"]
    assert "recognition" in builtin
    assert "stamps" not in builtin
    assert "印章数" in found["pages"]["document"]
    assert "stamps" in found["pages"]["customer"]
