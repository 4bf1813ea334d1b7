import { expect, it } from 'vitest';
import { QuarryError } from '../../core/errors.ts';
import type { RecordHandler } from '../../core/words.ts';
import webapps from '../../datasets/webapps.ts';
import { createReader } from '../../qualys/reader.ts';
import type { FetchAnswer } from '../stream.ts';
import { withDetails } from './details.ts';

const page = (...apps: string[]): string =>
  `<ServiceResponse><responseCode>SUCCESS</responseCode><count>${apps.length}</count><data>${apps.join('')}</data></ServiceResponse>`;

/** A fake Qualys: a list of three, of which number 2 is gone when it is asked for. */
function fakeFetch(asked: string[]): FetchAnswer {
  return async (call, makeReader) => {
    asked.push(call.path);
    const id = /\/get\/.*\/(\d+)$/.exec(call.path)?.[1];
    if (id === '2')
      throw new QuarryError('QRY2030', { what: 'gone', qualys: { status: 200, code: 'OBJECT_NOT_FOUND' } });
    const app = (one: string) => `<WebApp><id>${one}</id>${id === undefined ? '' : '<os>Linux</os>'}</WebApp>`;
    const text = page(...(id === undefined ? ['1', '2', '3'] : [id]).map(app));
    const reader = makeReader();
    reader.write(Buffer.from(text));
    return { end: reader.end(), bytes: text.length };
  };
}

async function read(options: { details: boolean }): Promise<{ found: string[]; asked: string[]; records: number }> {
  const asked: string[] = [];
  const found: string[] = [];
  const handler: RecordHandler = {
    record: (view) => void found.push(`${view.text('id')} ${view.text('os') ?? 'thin'}`),
  };
  const fetch = withDetails(webapps as never, options, fakeFetch(asked));
  const call = webapps.records(options, { pageSize: 50 });
  const { end } = await fetch(call, () => createReader(webapps.format, handler), {
    signal: new AbortController().signal,
    expectRoot: 'ServiceResponse',
  });
  return { found, asked, records: end.records };
}

it('reads each object of the list by its own call, in order, without those that are gone; paging is the list’s', async () => {
  const { found, asked, records } = await read({ details: true });
  expect(found).toEqual(['1 Linux', '3 Linux']);
  expect(asked.map((path) => path.split('/').at(-1))).toEqual(['webapp', '1', '2', '3']);
  expect(records).toBe(3);
});

it('without the option the list is all', async () => {
  expect((await read({ details: false })).found).toEqual(['1 thin', '2 thin', '3 thin']);
});
