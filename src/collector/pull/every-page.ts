import type { Call } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { type Format, rootOf } from '../../core/format.ts';
import type { RecordHandler } from '../../core/words.ts';
import { createReader } from '../../qualys/reader.ts';
import type { Stream } from '../stream.ts';

/**
 * Reads a list that is needed whole (ids, objects to be read one by one), answer after answer while Qualys names a next
 * one. Returns Qualys's time of the first, epoch ms. A record may be handed out twice. Throws QRY2033 where an answer
 * leads back to one that was read, and what fetching throws.
 */
export async function readEveryPage(
  stream: Stream,
  call: Call,
  format: Format,
  handler: RecordHandler,
  signal: AbortSignal,
): Promise<number | undefined> {
  const asked = new Set<string>();
  let serverTime: number | undefined;
  for (let params: Call['params'] | undefined = call.params; params !== undefined; ) {
    const question = JSON.stringify(Object.entries(params).toSorted());
    if (asked.has(question)) {
      const what = `The answer after ${params['id_min'] ?? 'the beginning'} names the same place as the next.`;
      throw new QuarryError('QRY2033', { what, where: call.api });
    }
    asked.add(question);
    const hooks = { signal, expectRoot: rootOf(format) };
    const answer = await stream.fetch({ ...call, params }, () => createReader(format, handler), hooks);
    if (asked.size === 1) serverTime = answer.serverTime;
    params = answer.nextParams;
  }
  return serverTime;
}
