"""Small files as instruments write them, made from a pattern or a spectrum."""

import gzip
import io
import struct
import zipfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def powder(first_deg: float = 10.0, step_deg: float = 0.05, count: int = 400) -> tuple[Column, Column]:
    """A pattern of whole counts with three peaks on a background, on an even axis of 2θ."""
    two_theta_deg = np.round(first_deg + step_deg * np.arange(count), 6)
    span = step_deg * count
    counts = 20 + sum(
        height * np.exp(-0.5 * ((two_theta_deg - first_deg - share * span) / 0.1) ** 2)
        for height, share in ((900, 0.2), (400, 0.5), (150, 0.8))
    )
    return two_theta_deg, np.round(counts)


def edge(e0_eV: float = 7112.0, count: int = 300) -> tuple[Column, Column]:
    """A K edge as an arctangent with a white line, from 60 eV below it to 90 eV above."""
    energy_eV = np.round(e0_eV + np.linspace(-60, 90, count), 3)
    mu = 0.5 + np.arctan((energy_eV - e0_eV) / 1.5) / np.pi
    return energy_eV, np.round(mu + 0.4 * np.exp(-0.5 * ((energy_eV - e0_eV - 6) / 3) ** 2), 6)


def rows(*columns: Column, separator: str = " ", decimal: str = ".") -> str:
    """Columns as lines of text."""
    lines = (separator.join(repr(float(value)) for value in row) for row in zip(*columns, strict=True))
    return "\n".join(lines).replace(".", decimal) + "\n"


def xrdml(
    scans: Sequence[tuple[Column, Column]], axis: str = "2Theta", version: str = "1.5", intended: str = "K-Alpha"
) -> bytes:
    """A PANalytical file; each scan has its first and last angle, and its counts."""
    body = "".join(
        f"""<scan appendNumber="{number}" mode="Continuous" scanAxis="{axis}" status="Completed"><dataPoints>
        <positions axis="{axis}" unit="deg"><startPosition>{x[0]}</startPosition>
        <endPosition>{x[-1]}</endPosition></positions>
        <positions axis="Phi" unit="deg"><commonPosition>0.0</commonPosition></positions>
        <commonCountingTime unit="seconds">0.440</commonCountingTime>
        <intensities unit="counts">{" ".join(f"{value:.0f}" for value in y)}</intensities></dataPoints></scan>"""
        for number, (x, y) in enumerate(scans)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/{version}" status="Completed">
<xrdMeasurement measurementType="Scan" status="Completed"><usedWavelength intended="{intended}">
<kAlpha1 unit="Angstrom">1.5405980</kAlpha1><kAlpha2 unit="Angstrom">1.5444260</kAlpha2>
<ratioKAlpha2KAlpha1>0.5000</ratioKAlpha2KAlpha1></usedWavelength>
<incidentBeamPath><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube></incidentBeamPath>{body}
</xrdMeasurement></xrdMeasurements>""".encode()


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def brml_scan(x: Column, y: Column, axis: str = "TwoTheta") -> str:
    """One RawData document of a Bruker archive, with the columns time, absorber, 2θ, θ, temperature, counts."""
    datums = "".join(f"<Datum>0.5,1,{a},{a / 2},25.1,{b:.0f}</Datum>" for a, b in zip(x, y, strict=True))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><FixedInformation><Instrument><PrimaryTracks><TrackInfoData>
<MountedOptics><InfoData xsi:type="TubeMountInfoData"><Tube><TubeMaterial>Cu</TubeMaterial>
<WaveLengthAlpha1 Unit="Å" Value="1.5406"/><WaveLengthAlpha2 Unit="Å" Value="1.54439"/>
<WaveLengthRatio Unit="" Value="0.5"/></Tube></InfoData><InfoData xsi:type="Other"/></MountedOptics></TrackInfoData>
</PrimaryTracks></Instrument><Drives><InfoData LogicName="Phi"><Position Value="0" Unit="deg"/></InfoData></Drives>
</FixedInformation><DataRoutes><DataRoute RouteFlag="Measured"><ScanInformation ScanName="{axis}Scan">
<MeasurementPoints>{len(x)}</MeasurementPoints><TimePerStep>0.5</TimePerStep>
<TimePerStepEffective>0.5</TimePerStepEffective><ScanMode>StepScan</ScanMode>
<ScanAxes><ScanAxisInfo AxisId="{axis}" AxisName="{axis}"><Unit Base="deg"/><Reference>0</Reference>
<Start>{x[0]}</Start><Stop>{x[-1]}</Stop><Increment>{x[1] - x[0]}</Increment></ScanAxisInfo></ScanAxes>
</ScanInformation>{datums}
<DataViews><RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime"/>
<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor"/>
<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying>
<FieldDefinitions FieldName="{axis}" AxisId="{axis}"/>
<FieldDefinitions FieldName="Theta" AxisId="Theta"/></Varying>
</RawDataView>
<RawDataView xsi:type="RecordedRawDataView" Start="4" Length="1"><Recording LogicName="Temperature">
<Unit Base="C"/></Recording></RawDataView>
<RawDataView xsi:type="RecordedRawDataView" Start="5" Length="1"><Recording LogicName="ScanCounter">
<Unit Base="Counts"/></Recording></RawDataView></DataViews></DataRoute></DataRoutes></RawData>"""


def brml(scans: Sequence[str]) -> bytes:
    """A Bruker archive of RawData documents."""
    names = [f"Experiment0/RawData{number}.xml" for number in range(len(scans))]
    listed = "".join(f"<string>{name}</string>" for name in names)
    container = f"<DataContainer><RawDataReferenceList>{listed}</RawDataReferenceList></DataContainer>"
    return zipped({"Experiment0/DataContainer.xml": container, **dict(zip(names, scans, strict=True))})


def rasx(x: Column, y: Column, axis: str = "TwoThetaTheta") -> bytes:
    """A Rigaku archive of one scan."""
    conditions = f"""<?xml version="1.0" encoding="utf-8"?><MeasurementConditions><GeneralInformation><Comment/>
    </GeneralInformation><ScanInformation><AxisName>{axis}</AxisName><Mode>CONTINUOUS</Mode><Step>0.05</Step><Speed>1</Speed>
    <SpeedUnit>deg/min</SpeedUnit><PositionUnit>deg</PositionUnit></ScanInformation><HWConfigurations>
    <Categories><Category Name="Detector" SelectedUnit="HyPix"/></Categories><Optics><Unit>x</Unit></Optics>
    <Distances/><XrayGenerator><TargetName>Cu</TargetName><WaveType>Ka</WaveType><Voltage>40</Voltage><VoltageUnit>kV</VoltageUnit>
    <Current>15</Current><CurrentUnit>mA</CurrentUnit><WavelengthKalpha1>1.540593</WavelengthKalpha1>
    <WavelengthKalpha2>1.544414</WavelengthKalpha2><WavelengthKbeta>1.392246</WavelengthKbeta></XrayGenerator>
    </HWConfigurations><RASHeader><Pair><string>*MEAS_COND_AXIS_NAME-0</string><string>{axis}</string></Pair></RASHeader>
    <Axes><Axis Name="{axis}" Unit="deg" Offset="0" Position="10"/></Axes></MeasurementConditions>"""
    profile = "".join(f"{a:.4f}\t{b:.4f}\t1.0000\r\n" for a, b in zip(x, y, strict=True))
    return zipped(
        {
            "root.xml": "<Root/>",
            "Data0/Profile0.txt": "\ufeff" + profile,
            "Data0/MesurementConditions0.xml": conditions,
        }
    )


def ras(
    scans: Sequence[tuple[Column, Column]],
    factors: Column | None = None,
    axis: str = "TwoThetaTheta",
    comment: str = "Größe",
) -> bytes:
    """A Rigaku text file."""
    text = "*RAS_DATA_START\r\n"
    for x, y in scans:
        third = np.ones(len(x)) if factors is None else factors
        text += (
            f'*RAS_HEADER_START\r\n*FILE_COMMENT "{comment}"\r\n*HW_XG_TARGET_NAME "Cu"\r\n'
            f'*MEAS_SCAN_AXIS_X "{axis}"\r\n'
        )
        text += '*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"\r\n*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"\r\n*RAS_HEADER_END\r\n'
        text += "*RAS_INT_START\r\n"
        text += (
            "".join(f"{a:.4f} {b:.4f} {c:.4f}\r\n" for a, b, c in zip(x, y, third, strict=True)) + "*RAS_INT_END\r\n"
        )
    return (text + "*RAS_DATA_END\r\n").encode("utf-8" if "θ" in axis else "latin-1")


def raw1(scans: Sequence[tuple[Column, Column]], repeat_mark: bool = True) -> bytes:
    """Bruker RAW, version 1."""
    data = b""
    for number, (x, y) in enumerate(scans):
        mark = b"RAW " if number == 0 or repeat_mark else b""
        head = struct.pack("<IffIIffff32sff72xI", len(x), 1.0, x[1] - x[0], 0, 0, x[0], -1e6, -1e6, -1e6, b"sample",
                           1.5406, 1.54439, len(scans) - number - 1)  # fmt: skip
        data += mark + head + y.astype("<f4").tobytes()
    return data


def raw2(x: Column, y: Column) -> bytes:
    """Bruker RAW, version 2."""
    head = bytearray(256)
    head[:4] = b"RAW2"
    struct.pack_into("<H", head, 4, 1)
    struct.pack_into("<2sfff", head, 188, b"Cu", 1.5406, 1.54439, 0.5)
    scan = bytearray(60)
    struct.pack_into("<HHIfff", scan, 0, 60, len(x), 0, 1.0, x[1] - x[0], x[0])
    return bytes(head + scan) + y.astype("<f4").tobytes()


def raw3(x: Column, y: Column, supplement: int = 40) -> bytes:
    """Bruker RAW, version 3."""
    head = bytearray(712)
    head[:8] = b"RAW1.01\0"
    struct.pack_into("<II", head, 8, 1, 1)
    struct.pack_into("<4s", head, 608, b"Cu")
    struct.pack_into("<ddddd", head, 616, 1.54186, 1.5406, 1.54439, 1.39222, 0.5)
    scan = bytearray(304 + supplement)
    struct.pack_into("<IIdd", scan, 0, 304, len(x), x[0] / 2, x[0])
    struct.pack_into("<d", scan, 176, x[1] - x[0])
    struct.pack_into("<I", scan, 256, supplement)
    return bytes(head + scan) + y.astype("<f4").tobytes()


def raw4(scans: Sequence[tuple[Column, Column]], kind: bytes = b"Locked Coupled", datum: int = 8) -> bytes:
    """Bruker RAW, version 4, with the X-ray source, a comment, and scans of one drive each."""
    data = bytearray(61)
    data[:8] = b"RAW4.00\0"
    comment = struct.pack("<III24s", 10, 36 + 12, 0, b"COMMENT") + b"one scan".ljust(12, b"\0")
    source = struct.pack("<II64xdddddI4s", 30, 120, 1.54186, 1.5406, 1.54439, 1.39222, 0.5, 0, b"Cu\0\0")
    data += comment + source
    for x, y in scans:
        drive = struct.pack("<III24s20xd28x", 50, 92, 0, b"2Theta", x[0])
        head = bytearray(160)
        struct.pack_into("<24s", head, 32, kind)
        struct.pack_into("<ddIf", head, 72, x[0], x[1] - x[0], len(x), 0.5)
        struct.pack_into("<d", head, 112, 1.5406)
        struct.pack_into("<II", head, 136, datum, len(drive))
        points = np.zeros((len(x), datum // 4), dtype="<f4")
        points[:, 0] = y
        data += head + drive + points.tobytes()
    return bytes(data)


def gsas(x: Column, y: Column, form: str) -> str:
    """GSAS data in one of its forms; angles in hundredths of a degree."""
    first, step = x[0] * 100, (x[1] - x[0]) * 100
    head = f"A title\nBANK 1 {len(x)} {len(x)} CONST {first:.3f} {step:.3f} 0 0 {form}\n"
    if form == "FXYE":
        return head + "".join(f"{a * 100:.3f} {b:.2f} {b**0.5:.2f}\n" for a, b in zip(x, y, strict=True))
    fields = [f"{b:8.0f}{b**0.5:8.1f}" if form == "ESD" else f" 1{b:6.0f}" for b in y]
    per_line = 5 if form == "ESD" else 10
    return head + "".join("".join(fields[at : at + per_line]) + "\n" for at in range(0, len(fields), per_line))


def uxd(x: Column, y: Column, with_angles: bool) -> str:
    """A Bruker text export."""
    head = (
        f"; converted\n_FILEVERSION=2\n_SAMPLE='x'\n_WL_UNIT='A'\n_WL1=1.540600\n_WL2=1.544390\n_WLRATIO=0.500000\n"
        f"_ANODE='Cu'\n; (Data for Range number 1)\n_DRIVE='COUPLED'\n_STEPSIZE={x[1] - x[0]:.6f}\n_START={x[0]:.6f}\n"
    )
    if with_angles:
        return head + "_2THETACOUNTS\n" + "".join(f"{a:.3f}\t{b:.0f}\n" for a, b in zip(x, y, strict=True))
    counts = [f"{b:.0f}" for b in y]
    return head + "_COUNTS\n" + "\n".join(" ".join(counts[at : at + 8]) for at in range(0, len(counts), 8)) + "\n"


def athena(groups: Sequence[tuple[str, str, Column, Column]], shift_eV: float = 0.0) -> bytes:
    """A gzipped Athena project of spectra given by label, absorber, energies and absorption."""
    text = "# Athena project file -- Demeter version 0.9.26\n# This file created at now\n\n"
    for number, (label, element, x, y) in enumerate(groups):
        quoted = label.replace("'", r"\'")
        text += f"$old_group = 'g{number}';\n"
        text += f"@args = ('label','{quoted}','datatype','xmu','bkg_z','{element}','fft_edge','k',"
        text += f"'bkg_eshift','{shift_eV}');\n"
        text += "@x = (" + ",".join(f"'{value}'" for value in x) + ");\n"
        text += (
            "@y = ("
            + ",".join(f"'{value}'" for value in y)
            + ");\n[record]   # create object and set arrays in ifeffit\n\n"
        )
    return gzip.compress((text + "@journal = ('');\n1;\n").encode())


def xdi(x: Column, i0: Column, it: Column, element: str = "Fe") -> str:
    """An XDI file of a transmission measurement."""
    return (
        f"# XDI/1.0 GSE/1.0\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: itrans\n# Element.edge: K\n"
        f"# Element.symbol: {element}\n# Mono.d_spacing: 3.13553\n# ///\n# a comment\n#----\n# energy i0 itrans\n"
    ) + rows(x, i0, it)
