"""File -> NDJSON by Python's ElementTree.iterparse and json.dumps: python3 python-iterparse.py FILE [OUT]."""

import json
import resource
import sys
from xml.etree.ElementTree import iterparse

LISTS = {"TAG", "QDS_FACTOR", "ATTRIBUTE", "CLOUD_TAG"}


def value(element):
    text = element.text or ""
    if element.tag != "RESULTS":
        text = text.strip()
    if len(element) == 0 and not element.attrib:
        return text
    fields = {"@" + name: held for name, held in element.attrib.items()}
    if text and not text.isspace():
        fields["#text"] = text
    add(fields, element)
    return fields


def add(fields, parent):
    for child in parent:
        if child.tag == "DETECTION_LIST":
            continue
        held = value(child)
        present = fields.get(child.tag)
        if present is None:
            fields[child.tag] = [held] if child.tag in LISTS else held
        elif isinstance(present, list):
            present.append(held)
        else:
            fields[child.tag] = [present, held]


def main():
    hosts = records = ids = qids = results = 0
    host = None
    suffix = ""
    with open(sys.argv[2] if len(sys.argv) > 2 else "/dev/null", "w", encoding="utf-8") as out:
        for event, element in iterparse(sys.argv[1], events=("start", "end")):
            if event == "start":
                if element.tag == "HOST":
                    host = element
                elif element.tag == "DETECTION_LIST":
                    fields = {}
                    add(fields, host)
                    suffix = ',"HOST":' + json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "}\n"
            elif element.tag == "DETECTION":
                record = value(element)
                records += 1
                qids += int(record["QID"])
                results += len(record.get("RESULTS", "").encode("utf-16-le")) // 2
                out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":"))[:-1] + suffix)
                element.clear()
            elif element.tag == "HOST":
                hosts += 1
                ids += int(element.findtext("ID"))
                element.clear()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "records": records,
        "checksum": f"{hosts}:{records}:{ids}:{qids}:{results}",
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_mb": round(usage.ru_maxrss / 1024, 1),
    }
    print(json.dumps(line, separators=(",", ":")))


main()
