"""What the session engine is told of its sessions."""

from pathlib import Path

import pytest

from router.gateway.config import FixSettings
from router.gateway.fix.session_config import settings_text


def told(**session):
    own = {"kind": "order-entry", "client": "desk", "target": "EMS"} | session
    fix = FixSettings.model_validate({"sessions": {"ems": own}})
    lines = settings_text(fix, Path("/stores"), port=7).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_a_session_never_ends_unless_it_has_a_schedule():
    weekly = {"start_time": "08:00:00", "end_time": "20:00:00"} | {
        "start_day": "monday",
        "end_day": "friday",
    }

    assert told()["NonStopSession"] == "Y"
    assert "NonStopSession" not in told(**weekly)
    assert told(**weekly)["StartTime"] == "08:00:00"
    assert told(**weekly)["EndDay"] == "friday"


@pytest.mark.parametrize("key", ["ResetOnLogon", "ResetOnLogout", "ResetOnDisconnect"])
def test_numbers_are_never_set_back_by_themselves(key):
    assert told()[key] == "N"


def test_what_was_sent_is_kept():
    assert told()["PersistMessages"] == "Y"
    assert told()["FileStorePath"] == "/stores"


def test_fixt_has_two_dictionaries_and_the_others_one():
    new = told(begin_string="FIXT.1.1")

    assert Path(new["TransportDataDictionary"]).name == "FIXT11.xml"
    assert Path(new["AppDataDictionary"]).name == "FIX50SP2.xml"
    assert new["DefaultApplVerID"] == "FIX.5.0SP2"
    assert Path(told(begin_string="FIX.4.2")["DataDictionary"]).name == "FIX42.xml"
