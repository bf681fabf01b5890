"""`xsearch index`: look after the indexes."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import STDOUT, give, say

app = typer.Typer(help="List, check, move and delete indexes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The index.")]


@app.callback()
def index() -> None:
    """List, check, move and delete indexes."""


@app.command("list")
def list_(json: options.Json = None) -> None:
    """List the indexes; the one in use is marked."""
    from xsearch.indexes.library import list_indexes
    from xsearch.report.index_listing import index_records, index_table

    found = list_indexes()
    give(lambda: index_records(found), lambda: index_table(found), json)


@app.command("info")
def info(name: Name, json: options.Json = None) -> None:
    """Tell what an index holds: counts, sources, licences, settings, failures."""
    from xsearch.indexes import Index
    from xsearch.report.index_listing import info_record, info_table

    opened = Index.open(name)
    give(lambda: info_record(opened), lambda: info_table(opened), json)


@app.command("sql")
def sql(
    name: Name,
    statement: Annotated[
        str, typer.Argument(metavar="SELECT", help="Such as 'select formula, band_gap from materials limit 5'.")
    ],
    top: options.Top = None,
    csv: options.Csv = None,
    json: options.Json = None,
) -> None:
    """Put an SQL question to the metadata of an index: tables materials, spectra and failures, read only."""
    from xsearch.indexes import Index
    from xsearch.report.sql_table import sql_csv, sql_records, sql_table

    metadata = Index.open(name).metadata
    if csv == STDOUT:
        typer.echo(sql_csv(metadata.select(statement, top)), nl=False)
    elif csv:
        csv.write_text(sql_csv(metadata.select(statement, top)), encoding="utf-8")
        say(f"Written: {csv}")
    else:
        give(
            lambda: sql_records(metadata.select(statement, top)),
            lambda: sql_table(lambda most: metadata.select(statement, most), top),
            json,
        )


@app.command("verify")
def verify(name: Name) -> None:
    """Check every file of an index against its checksum."""
    from xsearch.indexes import Index

    Index.open(name).verify()
    say(f"Index {name}: every file is as it was made.")


@app.command("use")
def use(name: Name) -> None:
    """Make an index the one that queries search when they name none."""
    from xsearch.indexes.library import use as use_index

    use_index(name)
    say(f"Index {name} is in use.")


@app.command("export")
def export(name: Name, file: Annotated[Path, typer.Argument(metavar="FILE.xsi", help="The file to write.")]) -> None:
    """Pack an index into one file with checksums, to carry it to another machine."""
    from xsearch.indexes.bundle import export as export_index

    export_index(name, file)
    say(f"Index {name} is packed in {file}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.xsi", help="A file that `xsearch index export` wrote.")],
    name: Annotated[str | None, options.NEW_NAME] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="If the name is taken, make this that index's new version.")
    ] = False,
) -> None:
    """Unpack an index that was exported, checking all of it. Without a name it takes the one that it had."""
    from xsearch.indexes.bundle import import_ as import_index

    say(f"Index {import_index(file, name, replace)} is here.")


@app.command("delete")
def delete(name: Name) -> None:
    """Delete an index and all its versions."""
    from xsearch.indexes.library import delete as delete_index

    delete_index(name)
    say(f"Index {name} is deleted.")


@app.command("rollback")
def rollback(
    name: Name,
    version: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Which version; by default the one before.")
    ] = None,
) -> None:
    """Go back to an earlier version of an index."""
    from xsearch.indexes.library import rollback as roll_back

    say(f"Index {name} is back at version {roll_back(name, version)}.")
