"""What is wrong in the files of a station set: which file, which row, which column, and what to do about it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from safezone.core.errors import Invalid
from safezone.core.geo import Point
from safezone.core.i18n import Words

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # files
    "folder_missing": ("ไม่พบโฟลเดอร์ {value}", "There is no folder {value}."),
    "file_missing": ("ไม่พบไฟล์นี้ในโฟลเดอร์: เพิ่มไฟล์", "This file is not in the folder: add it."),
    "file_too_large": (
        "ไฟล์ใหญ่ {value} (รับได้ไม่เกิน {limit}): แบ่งหรือลดขนาด",
        "The file has {value}, more than {limit}: make it smaller.",
    ),
    "unreadable_text": (
        "อ่านตัวอักษรไม่ได้: บันทึกเป็น UTF-8 (หรือ TIS-620 / Windows-874)",
        "The characters cannot be read: save it as UTF-8 (or TIS-620 / Windows-874).",
    ),
    "not_toml": ("อ่านเป็น TOML ไม่ได้: {value}", "This is not TOML: {value}"),
    "not_csv": ("อ่านเป็น CSV ไม่ได้: {value}", "This is not CSV: {value}"),
    "not_geojson": (
        "ไม่ใช่ GeoJSON FeatureCollection: {value}",
        "This is not a GeoJSON FeatureCollection: {value}",
    ),
    # rows and cells
    "column_missing": (
        "ไม่มีคอลัมน์นี้ในหัวตาราง: เพิ่มคอลัมน์ (ที่พบ: {value})",
        "The header lacks this column: add it (found: {value}).",
    ),
    "column_unknown": (
        "ไม่รู้จักคอลัมน์นี้ จึงไม่ได้อ่าน",
        "This column is not known and was not read.",
    ),
    "row_too_long": (
        "มี {value} ช่อง มากกว่าหัวตาราง ({limit}): ใส่เครื่องหมายคำพูดคร่อมข้อความที่มีจุลภาค",
        "{value} cells, more than the header ({limit}): put quotes around a text with a comma.",
    ),
    "empty": ("ว่าง: ต้องกรอก", "Empty: fill it in."),
    "too_long": ("ยาวเกิน {limit} ตัวอักษร: ย่อลง", "Longer than {limit} characters: shorten it."),
    "formula": (
        "ขึ้นต้นเหมือนสูตรคำนวณ ({value}): ใส่เป็นข้อความธรรมดา",
        "It begins like a spreadsheet formula ({value}): write plain text.",
    ),
    "control_character": (
        "มีอักขระควบคุมที่มองไม่เห็น: ลบออก",
        "There is an invisible control character in it: remove it.",
    ),
    "not_a_number": (
        "“{value}” ไม่ใช่ตัวเลข: เขียนเช่น 16.5428",
        "“{value}” is not a number: write it like 16.5428.",
    ),
    "not_one_of": ("“{value}” ไม่ใช่ค่าที่ใช้ได้: {limit}", "“{value}” is not one of: {limit}."),
    "bad_code": (
        "“{value}” ใช้เป็นรหัสไม่ได้: ใช้ a–z 0–9 - _ ไม่เกิน 32 ตัว ขึ้นต้นด้วยตัวอักษรหรือตัวเลข",
        "“{value}” cannot be a code: letters a–z, digits, - and _, up to 32, beginning with a letter or digit.",
    ),
    "duplicate": (
        "“{value}” ซ้ำกับ {limit}: แต่ละรายการต้องมีรหัสของตัวเอง",
        "“{value}” was used before ({limit}): each needs its own.",
    ),
    "unknown_site": (
        "ไม่มีจุดติดตั้ง “{value}” ใน camera_sites.csv",
        "There is no camera site “{value}” in camera_sites.csv.",
    ),
    # lists of equipment
    "nothing_in_it": ("ไม่มีข้อมูลในไฟล์", "There is nothing in the file."),
    "not_workbook": (
        "อ่านเป็นสมุดงาน Excel ไม่ได้ ({value}): เปิดใน Excel แล้วบันทึกใหม่เป็น .xlsx หรือ CSV",
        "This is no Excel workbook that can be read ({value}): open it in Excel, save it anew as .xlsx or CSV.",
    ),
    "workbook_locked": (
        "ไฟล์มีรหัสผ่าน: เปิดใน Excel แล้วบันทึกใหม่โดยไม่ตั้งรหัส",
        "The workbook has a password: open it in Excel and save it without.",
    ),
    "web_page": (
        "ไฟล์นี้เป็นหน้าเว็บที่ตั้งชื่อเป็นตาราง: เปิดใน Excel แล้วบันทึกเป็น .xlsx",
        "This is a web page under the name of a table: open it in Excel and save it as .xlsx.",
    ),
    "workbook_too_much": (
        "อ่านไฟล์นี้ใช้หน่วยความจำหรือเวลามากเกินไป จึงหยุดอ่าน: ลบแถวและคอลัมน์ที่ว่างท้ายแผ่น (Ctrl+End) แล้วบันทึกใหม่",
        "Reading it took too much memory or time and was stopped: delete the empty ends of its sheets (Ctrl+End).",
    ),
    "sheet_too_large": (
        "แผ่นงาน “{value}” กว้างหรือยาวเกิน {limit}: ลบแถวและคอลัมน์ที่ว่างท้ายแผ่น (Ctrl+End) แล้วบันทึกใหม่",
        "The sheet “{value}” is larger than {limit}: delete the empty rows and columns at its end (Ctrl+End), save it.",
    ),
    "sheet_left_out": (
        "อ่านเฉพาะแผ่นงาน “{limit}”: แผ่น “{value}” เป็นรายการด้วยแต่ไม่ได้อ่าน ให้บันทึกเป็นอีกไฟล์แล้วนำเข้า",
        "Only the sheet “{limit}” is read: “{value}” is a list too and is not; save it as a file of its own.",
    ),
    "sheet_not_read": (
        "อ่านเฉพาะแผ่นงาน “{limit}” ไม่ได้อ่าน: {value}",
        "Only the sheet “{limit}” is read; not read: {value}.",
    ),
    "unfolds_too_far": (
        "ไฟล์นี้คลายแล้วใหญ่เกิน {limit}: ไม่ได้เปิดอ่าน",
        "Unpacked, this file has more than {limit}: it was not opened.",
    ),
    "unknown_kind": (
        "ไม่รู้จักชนิดอุปกรณ์ “{value}”: ใช้ {limit}",
        "The kind “{value}” is not one of: {limit}.",
    ),
    "other_kind": (
        "รหัสนี้มีอยู่แล้วเป็น {limit} เปลี่ยนเป็น {value} ไม่ได้",
        "This code is a {limit} already and cannot become a {value}.",
    ),
    "unknown_owner": (
        "ไม่มีเจ้าของ “{value}” ในทะเบียน: เพิ่มเจ้าของก่อน",
        "There is no owner “{value}” in the register: enter them first.",
    ),
    "unknown_mou": (
        "ไม่มีบันทึกข้อตกลง “{value}” กับเจ้าของนี้",
        "There is no MOU “{value}” with this owner.",
    ),
    "no_such_site": (
        "ใช้จุดติดตั้ง “{value}” ไม่ได้: ไม่มีในไฟล์และในทะเบียน หรือชนิดนี้ไม่ติดที่จุด",
        "The site “{value}” is neither in the file nor in the register, or nothing of this kind hangs at one.",
    ),
    "lacks": ("จะใช้งานได้ต้องมี{value}", "To be in service it needs {value}."),
    "kind_missing": (
        "ไฟล์ไม่มีคอลัมน์ชนิด (kind): เลือกชนิดที่ใช้กับทุกแถวใต้ชื่อไฟล์ หรือเพิ่มคอลัมน์ ใช้ได้: {limit}",
        "The list has no column kind: choose one for all rows below the file's name, or add the column with: {limit}.",
    ),
    "lent": (
        "{value} ถูกยืมอยู่: รับคืนก่อนจึงเปลี่ยนสถานะได้",
        "{value} is lent: take it back before its state is changed.",
    ),
    "no_way_back": (
        "สถานะเดิมคือ {limit}: ไฟล์ทำให้ถอยกลับเป็น {value} ไม่ได้",
        "It is {limit} already: a list cannot take it back to {value}.",
    ),
    "not_money": (
        "“{value}” ไม่ใช่จำนวนเงินบาท: เขียนเช่น 12500.50",
        "“{value}” is no amount in baht: write it like 12500.50.",
    ),
    "not_a_year": (
        "“{value}” ไม่ใช่ปีงบประมาณ: เขียนเช่น 2569",
        "“{value}” is no fiscal year: write it like 2569.",
    ),
    "row_left_out": (
        "แถวนี้ไม่มีรหัสและไม่มีข้อมูลอุปกรณ์ (“{value}”) จึงไม่อ่าน เช่น หัวข้อย่อย ยอดรวม หรือหมายเหตุ",
        "This line has no code and tells of no thing (“{value}”), so it is not read: a subtitle, a sum or a remark.",
    ),
    "day_guessed": (
        "“{value}” อ่านเป็น {limit}: ตรวจว่าถูกต้อง",
        "“{value}” is read as {limit}: check that it is meant.",
    ),
    "owner_not_clear": (
        "มีเจ้าของชื่อ “{value}” หลายราย: ใส่รหัส {limit}",
        "Several owners are called “{value}”: write the id, one of {limit}.",
    ),
    # places
    "half_a_place": (
        "มีพิกัดเพียงครึ่งเดียว: ต้องมีทั้งลองจิจูดและละติจูด",
        "This is half a place: it takes longitude and latitude.",
    ),
    "not_a_place": (
        "“{value}” ไม่ใช่พิกัด: เขียนเช่น 16.5428, 104.7225",
        "“{value}” is no place: write it like 16.5428, 104.7225.",
    ),
    "short_address": (
        "ลิงก์ย่อ “{value}” ไม่บอกพิกัด: เปิดลิงก์ แล้วคัดลอกตัวเลขพิกัดหรือลิงก์เต็มมาใส่",
        "The short link “{value}” names no place: open it, and copy the numbers or the long address.",
    ),
    "metres_swapped": (
        "ค่าเหนือ (N) กับตะวันออก (E) ดูเหมือนสลับกัน ({value}): สลับคอลัมน์",
        "North (N) and east (E) look exchanged ({value}): exchange the columns.",
    ),
    "read_as_metres": (
        "พิกัดเป็นเมตร ({value}) อ่านทุกแถวเป็น {limit}: ตรวจว่าใช่ระบบนี้ (ถ้าเป็น Indian 1975 จะคลาดราว 400 ม. ให้แปลงเป็นองศาก่อน)",
        "The places are metres ({value}); every row is read as {limit}: is it so? (Indian 1975 lies 400 m off: convert it.)",
    ),
    "swapped": (
        "ลองจิจูดกับละติจูดสลับกัน ({value}): ลองจิจูด (ราว 97–106) มาก่อน",
        "Longitude and latitude are exchanged ({value}): longitude (about 97–106) comes first.",
    ),
    "metres": (
        "{value} ดูเป็นหน่วยเมตร (UTM): แปลงเป็นองศา WGS 84 ก่อน",
        "{value} looks like metres (UTM): convert it to degrees, WGS 84.",
    ),
    "out_of_range": (
        "{value} ไม่ใช่พิกัดบนโลก (ลองจิจูด −180 ถึง 180, ละติจูด −90 ถึง 90)",
        "{value} is not a place on the earth (longitude −180 to 180, latitude −90 to 90).",
    ),
    "outside_thailand": (
        "{value} อยู่นอกประเทศไทย: ตรวจว่าถูกต้อง",
        "{value} lies outside Thailand: check that it is meant.",
    ),
    "far_from_zone": (
        "อยู่ห่างจากพื้นที่ปลอดภัย {value}: ตรวจว่าถูกต้อง",
        "It lies {value} from the safety zone: check that it is meant.",
    ),
    # station.toml
    "bad_format": (
        "format = {value} เป็นรุ่นที่โปรแกรมนี้ไม่รู้จัก: ใช้ format = 1",
        "format = {value} is a version that this program does not know: use format = 1.",
    ),
    "wrong_type": ("ต้องเป็น{limit}", "It must be {limit}."),
    "unknown_key": ("ไม่รู้จักรายการนี้ จึงไม่ได้อ่าน", "This key is not known and was not read."),
    "not_a_day": (
        "“{value}” ไม่ใช่วันที่: เขียนเช่น 2569-11-20 หรือ 20/11/2569",
        "“{value}” is not a day: write it like 2026-11-20 or 20/11/2569.",
    ),
    "day_to_come": ("วันที่ {value} ยังมาไม่ถึง: ตรวจปี", "The day {value} has not come yet: check the year."),
    "buddhist_year": (
        "ปี {value} เป็นพุทธศักราช: เขียนเป็นคริสต์ศักราช {limit}",
        "The year {value} is of the Buddhist era: write {limit}.",
    ),
    "differs_from_drawing": (
        "ระบุไว้ {limit} แต่แนวเขตที่วาดวัดได้ {value} (ต่างกันเกิน 5 %): แก้ไขแนวเขตหรือตัวเลข",
        "{limit} is stated, but the boundary as drawn has {value} (over 5 % apart): mend the drawing or the figure.",
    ),
    # zone.geojson
    "unknown_layer": (
        "layer “{value}” ไม่ใช่ค่าที่ใช้ได้: {limit}",
        "The layer “{value}” is not one of: {limit}.",
    ),
    "wrong_geometry": (
        "รูปทรง {value} ใช้กับชั้นนี้ไม่ได้: ใช้ {limit}",
        "The geometry {value} does not fit this layer: use {limit}.",
    ),
    "bad_coordinates": (
        "อ่านพิกัดไม่ได้: ต้องเป็น [ลองจิจูด, ละติจูด]",
        "The coordinates cannot be read: they must be [longitude, latitude].",
    ),
    "ring_too_short": (
        "เส้นรอบรูปต้องมีอย่างน้อย 3 มุมที่ต่างกัน",
        "An outline needs at least 3 different corners.",
    ),
    "line_too_short": ("เส้นต้องมีอย่างน้อย 2 จุด", "A line needs at least 2 points."),
    "crosses_itself": (
        "เส้นรอบรูปตัดกันเองที่ {value}: แก้ลำดับของมุม",
        "The outline crosses itself at {value}: mend the order of its corners.",
    ),
    "too_detailed": (
        "เส้นรอบรูปมี {value} มุม ซับซ้อนเกินกว่าจะตรวจได้: ลดจำนวนมุม (simplify)",
        "The outline has {value} corners, too tangled to be checked: simplify it.",
    ),
    "too_many_corners": (
        "เส้นรอบรูปมี {value} มุม (รับได้ไม่เกิน {limit}): ลดจำนวนมุม (simplify) ในโปรแกรมแผนที่แล้วส่งใหม่",
        "The outline has {value} corners, more than {limit}: simplify it in the map program and send it again.",
    ),
    "crosses_another": (
        "เส้นรอบรูปนี้ตัดกับอีกเส้นของรูปเดียวกันที่ {value}: พื้นที่จะนับซ้ำ ให้รวมเป็นรูปเดียว หรือย้ายช่องเว้น",
        "Two outlines of this area cross at {value}, and part of it would count twice: merge them, or move the hole.",
    ),
    "part_inside": (
        "ส่วนหนึ่งของรูปซ้อนอยู่ในอีกส่วนที่ {value}: พื้นที่จะนับซ้ำ ให้ลบหรือทำเป็นช่องเว้น",
        "A part of this area lies inside another at {value} and would count twice: delete it, or make it a hole.",
    ),
    "crs_not_believed": (
        "ไฟล์ระบุระบบพิกัด {value} แต่ตัวเลขไม่ใช่ระบบนั้น จึงอ่านตามตัวเลข: ตรวจบนแผนที่",
        "The file says {value}, but its numbers are not that; they are believed: look at the map.",
    ),
    "crs_not_known": (
        "ไม่รู้จักระบบพิกัดที่ไฟล์ระบุ ({value}) จึงอ่านตามตัวเลข: ตรวจบนแผนที่",
        "The coordinate system that the file names ({value}) is not known; its numbers are believed: look at the map.",
    ),
    "hole_outside": (
        "ช่องเว้นอยู่นอกเส้นรอบรูปของมัน ที่ {value}: ย้ายหรือลบออก",
        "A hole lies outside its outline at {value}: move it or take it away.",
    ),
    "no_area": (
        "รูปนี้ไม่มีพื้นที่: วาดอย่างน้อย 3 มุม",
        "This has no area: draw at least 3 corners.",
    ),
    "no_geometry": ("ไม่มีรูปทรง จึงข้ามไป", "It has no geometry and was left out."),
    "lines_left_out": (
        "มีเส้น {value} เส้น ซึ่งไม่ใช่พื้นที่หรือจุด จึงข้ามไป (ถนนนำเข้าด้วย safezone map import)",
        "{value} lines are neither areas nor points and were left out (streets come by safezone map import).",
    ),
    "no_source": (
        "จำนวน {value} คนไม่มีที่มา จึงไม่นำเข้า: เพิ่มคอลัมน์ source",
        "The figure of {value} people has no source and is not taken: add a column source.",
    ),
    "one_boundary": (
        "ต้องมีแนวเขต (layer boundary) หนึ่งเดียว แต่พบ {value}",
        "There must be exactly one boundary (layer boundary); found {value}.",
    ),
    "too_many": (
        "มี {value} รายการ (รับได้ไม่เกิน {limit}): แบ่งออก",
        "There are {value}, more than {limit}: split it.",
    ),
}


class Finding(msgspec.Struct, frozen=True):
    """One thing found. `row` counts as a spreadsheet does (the header is row 1), or features from 1."""

    file: str
    code: str
    words: Words
    row: int | None = None
    column: str | None = None
    at: Point | None = None
    """Where to mark it on the map, if it is anywhere."""
    cell: str | None = None
    """Which cell of the sheet it is, such as C5."""

    def __str__(self) -> str:
        return f"{self.where().th}: {self.words.th} / {self.where().en}: {self.words.en}"

    def where(self) -> Words:
        """Such as “cameras.csv แถว 5 คอลัมน์ site” and “cameras.csv, row 5, column site”."""
        is_drawing = self.file.endswith(".geojson")
        th, en = self.file, self.file
        if self.row is not None:
            th += f" {'รูปที่' if is_drawing else 'แถว'} {self.row}"
            en += f", {'feature' if is_drawing else 'row'} {self.row}"
        if self.column is not None:
            is_table = self.file.lower().endswith((".csv", ".txt", ".xlsx", ".xls"))
            th += f" คอลัมน์ {self.column}" if is_table else f" ({self.column})"
            en += f", column {self.column}" if is_table else f" ({self.column})"
        return Words(th=th, en=en)


class Findings:
    """Collects everything that is wrong, so that a person mends all of it at once."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []
        self.notices: list[Finding] = []

    def problem(
        self,
        file: str,
        code: str,
        row: int | None = None,
        column: str | None = None,
        *,
        value: Any = "",
        limit: Any = "",
    ) -> None:
        """The set will be refused because of this."""
        self.problems.append(Finding(file, code, words_of(code, value, limit), row, column))

    def notice(
        self,
        file: str,
        code: str,
        row: int | None = None,
        column: str | None = None,
        *,
        value: Any = "",
        limit: Any = "",
    ) -> None:
        """Worth a look, but the set is taken."""
        self.notices.append(Finding(file, code, words_of(code, value, limit), row, column))

    def add(self, file: str, code: str, words: Words, row: int | None, at: Point | None) -> None:
        """A problem whose words are known already, with its place on the map."""
        self.problems.append(Finding(file, code, words, row, None, at))

    def refuse_if_any(self) -> None:
        """Return when there is no problem; otherwise raise StationSetRefused with all of them."""
        if self.problems:
            raise StationSetRefused(self.problems, self.notices)


class StationSetRefused(Invalid):
    """A station set with at least one problem: nothing of it was taken. `extra["problems"]` has each of them."""

    def __init__(self, problems: list[Finding], notices: list[Finding]) -> None:
        first = problems[0]
        more = len(problems) - 1
        th, en = f"{first.where().th}: {first.words.th}", f"{first.where().en}: {first.words.en}"
        if more:
            th, en = f"{th} (และอีก {more} เรื่อง)", f"{en} (and {more} more)"
        super().__init__("station_set_refused", Words(th=th, en=en), problems=problems, notices=notices)
        self.problems = problems


def words_of(code: str, value: Any = "", limit: Any = "") -> Words:
    """The two sentences of a finding; `limit` may be Words when it is said differently in each language."""
    th, en = _TEXTS[code]
    value_th, value_en = (value.th, value.en) if isinstance(value, Words) else (value, value)
    limit_th, limit_en = (limit.th, limit.en) if isinstance(limit, Words) else (limit, limit)
    return Words(th=th.format(value=value_th, limit=limit_th), en=en.format(value=value_en, limit=limit_en))
