import { expect, test } from 'vitest';
import { batchOf } from '../../test/support/batches.ts';
import { filled, library } from './define.ts';

test('a library that is absent is named with the command that installs it', async () => {
  const absent = (name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from here`), { code: 'ERR_MODULE_NOT_FOUND' });
  const names = ['@vendor/client', '@vendor/more'];
  await expect(library(names, () => Promise.reject(absent('@vendor/more')))).rejects.toMatchObject({
    code: 'QRY5041',
    fix: 'run npm i @vendor/client @vendor/more',
  });
  // What fails for another reason is said as it is.
  const other = absent('something-inside');
  await expect(library(names, () => Promise.reject(other))).rejects.toBe(other);
  expect(await library(names, () => Promise.resolve(7))).toBe(7);
});

test('names are filled in once, and each value made safe', () => {
  const batch = { ...batchOf('b', []), tenant: '{dataset}.x', dataset: 'host list' };
  const safe = (value: string) => value.replaceAll(/[^a-z]/g, '_');
  expect(filled('q.{tenant}.{dataset}.{connection}.{else}', batch, safe)).toBe('q._dataset__x.host_list.c.{else}');
});
