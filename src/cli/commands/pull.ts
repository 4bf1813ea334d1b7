import { print } from '../output.ts';

export interface PullFlags {
  readonly config?: string;
  readonly connection?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly output: 'ndjson' | 'json' | 'csv' | 'table';
}

export async function pull(_datasets: readonly string[], _flags: PullFlags): Promise<number> {
  await print('');
  return 0;
}
