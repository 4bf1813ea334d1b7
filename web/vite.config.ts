import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: join(import.meta.dirname, '..', 'dist', 'web'),
    emptyOutDir: true,
    // Browsers that know light-dark(), so that it is left as it is written.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // The server's policy lets in nothing but files of its own.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
  // `npm run dev -w web` beside a running `quarry run`.
  server: { proxy: { '/api': process.env['QUARRY_URL'] ?? 'http://127.0.0.1:8480' } },
});
