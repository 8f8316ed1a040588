import getpass

import pytest

from router.cli import reload
from router.domain.error import ConfigError, RouterError
from tests.unit.compose.desk_file import DESK, ENVIRONMENT


@pytest.fixture
def file(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")
    return path


def test_where_no_daemon_runs_the_next_start_reads_the_file(file):
    with pytest.raises(RouterError, match=r"no daemon runs on .*; the next start reads the file"):
        reload.run(file, by=getpass.getuser(), as_json=False)


def test_a_file_that_is_wrong_is_refused_before_anybody_is_asked(file):
    file.write_text(DESK + "\n[controls.firm]\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"controls\.firm\.order_notional_max: missing"):
        reload.run(file, by="anna", as_json=True)
