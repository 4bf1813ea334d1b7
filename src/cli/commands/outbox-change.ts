import { createInterface } from 'node:readline/promises';
import { takes } from '../../collector/deliver/routing.ts';
import { discardParked, listSinks, type Outbox, replay, retryParked } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { parseTime } from '../../config/units.ts';
import { QuarryError } from '../../core/errors.ts';
import { noSuch } from '../names.ts';
import { print, printJson } from '../output.ts';
import { configuration } from './configuration.ts';
import { withOutboxBeside } from './look.ts';

interface ParkedOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly sink: string;
  readonly batch?: number;
  readonly code?: string;
  readonly yes?: boolean;
}

/** Sends parked events again, or gives them up. Works beside a running collector, which sends what is queued within a second. */
export async function parkedAgain(what: 'retry' | 'discard', options: ParkedOptions): Promise<number> {
  const { sink, batch, code } = options;
  return withOutboxBeside(configuration(options.config), async (box) => {
    const parked = (await knownSink(box, sink)).parked;
    if (what === 'discard') {
      if (parked > 0 && options.yes !== true) await confirm(sink);
      const discarded = await discardParked(box.store, { sink, batch, code });
      await say(options, { discarded }, `${discarded} parked events of ${sink} are given up`);
      return 0;
    }
    const { retried, busy } = await retryParked(box.store, { sink, batch, code });
    const left = busy === 0 ? '' : `; ${busy} are in batches still on their way: try again later`;
    await say(options, { retried, busy }, `${retried} parked events of ${sink} wait again${left}`);
    return 0;
  });
}

interface ReplayOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly sink: string;
  readonly from: string;
  readonly to?: string;
  readonly dataset?: string;
}

/** Queues again for a sink what was collected within a time, as far as it is kept. Works beside a running collector. */
export async function replayTo(options: ReplayOptions): Promise<number> {
  const config = configuration(options.config);
  const { sink, dataset } = options;
  const from = timeOf(options.from, '--from');
  const to = options.to === undefined ? Date.now() : timeOf(options.to, '--to');
  if (from >= to)
    throw new QuarryError('QRY6004', {
      what: '--from is not before --to.',
      where: '--from',
      fix: 'Give --from the earlier of the two.',
    });
  const wanted = dataset === undefined ? undefined : datasetNamed(config, dataset);
  return withOutboxBeside(config, async (box) => {
    await knownSink(box, sink);
    const { batches, events } = await replay(box.store, {
      ...{ sink, from, to },
      takes: (stream) => takes(config, sink, stream) && (wanted === undefined || stream.dataset === wanted),
    });
    await say(options, { batches, events }, `${events} events in ${batches} batches wait for ${sink} again`);
    return 0;
  });
}

/** A sink the outbox has heard of: with nothing queued for it there is nothing to send again. */
async function knownSink(box: Outbox, name: string) {
  const sinks = await listSinks(box.store);
  const found = sinks.find(({ sink }) => sink === name);
  if (found === undefined)
    throw noSuch(
      'sink',
      name,
      sinks.map(({ sink }) => sink),
    );
  return found;
}

function datasetNamed(config: Config, name: string): string {
  const known = new Set([...config.connections.values()].flatMap(({ datasets }) => [...datasets.keys()]));
  if (!known.has(name)) throw noSuch('data set', name, [...known]);
  return name;
}

function timeOf(text: string, option: string): number {
  const time = parseTime(text);
  if (time === undefined)
    throw new QuarryError('QRY6004', {
      what: `${option} ${text} is no time.`,
      fix: 'Write 2026-01-31 or 2026-01-31T12:00:00Z.',
    });
  return Date.parse(time);
}

async function confirm(sink: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new QuarryError('QRY6001', { what: `Discarding events of ${sink} needs --yes where nobody can be asked.` });
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(
    `Give up parked events of ${sink}? They are never sent there. Type the sink's name: `,
  );
  ask.close();
  if (answer.trim() !== sink)
    throw new QuarryError('QRY6001', { what: `“${answer.trim()}” is not ${sink}: nothing was changed.` });
}

const say = (options: { readonly json?: boolean }, facts: object, words: string): Promise<void> =>
  options.json === true ? printJson(facts) : print(`${words}.\n`);
