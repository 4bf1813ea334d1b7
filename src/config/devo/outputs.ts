import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Inputs } from './inputs.ts';
import type { Native } from './native.ts';
import type { Reading, Section } from './section.ts';

/** Tables whose consumers look for what is there by what has come lately, as Devo's collector sends it whole with each pull. */
const SENT_AGAIN = ['host_list', 'host_list_detection'];
const RESEND = '1d';

/** `outputs`: each becomes a sink of the type devo, and gets everything. `root`: the folder that holds certs/. */
export function readOutputs(outputs: Section, inputs: Inputs, root: string, reading: Reading, native: Native): void {
  const names: string[] = [];
  for (const [name, output] of outputs.sections()) {
    if (output.flag('enabled') === false) continue;
    const type = output.text('type') ?? 'devo_platform';
    if (type !== 'devo_platform') {
      reading.report('QRY1020', output.at('type') ?? output.path, 'expected devo_platform: no other output is known');
      continue;
    }
    const config = output.section('config');
    if (config === undefined) {
      reading.report('QRY1003', output.path, 'expected config with address, chain, cert and key');
      continue;
    }
    const sink = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, '_')
      .slice(0, 64);
    names.push(sink);
    readOutput(config, ['sinks', sink], inputs, root, reading, native);
    output.rest();
  }
  if (names.length === 0) return;
  const others = [...inputs.datasets].filter((dataset) => !SENT_AGAIN.includes(dataset));
  const again = [...inputs.datasets].filter((dataset) => SENT_AGAIN.includes(dataset));
  const plain = { sinks: names, removals: false };
  native.put(
    ['routes'],
    [
      ...(again.length === 0 ? [] : [{ ...plain, datasets: again, resend: RESEND }]),
      ...(others.length === 0 ? [] : [{ ...plain, datasets: others }]),
    ],
    outputs.path,
  );
}

function readOutput(
  config: Section,
  path: readonly string[],
  inputs: Inputs,
  root: string,
  reading: Reading,
  native: Native,
): void {
  native.put([...path, 'type'], 'devo', config.path);
  native.put([...path, 'format'], 'devo', config.path);
  const put = (as: string, value: unknown, key: string): void => {
    if (value !== undefined) native.put([...path, as], value, config.at(key) ?? config.path);
  };
  put('address', config.text('address'), 'address');
  put('port', config.count('port'), 'port');
  const transport = config.text('type') ?? 'SSL';
  if (!/^(ssl|tls)$/i.test(transport))
    reading.report('QRY1020', config.at('type')!, 'expected SSL: Devo is spoken to over TLS only');
  for (const key of ['chain', 'cert', 'key']) {
    const name = config.text(key);
    if (name === undefined) continue;
    const file = certificate(name, root);
    if (!existsSync(file)) reading.report('QRY1004', config.at(key)!, `the file ${file} does not exist`);
    put(key, file, key);
  }
  put('senders', config.count('concurrent_connections'), 'concurrent_connections');
  put('security_level', levelOf(config, reading), 'sec_level');
  if (inputs.tags.size > 0) native.put([...path, 'tag'], Object.fromEntries(inputs.tags), config.path);
  if (inputs.environments.size > 0)
    native.put([...path, 'environment'], Object.fromEntries(inputs.environments), config.path);
  config.rest();
}

function levelOf(config: Section, reading: Reading): number | undefined {
  const text = config.text('sec_level');
  if (text === undefined || /^[0-5]$/.test(text)) return text === undefined ? undefined : Number(text);
  reading.report('QRY1003', config.at('sec_level')!, 'expected 0 to 5');
  return undefined;
}

/** In certs/ as the collector's folder has it, or where the path itself leads from that folder. */
function certificate(name: string, root: string): string {
  const places = isAbsolute(name) ? [name] : [join(root, 'certs', name), join(root, name)];
  return places.find((place) => existsSync(place)) ?? places[0]!;
}
