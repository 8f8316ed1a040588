import ssl

import pytest

from router.gateway.fix.front import tls_context


def test_tls_without_a_certificate_is_refused(tmp_path):
    with pytest.raises((FileNotFoundError, ssl.SSLError)):
        tls_context(str(tmp_path / "none.pem"), str(tmp_path / "none.key"), None)
