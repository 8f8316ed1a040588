from router.gateway.http.shares import Shares


def test_nobody_has_more_than_a_share():
    shares = Shares(10, 2)

    assert [shares.take("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert shares.take("192.0.2.2")


def test_all_together_have_no_more_than_there_are():
    shares = Shares(3, 2)

    told = [shares.take(address) for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "::1")]

    assert told == [True, True, True, False]


def test_what_is_given_back_can_be_taken():
    shares = Shares(2, 1)
    shares.take("192.0.2.1")
    shares.take("192.0.2.1")  # one too many; it is given back when it is hung up on

    for _ in range(2):
        shares.give_back("192.0.2.1")

    assert shares.take("192.0.2.1")
    assert shares.take("192.0.2.2")


def test_one_who_may_choose_addresses_has_one_share():
    shares = Shares(10, 1)

    assert shares.take("2001:db8::1")
    assert not shares.take("2001:db8::2")
    assert shares.take("2001:db8:0:1::1")
