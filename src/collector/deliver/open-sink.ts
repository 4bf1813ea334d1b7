import { asQuarryError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { OpenSink } from '../../core/sink.ts';

/**
 * Opens a sink; one that cannot be opened now (its disk is not mounted, its server is away) does not keep the others
 * from being served: it is opened again with every write, and its events wait meanwhile.
 */
export async function openSink(open: () => Promise<OpenSink>, name: string, log: Log): Promise<OpenSink> {
  const { sink, opened } = opening(open);
  try {
    await opened();
  } catch (thrown) {
    const error = asQuarryError(thrown);
    if (error.next !== 'retry') throw error;
    log.error('sink cannot be opened, will be tried again', { sink: name, code: error.code, what: error.message });
  }
  return sink;
}

/** A sink that is opened with its first write, for one that takes the place of another still open. */
export const openLater = (open: () => Promise<OpenSink>): OpenSink => opening(open).sink;

function opening(open: () => Promise<OpenSink>): { sink: OpenSink; opened: () => Promise<OpenSink> } {
  let sink: OpenSink | undefined;
  const opened = async (): Promise<OpenSink> => {
    sink ??= await open();
    return sink;
  };
  return {
    opened,
    sink: {
      check: async () => (await opened()).check(),
      write: async (batches, signal) => (await opened()).write(batches, signal),
      close: async () => sink?.close(),
    },
  };
}
