import type { Outbox } from '../outbox/outbox.ts';
import { resetStream } from '../outbox/streams.ts';
import type { Controls, Wanted } from './controls.ts';

/** What people ask of a stream: a pull of a kind, to begin again, the end of the pull under way, or to try again. */
export type Asked = Wanted | 'terminate' | 'wake';

/** Asks of streams whose loops run in this process. Streams are named `connection/dataset`. */
export interface LocalAsks {
  /** `handed`: its loop knows, and takes it when the pull under way is over. `none`: there was nothing to do it to. */
  ask(stream: string, what: Asked): Promise<'done' | 'handed' | 'none'>;
  /** What was handed and not taken yet is not wanted any more. */
  forget(stream: string): void;
  /** Called when a loop has taken what it was handed. */
  onTaken(listener: (stream: string) => void): void;
}

export function localAsks(outbox: Outbox, controls: Controls, reload: () => Promise<void>): LocalAsks {
  return {
    forget: controls.forget,
    onTaken: controls.onTaken,
    ask: async (stream, what) => {
      const kind = controls.state(stream)?.kind;
      if (what === 'terminate') return controls.terminate(stream) ? 'done' : 'none';
      if (what === 'wake') {
        // The cause may be mended: what failed is tried now, what has stopped begins again.
        if (kind === 'failed') controls.ask(stream, 'changes');
        else if (kind === 'stopped') await reload();
        else return 'none';
        return 'done';
      }
      if (what === 'reset') {
        if (kind === undefined || kind === 'stopped') {
          const [connection = '', dataset = ''] = stream.split('/');
          await resetStream(outbox.store, connection, dataset);
          if (kind === 'stopped') await reload();
          return 'done';
        }
        controls.ask(stream, what);
        controls.terminate(stream);
        return 'handed';
      }
      controls.ask(stream, what);
      return 'handed';
    },
  };
}
