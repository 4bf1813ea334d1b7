import { CATALOGUE } from '../core/catalogue.ts';
import { escaped } from './problem-page.ts';

/** Where the `type` of a problem leads: every code with its reason and what to do, each under its own anchor. */
export const errorsPage = (): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Errors of Quarry</title>
<style>body { font-family: system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem } :target { background: #ffd }</style>
<h1>Errors of Quarry</h1>
${Object.entries(CATALOGUE)
  .map(
    ([code, { title, why, fix }]) =>
      `<section id="${code.toLowerCase()}"><h2>${code}: ${escaped(title)}</h2><p>${escaped(why)}</p><p>What to do: ${escaped(fix)}</p></section>`,
  )
  .join('\n')}
</html>
`;
