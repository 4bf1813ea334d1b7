import { createInterface } from 'node:readline/promises';
import { listQuarantined, listStreams, resetStream } from '../../collector/port.ts';
import { nearest } from '../../config/suggest.ts';
import { QuarryError } from '../../core/errors.ts';
import { devoPersistence } from '../devo-log/persistence.ts';
import { print, printJson, table } from '../output.ts';
import { configuration } from './configuration.ts';
import { withOutbox } from './hold.ts';
import { lookAtOutbox } from './look.ts';

interface StateOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

export async function state(
  what: 'list' | 'show' | 'reset',
  stream: string | undefined,
  options: StateOptions,
): Promise<number> {
  if (what === 'reset') return reset(stream!, options);
  const box = await lookAtOutbox(options.config);
  try {
    const streams = await listStreams(box.store);
    if (what === 'list') {
      if (options.json === true) await printJson(streams);
      else {
        const rows = streams.map((one) => [
          `${one.connection}/${one.dataset}`,
          one.checkpoint.watermark ?? '-',
          one.checkpoint.pull === undefined
            ? '-'
            : `${one.checkpoint.pull.mode}, ${one.checkpoint.pull.resume.length} ranges left`,
          one.knownKeys,
          one.received,
          one.emitted,
          one.unchanged,
          one.removed,
          one.quarantined,
        ]);
        await print(
          table(
            ['STREAM', 'WATERMARK', 'UNDER WAY', 'KEYS', 'RECEIVED', 'EMITTED', 'UNCHANGED', 'REMOVED', 'QUARANTINED'],
            rows,
          ),
        );
      }
      return 0;
    }
    const found = streams.find((one) => `${one.connection}/${one.dataset}` === stream);
    if (found === undefined) throw unknownStream(stream!, streams);
    const quarantined = (await listQuarantined(box)).filter((one) => one.stream === found.id);
    // As the collectors whose layout the configuration has would show it.
    const { start, watermark } = found.checkpoint;
    const devo =
      configuration(options.config).devo === undefined ? {} : { persistence: devoPersistence(start, watermark) };
    await printJson({ ...found, quarantine: quarantined, ...devo });
    return 0;
  } finally {
    await box.close();
  }
}

async function reset(stream: string, options: StateOptions): Promise<number> {
  if (options.yes !== true) {
    if (!process.stdin.isTTY)
      throw new QuarryError('QRY6001', { what: `Resetting ${stream} needs --yes where nobody can be asked.` });
    const ask = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await ask.question(
      `Forget keys and cursors of ${stream}? Everything is read and sent again, with the same ids. Type the stream's name: `,
    );
    ask.close();
    if (answer.trim() !== stream)
      throw new QuarryError('QRY6001', { what: `“${answer.trim()}” is not ${stream}: nothing was changed.` });
  }
  await withOutbox(options.config, async (box) => {
    const [connection = '', dataset = ''] = stream.split('/');
    if (!(await resetStream(box.store, connection, dataset))) throw unknownStream(stream, await listStreams(box.store));
  });
  await print(`${stream} is reset: its next pull reads everything.\n`);
  return 0;
}

function unknownStream(stream: string, streams: readonly { connection: string; dataset: string }[]): QuarryError {
  const known = streams.map((one) => `${one.connection}/${one.dataset}`);
  const meant = nearest(stream, known);
  return new QuarryError('QRY6002', {
    what: `There is no stream ${stream}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    fix: `Streams are: ${known.join(', ') || '(none yet)'}.`,
  });
}
