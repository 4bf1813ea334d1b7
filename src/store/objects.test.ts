import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

/** A process in which the library cannot be found: the product loads, and opening a bucket names what to install. */
const WITHOUT = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(name, context, next) {
      if (name.startsWith('@aws-sdk/'))
        throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    },
  });
  const { openObjects } = await import(${JSON.stringify(pathToFileURL(`${import.meta.dirname}/objects.ts`).href)});
  const said = await openObjects({ bucket: 'bodies', prefix: 'p', timeout: 1000 }).then(
    () => 'opened',
    ({ code, message, fix }) => [code, message, fix],
  );
  process.stdout.write(JSON.stringify(said));
`;

test('without the library a bucket is refused in one line that names it', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', WITHOUT], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const [code, message, fix] = JSON.parse(stdout) as string[];
  expect([code, fix]).toEqual(['QRY4019', 'run npm i @aws-sdk/client-s3']);
  expect(message).toContain('not installed: @aws-sdk/client-s3');
});
