"""Sends JSON lines in CP1252, as NXLog's to_json() on Windows does, and prints what must arrive as UTF-8 JSON lines.

python3 nxlog.py PORT LINE_END: one record for each byte from 0x80 to 0xFF, then one of a domain controller.
"""
import json
import socket
import sys

port, end = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape").encode()

MARK = "@BYTE@"
sent, expected = [], []
for byte in range(0x80, 0x100):
    record = {"EventID": byte, "Message": "a" + MARK + "b"}
    sent.append(json.dumps(record).encode().replace(MARK.encode(), bytes([byte])))
    # Five bytes are no characters of CP1252: they become the replacement character, as everywhere.
    record["Message"] = "a" + bytes([byte]).decode("cp1252", errors="replace") + "b"
    expected.append(record)
logon = {
    "EventTime": "2015-01-09 10:11:12",
    "Hostname": "DC01.müller-gmbh.example",
    "Keywords": -9214364837600034816,
    "EventType": "AUDIT_SUCCESS",
    "SeverityValue": 2,
    "EventID": 4624,
    "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}",
    "Message": "Ein Konto wurde erfolgreich angemeldet.\r\n\r\n\tPreis: 5 € – „Größe“ Žlutý\tš",
    "TargetUserName": "Jürgen",
    "SourceModuleType": "im_msvistalog",
}
sent.append(json.dumps(logon, ensure_ascii=False).encode("cp1252"))
expected.append(logon)

with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b"".join(line + end for line in sent)
    for start in range(0, len(data), 1000):
        connection.sendall(data[start : start + 1000])
for record in expected:
    print(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
