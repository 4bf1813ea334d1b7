import { expect, it } from 'vitest';
import detection from './host-list-detection.ts';

const paramsOf = (options: Record<string, unknown>): Readonly<Record<string, string>> | undefined => {
  const ask = { pageSize: 10 } as Parameters<typeof detection.records>[1];
  return detection.records(detection.options.parse(options), ask).params;
};

it('numbers and addresses are taken as one text or as a list, and are one and the same scope', () => {
  const text = { severities: '3-4,5', qids: '38170,90000-90099', ips: '10.0.0.1,10.1.0.0-10.1.0.9' };
  const list = { severities: ['3-4', '5'], qids: ['38170', '90000-90099'], ips: ['10.0.0.1', '10.1.0.0-10.1.0.9'] };
  expect(paramsOf(list)).toMatchObject(text);
  expect(paramsOf(list)).toEqual(paramsOf(text));
  const scope = (options: Record<string, unknown>) => detection.scope?.(detection.options.parse(options));
  expect(scope(list)).toBe(scope(text));
  for (const wrong of [{ qids: ['x'] }, { qids: [] }, { severities: ['9'] }, { qids: 'x' }])
    expect(detection.options.safeParse(wrong).success).toBe(false);
});
