/**
 * Prints the line all reader benchmarks print: records, checksum, own CPU seconds (user and system), peak RSS in MiB; what
 * the process had used when the work was done, where the checksum is taken of what it left behind.
 */
export function report(records: number, checksum: string, usage = process.resourceUsage()): void {
  const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
  process.stdout.write(
    `${JSON.stringify({ records, checksum, cpu_s: cpu, rss_mb: Math.round(usage.maxRSS / 102.4) / 10 })}\n`,
  );
}
