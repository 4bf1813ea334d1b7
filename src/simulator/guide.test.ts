import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONTROL_ENDPOINTS, FAULTS, type FaultFacts, LEVELS } from './index.ts';

const guide = readFileSync(new URL('../../docs/guide/simulator.md', import.meta.url), 'utf8');

test('the guide names every fault, control call and level as the code has it', () => {
  for (const [name, { summary, argument = '' }] of Object.entries<FaultFacts>(FAULTS)) {
    expect(guide).toContain(`| \`${name}\` | ${argument} | ${summary} |`);
  }
  for (const [call, does] of Object.entries(CONTROL_ENDPOINTS)) expect(guide).toContain(`| \`${call}\` | ${does} |`);
  for (const [name, { limit, windowSec, concurrency }] of Object.entries(LEVELS)) {
    expect(guide).toContain(`| \`${name}\` | ${limit} | ${windowSec} s | ${concurrency} |`);
  }
});
