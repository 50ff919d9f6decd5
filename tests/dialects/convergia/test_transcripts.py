"""Every file of ``transcripts/``, spoken to a real listener over a whole house."""

from pathlib import Path

import pytest
from tests.dialects.convergia.house import House
from tests.dialects.convergia.transcripts import play, read_exchanges

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.http"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_dialog_goes_as_it_is_written(file: Path, house: House) -> None:
    exchanges = read_exchanges(file)
    assert exchanges
    play(exchanges, port=house.port)
