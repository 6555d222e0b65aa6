"""How the settings that can be changed in the browser are called in Thai and English, and what they mean in Thai.

What they mean in English is the docstring of the field in `settings.py`. A setting without words fails `make check`.
"""

from __future__ import annotations

from typing import Final

from safezone.core.i18n import Words

GROUPS: Final[dict[str, tuple[Words, str]]] = {
    "screens": (Words("หน้าจอ", "Screens"), "หน้าจอเริ่มต้นอย่างไร"),
    "limits": (
        Words("เวลาที่กำหนดของแต่ละขั้น (SLA)", "Time limits (SLA)"),
        "แต่ละขั้นของเหตุใช้เวลาได้นานเท่าใดก่อนที่นาฬิกาจะเป็นสีแดง สถานีกำหนดเอง ไม่ใช่ตัวเลขทางการ",
    ),
    "priorities": (
        Words("ความเร่งด่วนเริ่มต้น", "Priorities"),
        "ความเร่งด่วนที่เหตุแต่ละประเภทได้เมื่อรับแจ้ง (1 ด่วนที่สุด) เจ้าหน้าที่เปลี่ยนของแต่ละเหตุได้",
    ),
    "retention": (
        Words("ระยะเวลาเก็บรักษา", "Retention"),
        "เก็บข้อมูลส่วนบุคคลนานเท่าใดก่อนลบ เป็นค่าเริ่มต้นที่สมเหตุผล ไม่ใช่ตัวเลขทางการ ให้ปรึกษานิติกร",
    ),
    "positions": (Words("ตำแหน่งสายตรวจ", "Positions of units"), "ใช้ตำแหน่งของสายตรวจอย่างไร และเก็บนานเท่าใด"),
    "heartbeats": (Words("สัญญาณชีพของอุปกรณ์", "Heartbeats of equipment"), "เงียบนานเท่าใดจึงถือว่าอุปกรณ์มีปัญหา"),
    "upkeep": (
        Words("การดูแลอุปกรณ์", "Upkeep of equipment"),
        "สิ่งที่คาดหวังจากผู้ดูแลอุปกรณ์ เป็นค่าเริ่มต้นที่สมเหตุผล ไม่ใช่ตัวเลขทางการ",
    ),
    "notices": (
        Words("เส้นทางแจ้งเตือน", "Notifications"),
        "ใครได้รับแจ้งเรื่องใดบนหน้าจอของระบบ (แถบแจ้งเตือนในสำนักงานสถานี) ยังไม่มีการส่งทาง LINE หรืออีเมล",
    ),
    "region": (
        Words("ภูมิภาค (จังหวัด / ภาค)", "Region"),
        "หน่วยเหนือใดเห็นตัวเลขภาพรวมของสถานีนี้ได้ กำหนดที่หน้านี้เท่านั้น เพราะเป็นความยินยอมของสถานีและต้องอยู่ในบันทึก",
    ),
}
"""Each section with its name, and what it is for in Thai."""

SETTINGS: Final[dict[str, tuple[Words, str]]] = {
    "screens.language": (Words("ภาษาเริ่มต้น", "Default language"), "ภาษาของเบราว์เซอร์ที่ยังไม่มีใครเลือกภาษา"),
    "limits.acknowledge_limit_s": (
        Words("รับทราบภายใน", "Acknowledge within"),
        "รับแจ้ง → รับทราบ เมื่อเกินเวลา ผู้ที่กำหนดในเส้นทางแจ้งเตือนจะได้รับแจ้ง",
    ),
    "limits.dispatch_limit_s": (Words("สั่งการภายใน", "Dispatch within"), "รับทราบ → สั่งการหน่วยแรก"),
    "limits.accept_limit_s": (Words("หน่วยตอบรับภายใน", "Accept within"), "สั่งการ → หน่วยรับงานหรือออกเดินทาง"),
    "limits.arrive_limit_s": (Words("ถึงที่เกิดเหตุภายใน", "Arrive within"), "ออกเดินทาง → ถึงที่เกิดเหตุ"),
    "limits.twin_window_s": (
        Words("กดซ้ำที่เสาเดียวกันภายใน", "Second press of one pole within"),
        "กดเสา SOS เดียวกันสองครั้งภายในเวลานี้ถือเป็นเหตุเดียวกัน",
    ),
    "limits.near_twin_window_s": (
        Words("เสนอว่าอาจเป็นเหตุเดียวกันภายใน", "Suggest as one incident within"),
        "แจ้งใกล้กันภายในเวลานี้ ระบบเสนอว่าอาจเป็นเหตุเดียวกัน คนเป็นผู้รวมเหตุ",
    ),
    "limits.near_twin_m": (
        Words("เสนอว่าอาจเป็นเหตุเดียวกันในระยะ", "Suggest as one incident nearer than"),
        "สองการแจ้งต้องใกล้กันเท่าใด (เมตร) จึงเสนอว่าอาจเป็นเหตุเดียวกัน",
    ),
    "priorities.sos": (Words("กดขอความช่วยเหลือ (SOS)", "SOS"), "มีผู้กดขอความช่วยเหลือ"),
    "priorities.robbery": (Words("ชิงทรัพย์ / วิ่งราว", "Robbery"), "ชิงทรัพย์ ปล้น หรือวิ่งราว"),
    "priorities.assault": (Words("ทำร้ายร่างกาย", "Assault"), "มีผู้กำลังถูกทำร้าย"),
    "priorities.fire": (Words("เพลิงไหม้", "Fire"), "ไฟหรือควัน"),
    "priorities.medical": (Words("เจ็บป่วยฉุกเฉิน", "Medical"), "มีผู้ป่วยหรือบาดเจ็บ"),
    "priorities.accident": (Words("อุบัติเหตุ", "Accident"), "อุบัติเหตุจราจร"),
    "priorities.suspicious": (Words("เหตุน่าสงสัย", "Suspicious"), "บุคคล ยานพาหนะ หรือสิ่งของน่าสงสัย"),
    "priorities.theft": (Words("ลักทรัพย์", "Theft"), "ทรัพย์สินถูกลัก"),
    "priorities.noise": (Words("ก่อความรำคาญ", "Noise"), "เสียงดังหรือก่อความรำคาญ"),
    "priorities.other": (Words("อื่น ๆ", "Other"), "เรื่องอื่น"),
    "retention.incident_days": (
        Words("เนื้อหาของเหตุ", "Content of incidents"),
        "คำบอกเล่า ผู้แจ้ง สถานที่แน่นอน บันทึก และเหตุผลทั้งหมด: จำนวนวันหลังปิดเหตุ",
    ),
    "retention.photo_days": (Words("ภาพถ่าย", "Photos"), "ภาพถ่าย: จำนวนวันหลังปิดเหตุ"),
    "retention.handover_days": (Words("บันทึกส่งเวร", "Handover notes"), "บันทึกส่งเวร: จำนวนวันหลังเขียน"),
    "retention.refused_message_days": (
        Words("ข้อความที่อ่านไม่เข้าใจ", "Messages not understood"),
        "ข้อความที่ไม่มีช่องทางใดเข้าใจ ซึ่งอาจมีข้อมูลใดก็ได้: จำนวนวันหลังได้รับ",
    ),
    "retention.repair_days": (
        Words("ใบสั่งซ่อม", "Work orders"),
        "ข้อความในใบสั่งซ่อม: จำนวนวันหลังตรวจรับงานหรือยกเลิกใบสั่ง",
    ),
    "retention.loan_days": (
        Words("ผู้ยืมอุปกรณ์", "Borrowers"),
        "ชื่อและเบอร์ผู้ยืม และสภาพของอุปกรณ์: จำนวนวันหลังรับคืน",
    ),
    "retention.equipment_paper_days": (
        Words("ภาพและเอกสารอุปกรณ์", "Papers of equipment"),
        "ภาพและเอกสารของอุปกรณ์และบันทึกข้อตกลง: จำนวนวันหลังนำออก ปลดระวาง หรือข้อตกลงสิ้นสุด",
    ),
    "retention.equipment_note_days": (
        Words("บันทึกเรื่องอุปกรณ์", "Notes about equipment"),
        "บันทึกการตรวจดู เหตุผลการเปลี่ยนสถานะและการย้าย และผู้ติดต่อเดิมของเจ้าของ: จำนวนวันหลังเขียน",
    ),
    "retention.purpose_days": (
        Words("รายละเอียดวัตถุประสงค์", "Purposes in words"),
        "สิ่งที่เขียนเป็นวัตถุประสงค์ของการดูหรือส่งออก ซึ่งอาจมีชื่อบุคคล: จำนวนวันหลังแจ้ง (รหัสและเลขคดีอยู่ในบันทึกต่อไป)",
    ),
    "retention.account_days": (
        Words("บัญชีผู้ใช้ที่หมดอายุ", "Accounts that have ended"),
        "ชื่อเจ้าของบัญชี เบอร์โทร รหัสผ่าน แอปยืนยัน กุญแจผ่าน: จำนวนวันหลังบัญชีหมดอายุ ถูกระงับ หรือลิงก์เชิญหมดอายุโดยไม่มีใครรับ",
    ),
    "positions.fix_stale_s": (Words("ตำแหน่งเก่า", "Old fix"), "ตำแหน่งที่เก่ากว่านี้วาดเป็นวงกลวง"),
    "positions.fix_lost_s": (Words("ตำแหน่งใช้ไม่ได้", "Lost fix"), "ตำแหน่งที่เก่ากว่านี้ไม่ใช้แนะนำหน่วย"),
    "positions.near_enough_m": (Words("ระยะที่แนะนำ", "Near enough"), "หน่วยที่อยู่ไกลกว่านี้จะไม่ถูกแนะนำ"),
    "positions.keep_days": (Words("เก็บตำแหน่งไว้", "Keep positions"), "จำนวนวันที่เก็บตำแหน่งของสายตรวจ"),
    "heartbeats.interval_s": (Words("รอบสัญญาณชีพ", "Interval"), "เสา SOS ควรส่งสัญญาณว่าปกติทุกกี่วินาที"),
    "heartbeats.watch_after_s": (Words("เฝ้าระวังเมื่อเงียบ", "WATCH after"), "เงียบนานเท่านี้: เฝ้าระวัง (WATCH)"),
    "heartbeats.down_after_s": (Words("ใช้งานไม่ได้เมื่อเงียบ", "DOWN after"), "เงียบนานเท่านี้: ใช้งานไม่ได้ (DOWN)"),
    "upkeep.test_press_days": (
        Words("ทดสอบเสาทุก", "Test press every"),
        "เสา SOS ที่ไม่ผ่านการทดสอบกดจนสุดทางนานเท่านี้ (วัน) จะเป็นเฝ้าระวัง (WATCH)",
    ),
    "upkeep.test_window_s": (
        Words("เวลาทดสอบหนึ่งครั้ง", "Time for one test"),
        "ตั้งแต่เริ่มทดสอบจนต้องกด มีผู้เห็น และยืนยันแล้ว",
    ),
    "upkeep.order_days": (
        Words("กำหนดใบงานซ่อม", "Work order due after"),
        "ใบงานซ่อมครบกำหนดภายในกี่วัน หากไม่ได้ระบุวัน",
    ),
    "notices.not_acknowledged": (
        Words("ไม่มีผู้รับทราบเหตุ", "Incident not acknowledged"),
        "เหตุที่ไม่มีผู้รับทราบภายในเวลา “รับทราบภายใน”",
    ),
    "notices.device_down": (Words("อุปกรณ์ใช้งานไม่ได้", "Equipment down"), "อุปกรณ์ที่อยู่ในสถานะใช้งานไม่ได้ (DOWN)"),
    "notices.backup_failed": (
        Words("สำรองข้อมูลล้มเหลว", "Backup failed"),
        "การสำรองข้อมูลหรือการซ้อมกู้คืนที่ล้มเหลวหรือเลยกำหนด",
    ),
    "notices.record_rewritten": (
        Words("บันทึกถูกเขียนใหม่", "Record rewritten"),
        "บันทึกไม่ตรงกับหลักฐานที่ลงลายเซ็นไว้",
    ),
    "region.seat": (
        Words("หน่วยเหนือที่เห็นภาพรวมได้", "Region's seat"),
        "รหัสสถานีของจังหวัดหรือภาคในฐานข้อมูลเดียวกัน ที่นั่นจะเห็นจำนวน เวลา และความพร้อม ไม่เห็นคำแจ้ง ชื่อ ตำแหน่ง เว้นว่าง: ไม่มีใครเห็น",
    ),
}
"""Each setting with its name, and what it means in Thai."""
