/**
 * Events of findings as columns. A fold holds thousands of events while it waits for the database: an object for each
 * would outlive the young generation (over 180,000 detections 300 to 315 MiB resident in place of 240 to 250, measured).
 */
import type { Change, RemovalReason } from '../../core/words.ts';
import type { Origin } from '../event.ts';
import { noSaid, SAID, type Said, saidFrom } from './said.ts';
import type { FindingEvent, Place } from './state.ts';

/** The numbers of an event: what its record says, in the order of SAID, then these. */
const OWN = SAID.length;
export const HOST = OWN;
export const QID = OWN + 1;
export const SEQ = OWN + 2;
export const ACCEPTED = OWN + 3;
export const TIME = OWN + 4;
export const WIDTH = OWN + 5;

const FIRST_ROOM = 1024;

export interface FindingEvents {
  readonly count: () => number;
  /** Takes the WIDTH numbers of an event, and what else it says. */
  add(
    numbers: ArrayLike<number>,
    connection: string,
    change: Change,
    reason: RemovalReason | undefined,
    place: Place,
  ): void;
  hostOf(i: number): number;
  changeOf(i: number): Change;
  reasonOf(i: number): RemovalReason | undefined;
  originOf(i: number): Origin;
  /** Numbers of the events by host, QID and place, in the order they came where these are the same. */
  inOrder(): readonly number[];
  /** Whether two events are of one finding. */
  isSame(a: number, b: number): boolean;
  /** Fills `event` with event i. */
  load(i: number, event: FindingEvent): void;
}

/** An event to be filled by `load`. */
export const someEvent = (): FindingEvent => ({
  ...{ connection: '', seq: 0, accepted: 0, change: 'new', reason: undefined, host: 0, qid: 0, time: 0 },
  place: { place: '', port: 0, protocol: '', ssl: 0, fqdn: '', instance: '' },
  said: noSaid(),
});

export function findingEvents(): FindingEvents {
  let numbers = new Float64Array(FIRST_ROOM * WIDTH);
  const connections: string[] = [];
  const changes: Change[] = [];
  const reasons: (RemovalReason | undefined)[] = [];
  const places: Place[] = [];
  const number = (i: number, which: number): number => numbers[i * WIDTH + which]!;

  function compare(a: number, b: number): number {
    const byId = number(a, HOST) - number(b, HOST) || number(a, QID) - number(b, QID);
    if (byId !== 0) return byId;
    const [one, other] = [places[a]!.place, places[b]!.place];
    if (one === other) return a - b;
    return one < other ? -1 : 1;
  }

  return {
    count: () => places.length,
    add: (row, connection, change, reason, place) => {
      const from = places.length * WIDTH;
      if (from === numbers.length) {
        const larger = new Float64Array(numbers.length * 2);
        larger.set(numbers);
        numbers = larger;
      }
      numbers.set(row, from);
      connections.push(connection);
      changes.push(change);
      reasons.push(reason);
      places.push(place);
    },
    hostOf: (i) => number(i, HOST),
    changeOf: (i) => changes[i]!,
    reasonOf: (i) => reasons[i],
    originOf: (i) => ({ connection: connections[i]!, seq: number(i, SEQ), accepted: number(i, ACCEPTED) }),
    inOrder: () => Array.from(places, (_, i) => i).sort(compare),
    isSame: (a, b) =>
      number(a, HOST) === number(b, HOST) && number(a, QID) === number(b, QID) && places[a]!.place === places[b]!.place,
    load: (i, event) => {
      event.connection = connections[i]!;
      event.seq = number(i, SEQ);
      event.accepted = number(i, ACCEPTED);
      event.change = changes[i]!;
      event.reason = reasons[i];
      event.host = number(i, HOST);
      event.qid = number(i, QID);
      event.time = number(i, TIME);
      event.place = places[i]!;
      saidFrom(numbers, i * WIDTH, event.said as { -readonly [name in keyof Said]: number });
    },
  };
}
