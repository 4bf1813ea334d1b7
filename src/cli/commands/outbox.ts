import { listSinks, titleOf } from '../../collector/port.ts';
import { bytes, print, printJson, table } from '../output.ts';
import { lookAtOutbox } from './look.ts';

export async function outbox(what: 'status' | 'parked', options: { config?: string; json?: boolean }): Promise<number> {
  const box = await lookAtOutbox(options.config);
  try {
    if (what === 'status') {
      const sinks = await listSinks(box.store);
      if (options.json === true) await printJson(sinks);
      else {
        const rows = sinks.map((sink) => [
          titleOf(sink),
          sink.appended,
          sink.delivered,
          sink.filtered,
          sink.parked,
          sink.discarded,
          sink.pending,
          bytes(sink.pendingBytes),
          sink.reason ?? (sink.pending > 0 ? 'waiting' : 'up to date'),
        ]);
        await print(
          table(
            ['SINK', 'APPENDED', 'DELIVERED', 'FILTERED', 'PARKED', 'DISCARDED', 'PENDING', 'BYTES', 'STATE'],
            rows,
          ),
        );
      }
      return 0;
    }
    const parked = await box.store.db
      .selectFrom('parked')
      .selectAll()
      .orderBy('sink')
      .orderBy('batch')
      .orderBy('event')
      .execute();
    if (options.json === true) await printJson(parked);
    else if (parked.length === 0) await print('nothing is parked\n');
    else {
      const rows = parked.map((row) => [
        row.sink,
        `${row.batch}/${row.event}`,
        row.event_id,
        new Date(row.at).toISOString(),
        row.code,
        row.reason,
      ]);
      await print(table(['SINK', 'WHERE', 'EVENT', 'AT', 'CODE', 'REASON'], rows));
    }
    return 0;
  } finally {
    await box.close();
  }
}
