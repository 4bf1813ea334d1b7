import { LABELS, METRICS, type Metric, PREFIX } from '../src/collector/metrics/catalogue.ts';

/** The page `docs/reference/metrics.md`, made from the catalogue; `npm run generate` writes it. */

const TOP = `# Metrics

<!-- Generated from src/collector/metrics/catalogue.ts by \`npm run generate\`; changes here are lost. -->

\`GET /metrics\` answers in the text form of Prometheus, without a sign-in. Names and labels stay from release to release. Labels
are of closed lists or of the configuration, so their number is bounded: no host, QID or user is ever one. Counters of records
and of delivery are stored and go on over a restart; all others begin with the process. The usual metrics of a process
(\`process_…\`, \`nodejs_…\`) are there besides. Alert rules and a dashboard over them stand in \`deploy/\`.

| metric | type | what it says | labels |
|---|---|---|---|
`;

export function metricsPage(): string {
  const rows = Object.entries<Metric>(METRICS).map(
    ([name, { type, help, labels }]) =>
      `| \`${PREFIX}${name}\` | ${type} | ${help} | ${labels.map((label) => `\`${label}\``).join(', ')} |`,
  );
  const meanings = Object.entries(LABELS).map(([label, meaning]) => `| \`${label}\` | ${meaning} |`);
  return `${TOP}${rows.join('\n')}\n\n## Labels\n\n| label | meaning |\n|---|---|\n${meanings.join('\n')}\n`;
}
