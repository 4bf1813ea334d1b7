/**
 * The input side of the log: what streams do, as the pullers of Devo's collectors say it.
 *
 * States of a stream: begun -> (a sign-in its calls may use is good) ready -> pull, pull, … What its pulls say before it
 * is ready is held back and said then, since their collectors wait for the setup before they begin.
 *
 * A cycle is one pull together with the delivery of its events. Its statistics count as sent what the receiver is known
 * to have, so the last line of a cycle, and `Sent n`, come when that is so and not before. Several cycles may be open
 * while a receiver is away.
 */
import type { Happening } from '../../collector/happening.ts';
import type { Config } from '../../config/config.ts';
import type { Clock } from '../../core/clock.ts';
import type { SignInWay } from '../../core/dataset.ts';
import type { StreamIdentity } from '../../core/words.ts';
import { type Cycles, createCycles } from './cycles.ts';
import { devoErrorOf, devoMessage } from './errors.ts';
import { type Level, mainThread, type Place, pythonText, pythonTime, type Say } from './lines.ts';
import { outputNames, type StreamNames, streamNames } from './names.ts';
import { devoPersistence } from './persistence.ts';

interface StreamLog {
  readonly names: StreamNames;
  readonly cycles: Cycles;
  claimed: Extract<Happening, { kind: 'claimed' }> | undefined;
  everySeconds: number | undefined;
  ways: readonly SignInWay[];
  begun: boolean;
  ready: boolean;
  held: (() => void)[];
}

export interface StreamsLog {
  happening(happening: Happening): void;
  /** A write to a sink is over. */
  wrote(): void;
  /** Says again who still waits for a setup. */
  remind(): void;
}

export function createStreamsLog(config: Config, say: Say, clock: Pick<Clock, 'now' | 'monotonic'>): StreamsLog {
  const devos = outputNames(config).map(({ sink }) => sink);
  const others = [...config.sinks.values()].filter(({ enabled }) => enabled).map(({ name }) => name);
  // Without an output to Devo, what was sent is what the sinks there are have.
  const outputs = devos.length > 0 ? devos : others;
  const streams = new Map<string, StreamLog>();
  const inputs = new Set<string>();
  const good = new Map<string, Set<SignInWay>>();
  /** Connections whose token was asked for. */
  const asked = new Set<string>();
  const main = (message: string): void => say('INFO', mainThread('InputProcess'), message);

  function of(stream: StreamIdentity): StreamLog {
    const key = `${stream.connection}/${stream.dataset}`;
    let one = streams.get(key);
    if (one === undefined) {
      const names = streamNames(config, stream);
      const statistics = (level: Level, message: string): void => say(level, puller(names), message);
      const cycles = createCycles(
        { service: devos.length > 0 ? names.service : undefined, outputs },
        (message) => statistics('INFO', message),
        clock,
      );
      one = {
        names,
        cycles,
        claimed: undefined,
        everySeconds: undefined,
        ways: [],
        begun: false,
        ready: false,
        held: [],
      };
      streams.set(key, one);
    }
    return one;
  }

  function claimed(happening: Extract<Happening, { kind: 'claimed' }>): void {
    const one = of(happening.stream);
    one.claimed = happening;
    const { puller: name, limited } = one.names;
    main(`${name} Starting the execution of init_variables()`);
    // All of this was done when the configuration was read; it ends the start when something is wrong.
    main('Validating service metadata');
    main('Validating defined module definition');
    main('Validating common input config');
    main('Validating service input config');
    main('Running overriding rules');
    main('Validating the rate limiter config given by the user');
    if (!limited) main('<requests_limits> setting has not been defined. The generic settings will be used instead.');
    main('Running custom validation rules');
    main(`${name} Finalizing the execution of init_variables()`);
  }

  function began({ stream, every, ways }: Extract<Happening, { kind: 'stream_began' }>): void {
    const one = of(stream);
    const { input, service, puller: name, setup, token } = one.names;
    one.everySeconds = typeof every === 'number' ? every / 1000 : undefined;
    one.ways = ways;
    const period = one.everySeconds === undefined ? '' : ` (execution_period=${one.everySeconds}s)`;
    if (!inputs.has(input)) main(`InputThread(${input}) - Starting thread${period}`);
    inputs.add(input);
    main(`ServiceThread(${input},${service},predefined) - Starting thread${period}`);
    main(`${setup} -> Starting thread`);
    if (token) main(`${name} - Starting thread`);
    one.begun = true;
    const known = good.get(stream.connection);
    if (ways.some((way) => known?.has(way))) {
      ready(one);
      return;
    }
    if (token) say('WARNING', puller(one.names), 'Waiting until setup will be executed');
    if (!token || asked.has(stream.connection)) notYet(one);
  }

  const notYet = ({ names }: StreamLog): void =>
    say('WARNING', setupOf(names), 'The token/header/authentication has not been created yet');

  function signIn({ connection, way, state }: Extract<Happening, { kind: 'sign_in' }>): void {
    const waiting = [...streams].filter(([key, { ways }]) => key.startsWith(`${connection}/`) && ways.includes(way));
    if (state === 'good') {
      good.set(connection, (good.get(connection) ?? new Set()).add(way));
      for (const [, one] of waiting) if (one.begun && !one.ready) ready(one);
      return;
    }
    const [first] = waiting.filter(([, { names }]) => names.token);
    if (way !== 'token' || first === undefined) return;
    if (state === 'first') {
      asked.add(connection);
      // One token serves all of an input: one setup makes it, the others find it.
      say('INFO', setupOf(first[1].names), 'First run of the collector. Generating new access token.');
      for (const [, one] of waiting) if (one.names.token && one.begun) notYet(one);
    } else say('INFO', setupOf(first[1].names), 'Token is not valid any more, or soon. Generating new access token.');
  }

  /** The setup is done, and what their collectors do once before the first pull. */
  function ready(one: StreamLog): void {
    const { names, claimed: kept, everySeconds } = one;
    one.ready = true;
    const setup = (message: string): void => say('INFO', setupOf(names), message);
    const pulls = (level: Level, message: string): void => say(level, puller(names), message);
    setup(
      names.token ? 'Token is valid. Skipping the generation of new access token ' : 'Finished building connector.',
    );
    setup(`Setup for module <${names.module}> has been successfully executed`);
    pulls('INFO', `${names.puller} Starting the execution of pre_pull()`);
    pulls('INFO', 'Reading persisted data');
    if (kept !== undefined) tellKept(kept, pulls);
    pulls('INFO', `${names.puller} Finalizing the execution of pre_pull()`);
    if (everySeconds !== undefined) pulls('INFO', `Starting data collection every ${everySeconds} seconds`);
    for (const tell of one.held.splice(0)) tell();
  }

  function whenReady(one: StreamLog, tell: () => void): void {
    if (one.ready) tell();
    else one.held.push(tell);
  }

  function pullEnded({ stream, report }: Extract<Happening, { kind: 'pull_ended' }>): void {
    const one = of(stream);
    const { error } = report;
    if (error === undefined) {
      whenReady(one, () => one.cycles.ended(report));
      return;
    }
    one.cycles.ended(report);
    const kind = one.names.token ? 'fim' : 'classic';
    const theirs = devoErrorOf(error.code, kind, one.ready, error.qualys?.status !== undefined);
    const at: Place = theirs.type === 'SetupError' ? setupOf(one.names) : puller(one.names);
    const id = theirs.id === theirs.type ? '' : ` ${theirs.id}`;
    say('ERROR', at, `${theirs.type}${id}: ${devoMessage(theirs, error)}`);
    say(
      'ERROR',
      at,
      `${error.code} ${error.message}${error.where === undefined ? '' : ` (${error.where})`} ${error.fix}`,
    );
  }

  return {
    happening: (happening) => {
      switch (happening.kind) {
        case 'claimed':
          return claimed(happening);
        case 'stream_began':
          return began(happening);
        case 'sign_in':
          return signIn(happening);
        case 'pull_began': {
          const one = of(happening.stream);
          return whenReady(one, () => {
            say('INFO', puller(one.names), 'Pull Started');
            one.cycles.began(happening.pull);
          });
        }
        case 'window': {
          const one = of(happening.stream);
          const text = `Fetching data From : ${pythonTime(happening.from)}  To : ${pythonTime(happening.to)}`;
          return whenReady(one, () => say('INFO', puller(one.names), text));
        }
        case 'object': {
          const { names } = of(happening.stream);
          if (names.module !== 'QualysScansPuller') return;
          const { object, number, of: all } = happening;
          return say('INFO', puller(names), `Fetched scan with reference ${object} (no. ${number} out of ${all})`);
        }
        case 'page':
          return of(happening.stream).cycles.page(happening);
        case 'pull_ended':
          return pullEnded(happening);
        case 'settled':
          return of(happening.stream).cycles.settled(happening);
        default:
      }
    },
    wrote: () => {
      for (const { cycles } of streams.values()) cycles.wrote();
    },
    remind: () => {
      for (const { begun, ready: done, names } of streams.values())
        if (begun && !done) say('WARNING', puller(names), 'Waiting until setup will be executed');
    },
  };
}

const puller = ({ puller: thread }: StreamNames): Place => ({ part: 'InputProcess', thread });
const setupOf = ({ setup: thread }: StreamNames): Place => ({ part: 'InputProcess', thread });

/** What was kept of the stream, and what became of it. */
function tellKept(
  { before, after, restarted }: Extract<Happening, { kind: 'claimed' }>,
  pulls: (level: Level, message: string) => void,
): void {
  const shown = (kept: typeof before): string =>
    pythonText(kept === undefined ? undefined : devoPersistence(kept.start, kept.watermark));
  pulls('INFO', `Data retrieved from the persistence: ${shown(before)}`);
  pulls('INFO', 'Running the persistence upgrade steps');
  pulls('INFO', 'Running the persistence corrections steps');
  pulls('INFO', 'Running the persistence corrections steps');
  if (!restarted) return;
  pulls(
    'WARNING',
    `Some changes have been detected and the persistence needs to be updated. Previous content: ${shown(before)}. New content: ${shown(after)}`,
  );
  pulls('INFO', 'Updating the persistence');
  pulls('WARNING', 'Persistence has been updated successfully');
}
