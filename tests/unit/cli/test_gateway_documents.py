import json
import xml.etree.ElementTree as ET

import pytest

from router.cli import gateway_documents
from router.domain.error import ConfigError


def test_every_document_is_written_and_can_be_read(tmp_path, capsys):
    gateway_documents.run(tmp_path / "documents", as_json=True)

    written = json.loads(capsys.readouterr().out)["written"]
    assert sorted(written) == sorted(str(path) for path in (tmp_path / "documents").iterdir())
    for path in (tmp_path / "documents").glob("*.xml"):
        ET.parse(path)  # noqa: S314 - our own documents
    assert json.loads((tmp_path / "documents/openapi.json").read_text())["openapi"] == "3.1.0"
    assert "NewOrderSingle" in (tmp_path / "documents/FIX44.xml").read_text()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be written"):
        gateway_documents.run(tmp_path / "file", as_json=False)
