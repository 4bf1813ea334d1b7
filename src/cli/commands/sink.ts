import { leads, routesTo, takes } from '../../collector/deliver/routing.ts';
import { datasets, sinks } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { GUARANTEES } from '../../core/sink.ts';
import { EXIT } from '../exit.ts';
import { named } from '../names.ts';
import { bytes, print, printJson } from '../output.ts';
import { configuration } from './configuration.ts';

/** Opens a sink and lets it check what a write needs; then says what a write would be. */
export async function testSink(name: string, options: { config?: string; json?: boolean }): Promise<number> {
  const config = configuration(options.config);
  const sink = named('sink', name, config.sinks);
  const file = sinks.get(sink.type)!;
  const open = await file.open(sink.options as never, { name, baseDir: config.baseDir, format: sink.format });
  try {
    await open.check();
  } finally {
    await open.close();
  }
  const { guarantee, batchBytes } = file.capabilities;
  const receives = received(config, name);
  if (options.json === true) {
    await printJson({ sink: name, type: sink.type, ok: true, guarantee, format: sink.format, batchBytes, receives });
    return EXIT.ok;
  }
  const streams = receives.map(({ stream, filtered }) => (filtered ? `${stream} (in part)` : stream));
  await print(
    [
      `${name} (${sink.type}): ok`,
      `  guarantee  ${guarantee}: ${GUARANTEES[guarantee]}`,
      `  format     ${sink.format}`,
      `  a write    up to ${bytes(batchBytes)} of events; what is refused for good is parked, the rest is tried until it is in`,
      `  receives   ${streams.join(', ') || 'nothing: no route leads here'}`,
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

/** The enabled streams whose events go there, and whether its routes hold some of them, or some of each, back. */
function received(config: Config, sink: string): { stream: string; filtered: boolean }[] {
  return [...config.connections.values()].flatMap(({ id, tenant, subscription, datasets: own }) =>
    [...own.values()].flatMap(({ name, enabled }) => {
      const stream = { tenant, subscription, connection: id, dataset: name };
      if (!enabled || !datasets.has(name) || !takes(config, sink, stream)) return [];
      const routes = routesTo(config, sink).filter((route) => leads(route, stream));
      const open = routes.some(
        ({ include, exclude, fields }) => include.length + exclude.length === 0 && fields === undefined,
      );
      return [{ stream: `${id}/${name}`, filtered: !open }];
    }),
  );
}
