import { print, printJson } from '../output.ts';
import { version } from '../version.ts';

export async function about(options: { json?: boolean }): Promise<number> {
  const facts = {
    version: version(),
    node: process.version,
    sqlite: process.versions['sqlite'] ?? '',
    platform: `${process.platform}-${process.arch}`,
  };
  if (options.json === true) await printJson(facts);
  else await print(`quarry ${facts.version} (Node.js ${facts.node}, SQLite ${facts.sqlite}, ${facts.platform})\n`);
  return 0;
}
