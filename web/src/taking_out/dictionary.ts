/** The words of taking something out, and of proving who does it. */
export const takingOutTh = {
  "export.title": "ส่งออก",
  "export.intro": "ส่งออกทุกรายการตามตัวกรอง การส่งออกและวัตถุประสงค์ถูกบันทึกก่อนเริ่ม",
  "export.purpose": "วัตถุประสงค์",
  "export.case": "เลขคดี / เลขเรื่อง",
  "export.text": "รายละเอียด (ปิดผนึกเก็บ)",
  "export.format": "รูปแบบ",
  "export.csv": "CSV (ตารางคำนวณ)",
  "export.xlsx": "Excel",
  "export.jsonl": "JSON Lines (โปรแกรม)",
  "export.go": "ส่งออก",
  "export.done": "ส่งออกแล้ว: {name}",
  "export.failed": "ส่งออกไม่สำเร็จ — ตรวจการเชื่อมต่อแล้วลองอีกครั้ง",
  "proof.title": "ยืนยันว่าเป็นท่าน",
  "proof.lead": "รายการนี้ทำได้เฉพาะผู้ที่เพิ่งยืนยันตัวตน การยืนยันใช้ได้ 10 นาที",
  "proof.password": "รหัสผ่านของท่าน",
  "proof.go": "ยืนยัน",
} as const;

export const takingOutEn: Record<keyof typeof takingOutTh, string> = {
  "export.title": "Export",
  "export.intro":
    "Everything that the filters show is exported. The export and its purpose are logged before it begins",
  "export.purpose": "Purpose",
  "export.case": "Case or complaint number",
  "export.text": "In your words (kept sealed)",
  "export.format": "Format",
  "export.csv": "CSV (spreadsheet)",
  "export.xlsx": "Excel",
  "export.jsonl": "JSON Lines (program)",
  "export.go": "Export",
  "export.done": "Exported: {name}",
  "export.failed": "The export did not work — check the connection and try again",
  "proof.title": "Prove that it is you",
  "proof.lead": "Only somebody who has just proven who they are may do this. It counts for ten minutes",
  "proof.password": "Your password",
  "proof.go": "Confirm",
};
