"""What is let in: bounds in number and bytes, and each session's bucket."""

import asyncio

import pytest
from clickstream.flow import InFlight, Overloaded, RateExceeded, SessionRates


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_in_flight_is_bounded_in_number() -> None:
    flight = InFlight(2, 1000)
    with flight.admit(1), flight.admit(1):
        with pytest.raises(Overloaded):
            flight.admit(1)
        assert (flight.count, flight.bytes) == (2, 2)
    assert (flight.count, flight.bytes) == (0, 0)


def test_in_flight_is_bounded_in_bytes() -> None:
    flight = InFlight(10, 1000)
    with flight.admit(600) as permit:
        with pytest.raises(Overloaded):
            flight.admit(401)
        with pytest.raises(Overloaded):
            permit.resize(1001)
        permit.resize(1000)
        permit.resize(100)
        with flight.admit(900):
            assert flight.bytes == 1000
    assert (flight.count, flight.bytes) == (0, 0)


async def test_what_is_handed_over_keeps_its_place_until_it_is_done() -> None:
    flight = InFlight(1, 1000)
    done = asyncio.get_running_loop().create_future()
    with flight.admit(10) as permit:
        permit.hand_over(done)
    with pytest.raises(Overloaded):
        flight.admit(1)
    done.set_result(None)
    await asyncio.sleep(0)
    assert (flight.count, flight.bytes) == (0, 0)


def test_a_bucket_fills_with_time() -> None:
    clock = Clock()
    rates = SessionRates(100, 10, 10, clock)
    assert rates.take("a", 100).remaining == 0
    with pytest.raises(RateExceeded) as refused:
        rates.take("a", 25)
    assert (refused.value.allowance.retry_after, refused.value.allowance.reset) == (3, 10)
    clock.now += 2.5
    assert rates.take("a", 25).remaining == 0
    clock.now += 3600
    assert rates.take("a", 1).remaining == 99


def test_what_is_given_back_may_be_taken_again() -> None:
    rates = SessionRates(100, 1, 10, Clock())
    rates.take("a", 60)
    rates.give_back("a", 60)
    rates.give_back("a", 60)
    assert rates.take("a", 100).remaining == 0


def test_only_so_many_sessions_are_remembered() -> None:
    rates = SessionRates(100, 1, 3, Clock())
    for session in "abcab":
        rates.take(session, 10)
    rates.take("d", 1)
    assert len(rates) == 3
    # c was seen longest ago: it begins anew
    assert rates.take("a", 0).remaining == 80
    assert rates.take("c", 0).remaining == 100
    assert len(rates) == 3
