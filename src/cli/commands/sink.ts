import { sinks } from '../../collector/port.ts';
import { EXIT } from '../exit.ts';
import { named } from '../names.ts';
import { print } from '../output.ts';
import { configuration } from './configuration.ts';

export async function testSink(name: string, options: { config?: string }): Promise<number> {
  const config = configuration(options.config);
  const sink = named('sink', name, config.sinks);
  const file = sinks.get(sink.type)!;
  const open = await file.open(sink.options as never, { name, baseDir: config.baseDir, format: sink.format });
  try {
    await open.check();
  } finally {
    await open.close();
  }
  await print(`${name} (${sink.type}): ok. Guarantee: ${file.capabilities.guarantee}.\n`);
  return EXIT.ok;
}
