"""Commands reach a catalog by its address as they do by its folder: same rows, same cost of an order."""

import json

import pytest
from test_data_commands import BOOK, lobster_pair

from conftest import call


@pytest.mark.parametrize("scheme", ["file", "lmdb"])
def test_ingest_look_check_export(tmp_path, capsys, scheme):
    if scheme == "lmdb":
        pytest.importorskip("arcticdb")
    messages, where = lobster_pair(tmp_path, BOOK), f"{scheme}://{tmp_path}/at"
    assert call(capsys, "ingest", "lobster", messages, "--catalog", where)[0] == 0
    assert call(capsys, "ingest", "lobster", messages, "--catalog", tmp_path / "folder")[0] == 0
    listed = [json.loads(call(capsys, "data", "ls", "--catalog", c, "--json")[1]) for c in (where, tmp_path / "folder")]
    assert [[(r["schema"], r["rows"]) for r in rows] for rows in listed] == [[("book-1", 3), ("events", 3)]] * 2
    ask = ("--instrument", "TEST", "--date", "2012-06-21")
    told = [
        call(capsys, "data", "verify-book", "--catalog", c, *ask, "--json")[:2] for c in (where, tmp_path / "folder")
    ]
    assert told[0] == told[1]
    for name, catalog in (("a", where), ("b", tmp_path / "folder")):
        out = tmp_path / f"{name}.csv"
        options = ("--schema", "mbo", "--to", "csv", "--out", out)
        assert call(capsys, "data", "export", "--catalog", catalog, *ask, *options)[0] == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize("where", ["nosuch://place", "lmdb://"])
def test_an_address_that_leads_nowhere_is_refused(tmp_path, capsys, where):
    code, _, error = call(capsys, "ingest", "lobster", lobster_pair(tmp_path, BOOK), "--catalog", where)
    assert (code, "catalog" in error) == (2, True)


def test_reference_tables_need_a_folder(tmp_path, capsys):
    (tmp_path / "splits.csv").write_text("symbol,date,ratio\nA,2020-01-02,2\n")
    where = f"memory://{tmp_path.name}"
    code, _, error = call(capsys, "ingest", "reference", tmp_path / "splits.csv", "--catalog", where)
    assert (code, "folder" in error) == (2, True)
