"""Where backups lie: a folder of a host, a bucket, or a folder of this machine. Listed and read, never written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from checks.backup import Place
from tasks.places.errors import PlaceError
from tasks.places.folder import Folder
from tasks.places.shelf import Shelf, in_our_words
from tasks.ssh import Deadline, Network

__all__ = ["PlaceError", "Shelf", "opened"]


@contextmanager
def opened(place: Place, network: Network, values: Mapping[str, str], deadline: float) -> Iterator[Shelf]:
    """Reach a place.

    Args:
        values: the secrets of a bucket, by name.
        deadline: seconds for everything, also for what is done within.

    Raises:
        PlaceError: it cannot be reached; also from within.
        SshConfigError: the way to its host cannot be understood.
    """
    with in_our_words():
        if place.host:
            with network.sftp(place.host, deadline) as sftp:
                yield Shelf(sftp, place)
        elif place.bucket:
            from tasks.places.bucket import Bucket  # which takes a second to load

            yield Shelf(Bucket(place, values, Deadline(deadline)), place)
        else:
            with Folder(Deadline(deadline)) as folder:
                yield Shelf(folder, place)
