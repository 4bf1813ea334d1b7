"""File -> NDJSON the way small connectors do it: xmltodict over the whole answer, json.dumps per detection: python-xmltodict.py FILE [OUT]."""

import json
import resource
import sys

import xmltodict


def main():
    hosts = records = ids = qids = results = 0
    with open(sys.argv[1], "rb") as source:
        answer = xmltodict.parse(source, strip_whitespace=False)
    listed = answer["HOST_LIST_VM_DETECTION_OUTPUT"]["RESPONSE"]["HOST_LIST"]["HOST"]
    with open(sys.argv[2] if len(sys.argv) > 2 else "/dev/null", "w", encoding="utf-8") as out:
        for host in listed if isinstance(listed, list) else [listed]:
            hosts += 1
            ids += int(host["ID"])
            found = (host.pop("DETECTION_LIST", None) or {}).get("DETECTION", [])
            suffix = ',"HOST":' + json.dumps(host, ensure_ascii=False, separators=(",", ":")) + "}\n"
            for record in found if isinstance(found, list) else [found]:
                records += 1
                qids += int(record["QID"])
                text = record.get("RESULTS") or ""
                if isinstance(text, dict):
                    text = text.get("#text", "")
                results += len(text.encode("utf-16-le")) // 2
                out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":"))[:-1] + suffix)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "records": records,
        "checksum": f"{hosts}:{records}:{ids}:{qids}:{results}",
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_mb": round(usage.ru_maxrss / 1024, 1),
    }
    print(json.dumps(line, separators=(",", ":")))


main()
