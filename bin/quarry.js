#!/usr/bin/env node
// Written for any Node.js that knows modules, so that an old one gets a sentence instead of a stack.
const NEEDED = [22, 18];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(`quarry needs Node.js ${NEEDED.join('.')} or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
// A clone runs its sources, so that what was built some time ago never stands in for them; the package holds dist alone.
// What was compiled once is kept by Node.js in the temporary folder, so that commands start faster from then on.
void import('./young-generation.js')
  .then(() => import('node:module'))
  .then((module) => module.enableCompileCache?.())
  .then(() => import('node:fs'))
  .then((fs) => {
    const source = new URL('../src/cli/main.ts', import.meta.url);
    return import((fs.existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url)).href);
  });
