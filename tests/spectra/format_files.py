"""Small files of further formats: counts after a start and a step, binary formats, workbooks, HDF5."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.spectra.instrument_files import Column, zipped


def _lines(y: Column, per_line: int, width: int = 8, end: str = "") -> str:
    fields = [f"{value:{width}.0f}" for value in y]
    return "\n".join(end.join(fields[at : at + per_line]) + end for at in range(0, len(fields), per_line))


def udf(x: Column, y: Column) -> str:
    """A Philips UDF file."""
    return (
        "SampleIdent,Corundum ,/\nTitle1,Dat2rit program ,/\nDiffrType,PW1710,/\nAnode,Cu,/\nLabdaAlpha1, 1.54060,/\n"
        f"LabdaAlpha2, 1.54439,/\nRatioAlpha21, 0.50000,/\nDataAngleRange, {x[0]:.4f}, {x[-1]:.4f},/\n"
        f"ScanStepSize, {x[1] - x[0]:.3f},/\nScanType,CONTINUOUS,/\nScanStepTime, 5.00,/\nRawScan\n"
        + _lines(y, 8, end=",").rstrip(",")
        + "/\n"
    )


def cpi(x: Column, y: Column) -> str:
    """A Sietronics file."""
    head = f"SIETRONICS XRD SCAN\n{x[0]:.2f}\n{x[-1]:.2f}\n{x[1] - x[0]:.3f}\nCu\n1.54056\n1-1-1999\n0.600\na sample\n"
    return head + "SCANDATA\n" + "\n".join(f"{value:.0f}" for value in y) + "\n"


def mdi(x: Column, y: Column) -> str:
    """A Jade file."""
    head = f" {x[0]:.3f} {x[1] - x[0]:.4f}  4.0 CU  1.540598 {x[-1]:.3f}   {len(x)}\n"
    return "       09/11/91 DIF Demo08: 10-173\n" + head + _lines(np.append(y, -1), 8) + "\n."


def asc(groups: list[tuple[Column, Column, float]], unit: str = "counts") -> str:
    """A Rigaku ASC file of groups of angles, counts and seconds a step."""
    text = (
        f"*TYPE\t\t=  Raw\n*CLASS\t\t=  ASCII CLASS\n*GROUP_COUNT\t=  {len(groups)}\n*SCAN_AXIS\t=  2theta/theta\n"
        f"*TARGET\t\t=  29\n*WAVE_LENGTH1\t=  1.54056\n*WAVE_LENGTH2\t=  1.5444\n*SPEED_DIM\t=  sec./step\n"
        f"*YUNIT\t\t=  {unit}\n"
    )
    for number, (x, y, seconds) in enumerate(groups):
        text += f"\n*BEGIN\n*GROUP\t\t=  {number}\n*START\t\t=  {x[0]:g}\n*STOP\t\t=  {x[-1]:g}\n"
        text += (
            f"*STEP\t\t=  {x[1] - x[0]:g}\n*SPEED\t\t=  {seconds:g}\n*COUNT\t\t=  {len(x)}\n"
            + _lines(y, 4, 7, ",")
            + "\n*END\n"
        )
    return text + "*EOF\n"


def stoe(ranges: list[tuple[Column, Column]]) -> bytes:
    """A Stoe RAW file."""
    data = bytearray(2048)
    data[:14] = b"RAW_1.06Powdat"
    struct.pack_into("<2f", data, 0x142, 1.5406, 1.54439)
    for x, y in ranges:
        head = bytearray(512)
        struct.pack_into("<H", head, 512 - 0x1DE, len(x))
        step = x[1] - x[0]
        struct.pack_into("<6f", head, 512 - 0x1D4, x[0], x[0] / 2, x[-1], x[-1] / 2, step, step / 2)
        struct.pack_into("<2I", head, 512 - 0x188, int(y.min()), int(y.max()))
        counts = y.astype("<u4").tobytes()
        data += head + counts + bytes(-len(counts) % 512)
    return bytes(data)


def philips(x: Column, y: Column, version: bytes = b"V3RD") -> bytes:
    """A Philips RD (V3RD) or SD (V5RD) file, whose counts are packed as ten times their roots."""
    data = bytearray(250 if version == b"V3RD" else 810)
    data[:4] = version
    struct.pack_into("<d", data, 94, 1.5406)
    struct.pack_into("<3d", data, 214, x[1] - x[0], x[0], x[-1])
    return bytes(data) + np.round(10 * np.sqrt(y)).astype("<u2").tobytes()


def xlsx(sheets: Mapping[str, list[list[Any]]]) -> bytes:
    """A workbook of sheets of rows."""
    office = "http://schemas.openxmlformats.org"
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{office}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<?xml version="1.0"?><Relationships xmlns="{office}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    }
    listed, related = "", ""
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        kind = f"{office}/officeDocument/2006/relationships/worksheet"
        listed += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
        related += f'<Relationship Id="r{number}" Type="{kind}" Target="worksheets/sheet{number}.xml"/>'
        cells = ""
        for place, row in enumerate(rows, start=1):
            inner = "".join(
                f'<c r="{chr(65 + column)}{place}" t="inlineStr"><is><t>{cell}</t></is></c>'
                if isinstance(cell, str)
                else f'<c r="{chr(65 + column)}{place}"><v>{float(cell)!r}</v></c>'
                for column, cell in enumerate(row)
            )
            cells += f'<row r="{place}">{inner}</row>'
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0"?><worksheet xmlns="{office}/spreadsheetml/2006/main"><sheetData>'
            f"{cells}</sheetData></worksheet>"
        )
    members["xl/workbook.xml"] = (
        f'<?xml version="1.0"?><workbook xmlns="{office}/spreadsheetml/2006/main" '
        f'xmlns:r="{office}/officeDocument/2006/relationships"><sheets>{listed}</sheets></workbook>'
    )
    members["xl/_rels/workbook.xml.rels"] = (
        f'<?xml version="1.0"?><Relationships xmlns="{office}/package/2006/relationships">{related}</Relationships>'
    )
    return zipped(members)


def nexus(
    axis: str, x: Column, y: Column, unit: str, wavelength: tuple[float, str] | None = None, **more: Any
) -> bytes:
    """A NeXus file of one data group; `more` are further datasets of it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("entry/data")
        file["entry"].attrs["NX_class"], group.attrs["NX_class"] = "NXentry", "NXdata"
        group.attrs["signal"], group.attrs["axes"] = "I", [*more.pop("axes", []), axis]
        group[axis], group["I"] = x, y
        group[axis].attrs["units"] = unit
        for name, value in more.items():
            group[name] = value
        if wavelength is not None:
            file["entry/instrument/monochromator/wavelength"] = wavelength[0]
            file["entry/instrument/monochromator/wavelength"].attrs["units"] = wavelength[1]
    return buffer.getvalue()


def written(folder: Path, name: str, content: bytes | str) -> Path:
    """A file in a folder."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
