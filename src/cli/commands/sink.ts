import { sinks } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { EXIT } from '../exit.ts';
import { print } from '../output.ts';
import { configuration } from './configuration.ts';

export async function testSink(name: string, options: { config?: string }): Promise<number> {
  const config = configuration(options.config);
  const sink = config.sinks.get(name);
  if (sink === undefined) {
    throw new QuarryError('QRY6003', {
      what: `There is no sink ${name}.`,
      fix: `Sinks are: ${[...config.sinks.keys()].join(', ') || '(none)'}.`,
    });
  }
  const file = sinks.get(sink.type)!;
  const open = await file.open(sink.options as never, { name, baseDir: config.baseDir });
  try {
    await open.check();
  } finally {
    await open.close();
  }
  await print(`${name} (${sink.type}): ok. Guarantee: ${file.capabilities.guarantee}.\n`);
  return EXIT.ok;
}
