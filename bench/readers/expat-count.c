/* File through libexpat with three callbacks that count and sum: the floor for a conforming C parser, no records made.
   cc -O2 -o expat-count expat-count.c -lexpat */
#include <expat.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum field { OTHER, HOST_ID, QID, RESULTS };
static long long hosts, records, ids, qids, results, number;
static enum field field;
static int depth, host_depth = -1;

static void XMLCALL start(void *data, const XML_Char *name, const XML_Char **attributes) {
  (void)data; (void)attributes;
  field = OTHER;
  if (strcmp(name, "DETECTION") == 0) records++;
  else if (strcmp(name, "HOST") == 0) { hosts++; host_depth = depth; }
  else if (strcmp(name, "QID") == 0) field = QID;
  else if (strcmp(name, "RESULTS") == 0) field = RESULTS;
  else if (depth == host_depth + 1 && strcmp(name, "ID") == 0) field = HOST_ID;
  number = 0;
  depth++;
}

static void XMLCALL end(void *data, const XML_Char *name) {
  (void)data; (void)name;
  depth--;
  if (field == QID) qids += number;
  else if (field == HOST_ID) ids += number;
  field = OTHER;
}

static void XMLCALL text(void *data, const XML_Char *bytes, int length) {
  (void)data;
  if (field == RESULTS) {
    for (int i = 0; i < length; i++) {
      unsigned char byte = (unsigned char)bytes[i];
      results += (byte & 0xc0) != 0x80;
      results += byte >= 0xf0;
    }
  } else if (field != OTHER) {
    for (int i = 0; i < length; i++) number = number * 10 + (bytes[i] - '0');
  }
}

int main(int argc, char **argv) {
  static char buffer[256 * 1024];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return 2;
  XML_Parser parser = XML_ParserCreate(NULL);
  XML_SetElementHandler(parser, start, end);
  XML_SetCharacterDataHandler(parser, text);
  for (;;) {
    size_t length = fread(buffer, 1, sizeof buffer, file);
    if (XML_Parse(parser, buffer, (int)length, length == 0) == XML_STATUS_ERROR) {
      fprintf(stderr, "%s\n", XML_ErrorString(XML_GetErrorCode(parser)));
      return 1;
    }
    if (length == 0) break;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"records\":%lld,\"checksum\":\"%lld:%lld:%lld:%lld:%lld\",\"cpu_s\":%.6f,\"rss_mb\":%.1f}\n", records, hosts,
         records, ids, qids, results,
         usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
         usage.ru_maxrss / 1024.0);
  return 0;
}
