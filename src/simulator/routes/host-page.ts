/** Paging of the two host lists: a page counts selected hosts, printed or not, and says where to go on. */
import { truncationWarning } from '../answers.ts';
import { selectHosts } from './host-filter.ts';
import type { Call } from './route.ts';

const DEFAULT_LIMIT = 1000;

export interface HostPage {
  /** Ordinals on this page; `undefined` is a breath. */
  readonly ordinals: Iterable<number | undefined>;
  /** The WARNING, once `ordinals` has been read to its end; empty on the last page. */
  warning(): string;
}

export function hostPage(call: Call): HostPage {
  const { world, faults, params } = call;
  const asked = Number(params.get('truncation_limit') ?? DEFAULT_LIMIT);
  const cap = faults.number('page-size-capped', 10);
  const limit = cap === undefined ? asked : asked === 0 ? cap : Math.min(asked, cap);
  const most = params.get('details') === 'None' ? undefined : faults.number('hosts-capped', 10);
  const hosts = selectHosts(call);
  let warning = '';

  const goOn = (idMin: number): void => {
    warning = truncationWarning(call, limit, { id_min: String(idMin) });
  };

  // One less than the next id, where that is nobody's, is as right as the id itself, and tells the next call that its
  // page is to be empty.
  const emptyCursor = (id: number): number => (world.ordinalOf(id - 1) === undefined ? id - 1 : id);

  function* ordinals(): Generator<number | undefined> {
    let count = 0;
    let first: number | undefined;
    let last: number | undefined;
    for (const n of hosts) {
      if (n === undefined) {
        yield undefined;
        continue;
      }
      if (count === most) return;
      const id = world.idOf(n);
      if (count === 0 && faults.has('empty-page-with-warning') && Number(params.get('id_min') ?? 0) !== id) {
        goOn(id);
        return;
      }
      if (limit > 0 && count === limit) {
        if (faults.has('host-inserted')) {
          world.insertNear(first!, 'before');
          world.insertNear(n, 'after');
        }
        if (faults.has('next-url-loop')) goOn(world.idOf(first!));
        else if (faults.has('duplicate-host')) goOn(world.idOf(last!));
        else goOn(faults.has('empty-page-with-warning') ? emptyCursor(id) : id);
        return;
      }
      count++;
      first ??= n;
      last = n;
      yield n;
    }
  }
  return { ordinals: ordinals(), warning: () => warning };
}

/** The host a poison fault means: the one named, else the second host there is. */
export function poisonedId(call: Call, fault: 'poison-host' | 'poison-results' | 'poison-reset'): number | undefined {
  if (!call.faults.has(fault)) return undefined;
  const named = call.faults.text(fault);
  return named === undefined || named === '' ? call.world.idOf(2) : Number(named);
}
