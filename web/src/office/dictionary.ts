/** The words of the office's frame, in both languages. */
export const officeTh = {
  "office.title": "สำนักงานสถานี",
  "office.menu": "เมนูสำนักงาน",
  "office.console": "ศูนย์ควบคุมสั่งการ",
  "office.open": "สำนักงานสถานี: พื้นที่ อุปกรณ์ ผู้ใช้ ตั้งค่า",
  "office.nothing": "บัญชีนี้ยังไม่มีหน้าจอให้ใช้ — ติดต่อผู้ดูแลระบบของสถานี",
  "office.no_room": "ไม่มีหน้านี้ หรือบทบาทของท่านเปิดไม่ได้",
  "office.back": "กลับไป{room}",
  "office.failed": "เปิดหน้านี้ไม่ได้ — ตรวจการเชื่อมต่อแล้วลองอีกครั้ง",
  "role.chief": "ผู้กำกับการ (ผกก.)",
  "role.commander": "ผู้บังคับการ / ผู้บัญชาการ",
  "role.cctv_owner": "เจ้าของกล้อง",
  "role.partner": "ภาคีเครือข่าย",
  "role.technician": "ช่างเทคนิค",
} as const;

export const officeEn: Record<keyof typeof officeTh, string> = {
  "office.title": "Station office",
  "office.menu": "Office menu",
  "office.console": "Command centre",
  "office.open": "Station office: zone, equipment, people, settings",
  "office.nothing": "There is no screen for this account yet — ask the station's administrator",
  "office.no_room": "There is no such page, or your role may not open it",
  "office.back": "Back to: {room}",
  "office.failed": "This page could not be opened — check the connection and try again",
  "role.chief": "Station chief",
  "role.commander": "Commander",
  "role.cctv_owner": "Camera owner",
  "role.partner": "Partner",
  "role.technician": "Technician",
};
