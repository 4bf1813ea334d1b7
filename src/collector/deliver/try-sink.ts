import type { Config } from '../../config/config.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Guarantee } from '../../core/sink.ts';
import { sinks } from '../../sinks/registry.gen.ts';

/** Opens a sink beside the running one and lets it check what a write needs. Rejects with what is wrong; QRY6003 for no such sink. */
export async function trySink(
  config: Config,
  name: string,
): Promise<{ readonly guarantee: Guarantee; readonly batchBytes: number }> {
  const sink = config.sinks.get(name);
  if (sink === undefined) throw new QuarryError('QRY6003', { what: `There is no sink ${name}.`, where: name });
  const file = sinks.get(sink.type)!;
  const open = await file.open(sink.options as never, { name, baseDir: config.baseDir, format: sink.format });
  try {
    await open.check();
  } finally {
    await open.close();
  }
  return file.capabilities;
}
