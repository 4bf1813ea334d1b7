/** Loaded before a child's own modules (`node --import`): whoever asks for the append gets the broken one. */
import { registerHooks } from 'node:module';

const good = new URL('../../../src/outbox/append.ts', import.meta.url).href;
const broken = new URL('./checkpoint-first.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url === good && context.parentURL !== broken ? { ...found, url: broken } : found;
  },
});
