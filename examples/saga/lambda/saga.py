"""Book a trip, and undo it: the handlers of states/saga.asl.json.

Who books is simulated. Each is asked by the trip's id, so that asking again changes nothing, and undoing what
never was is no error: without these two no saga is safe.
"""

from dataclasses import dataclass, replace

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="saga")

MOST_CENTS = 200_000


@dataclass(frozen=True)
class Trip:
    id: str
    to: str
    cents: int
    flight: str = ""
    hotel: str = ""
    receipt: str = ""


class NoSeats(Exception):  # noqa: N818 - errors are named after what happened
    """The plane is full."""


class NoRooms(Exception):  # noqa: N818 - ditto
    """The hotel is full."""


class CardDeclined(Exception):  # noqa: N818 - ditto
    """The bank says no."""


@handlers.task("BookFlight", raises=(NoSeats,))
def book_flight(trip: Trip) -> Trip:
    if trip.to == "the moon":
        raise NoSeats("until 2031")
    return replace(trip, flight=f"flight-{trip.id}")


@handlers.task("BookHotel", raises=(NoRooms,))
def book_hotel(trip: Trip) -> Trip:
    if trip.to == "Bethlehem":
        raise NoRooms("try the stable")
    return replace(trip, hotel=f"hotel-{trip.id}")


@handlers.task("Charge", raises=(CardDeclined,))
def charge(trip: Trip) -> Trip:
    if trip.cents > MOST_CENTS:
        raise CardDeclined(f"{trip.cents} cents are too much")
    return replace(trip, receipt=f"receipt-{trip.id}")


@handlers.task("Refund")
def refund(trip: Trip) -> Trip:
    return replace(trip, receipt="")


@handlers.task("CancelHotel")
def cancel_hotel(trip: Trip) -> Trip:
    return replace(trip, hotel="")


@handlers.task("CancelFlight")
def cancel_flight(trip: Trip) -> Trip:
    return replace(trip, flight="")
