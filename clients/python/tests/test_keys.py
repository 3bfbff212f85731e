"""Keys on disk."""

import pickle

import pytest

from stint import Key, KeyFileError


def test_a_key_is_its_owners_alone(tmp_path):
    path = tmp_path / "ana.key"
    key = Key.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Key.load(path).public == key.public
    with pytest.raises(KeyFileError, match="choose a name that is free"):
        Key.create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="mode 640.*chmod 600"):
        Key.load(path)


@pytest.mark.parametrize(
    "content", ["", "stint-key-v1 12", "stint-key-v1 " + "g" * 64, "ana", "stint-key-v1 " + "a" * 66]
)
def test_what_is_no_key_is_refused_with_what_is(tmp_path, content):
    path = tmp_path / "ana.key"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(KeyFileError, match="one line is accepted: stint-key-v1"):
        Key.load(path)
    with pytest.raises(KeyFileError, match="No such file"):
        Key.load(tmp_path / "none.key")


def test_a_key_shows_nothing_of_what_it_is_made_of(tmp_path):
    path = tmp_path / "ana.key"
    key = Key.create(path)
    seed = path.read_text().split()[1]
    assert seed not in repr(key) and seed not in str(vars(key))
    with pytest.raises(TypeError, match="load it from there"):
        pickle.dumps(key)


def test_the_programs_key_files_are_read(devnet):
    assert Key.load(devnet.steward_key).public.hex() in devnet.genesis.decode()


def test_a_seed_has_32_bytes():
    with pytest.raises(ValueError, match="31 bytes.*exactly 32"):
        Key(bytes(31))
