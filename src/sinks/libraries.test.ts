import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

/**
 * A process in which none of the optional libraries can be found, however they are asked for: sinks are known, their
 * configuration is read, and opening one names what to install.
 */
const WITHOUT = `
  import { registerHooks } from 'node:module';
  const absent = ${JSON.stringify(Object.keys(manifest.peerDependencies))};
  registerHooks({
    resolve(name, context, next) {
      if (absent.some((one) => name === one || name.startsWith(one + '/')))
        throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    },
  });
  const { sinks } = await import(${JSON.stringify(pathToFileURL(`${import.meta.dirname}/registry.gen.ts`).href)});
  const settings = {
    kafka: { brokers: ['127.0.0.1:9'] }, nats: { servers: ['127.0.0.1:9'] }, s3: { bucket: 'bucket' },
  };
  const said = {};
  for (const [type, file] of sinks) {
    if (file.libraries.length === 0) continue;
    const config = file.config.parse(settings[type]);
    said[type] = await file.open(config, { name: type, baseDir: '/', format: 'raw' }).then(
      () => 'opened',
      ({ code, message, fix }) => [code, message, fix],
    );
  }
  process.stdout.write(JSON.stringify(said));
`;

test('without the libraries of vendors everything loads, and a sink that needs one names it', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', WITHOUT], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const said = (names: string): string[] => ['QRY5041', `not installed: ${names}`, `run npm i ${names}`];
  expect(JSON.parse(stdout)).toMatchObject({
    kafka: said('@platformatic/kafka'),
    nats: said('@nats-io/transport-node @nats-io/jetstream'),
    s3: said('@aws-sdk/client-s3'),
  });
});
